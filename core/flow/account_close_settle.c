/* Closing an account from the emptied meters to the end: settlement, the counter, closed. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/flow/account_close_own.h"
#include "core/flow/number.h"
#include "core/flow/platform.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/command.h"
#include "core/store/contact.h"
#include "core/store/ledger.h"
#include "core/store/refund.h"
#include "core/store/row.h"

static const struct actor jobs = {.kind = ACTOR_SYSTEM, .name = "jobs", .role = "", .ip = ""};

/* ---- is it off, empty and read? ---- */

/* What is read before the meter was proved empty and off says nothing about the end. */
static enum rc look_supply(const struct closing *closing, const struct close_supply *supply,
                           struct close_reading *reading, bool *ret_ready)
{
    int64_t after_ms = 0;
    *ret_ready = false;
    if (supply->typed) {
        *ret_ready = true;
        return RC_OK;
    }
    if (supply->platform_mode) {
        after_ms = strcmp(supply->trip_state, "confirmed") == 0 ? supply->tripped_at_ms : 0;
    } else if (strcmp(supply->adjustment_state, "applied") == 0) {
        after_ms = supply->adjusted_at_ms;
    }
    if (after_ms == 0) {
        return RC_OK;
    }
    TRY(close_reading_get(closing->db, closing->arena, supply->supply_id, reading));
    *ret_ready = reading->taken_at_ms >= after_ms && reading->off;
    return RC_OK;
}

/* ---- settle ---- */

struct settling {
    struct closing closing;
    struct close_figures figures;
};

/* The last use is what the ledger still holds once the meter is empty; below zero the meter gave
   more than the ledger knew of. */
static enum rc settle_meter(struct settling *settling, const struct close_supply *supply)
{
    const struct closing *closing = &settling->closing;
    int64_t debit_fen = 0;
    int64_t left_fen = supply->left_fen;
    TRY(ledger_balance(closing->db, closing->arena, LEDGER_TENANT_LIABILITY, supply->supply_id, "",
                       &debit_fen));
    if (debit_fen > 0) {
        TRY(closing_post(closing, POSTING_CORRECTION, "close_supply", supply->id, supply->supply_id,
                         "", debit_fen));
    } else {
        TRY(closing_post(closing, POSTING_USE, "close_supply", supply->id, supply->supply_id, "",
                         -debit_fen));
    }
    if (left_fen < 0) {
        settling->figures.debt_fen -= left_fen;
        return closing_post(closing, POSTING_CLOSE_DEBT, "adjustment", supply->adjustment_id, 0, "",
                            -left_fen);
    }
    settling->figures.taken_fen += left_fen;
    return closing_post(closing, POSTING_ADJUSTMENT_SETTLED, "adjustment", supply->adjustment_id,
                        supply->supply_id, "", left_fen);
}

/* What was used until the last reading is charged first, and nothing after it. */
static enum rc end_span(const struct closing *closing, int64_t supply_id)
{
    struct platform_span span;
    struct platform_reading newest;
    struct platform_done done = {0};
    enum rc rc = platform_span_live(closing->db, closing->arena, supply_id, &span);
    if (rc == RC_NOT_FOUND) {
        return RC_OK;
    }
    TRY(rc);
    TRY(platform_newest(closing->db, closing->arena, supply_id, &newest));
    rc = platform_charge_to(closing->db, closing->arena, &span, &newest, &done);
    if (rc != RC_OK && rc != RC_NOT_FOUND) { /* no tariff: nothing to charge by */
        return rc;
    }
    return platform_span_close(closing->db, span.id, 0, clock_now_ms());
}

static enum rc settle_platform(struct settling *settling, const struct close_supply *supply)
{
    const struct closing *closing = &settling->closing;
    int64_t debit_fen = 0;
    TRY(end_span(closing, supply->supply_id));
    TRY(ledger_balance(closing->db, closing->arena, LEDGER_TENANT_LIABILITY, supply->supply_id, "",
                       &debit_fen));
    if (debit_fen > 0) {
        settling->figures.debt_fen += debit_fen;
    } else {
        settling->figures.taken_fen -= debit_fen;
    }
    return closing_post(closing, POSTING_CLOSE_BALANCE, "close_supply", supply->id,
                        supply->supply_id, "", -debit_fen);
}

/* Back to those who paid, newest first, as far as their payments go. */
static enum rc promise_refunds(struct settling *settling)
{
    const struct closing *closing = &settling->closing;
    struct close_payment *payments = NULL;
    size_t count = 0;
    int64_t rest_fen = settling->figures.refund_fen;
    if (rest_fen <= 0 || strcmp(closing->row.payout, "channel") != 0) {
        return RC_OK;
    }
    TRY(close_payments(closing->db, closing->arena, closing->account.id, &payments, &count));
    for (size_t i = 0; i < count && rest_fen > 0; i++) {
        char number[NUMBER_BYTES];
        int64_t id = 0;
        int64_t part_fen = payments[i].room_fen < rest_fen ? payments[i].room_fen : rest_fen;
        TRY(number_make('R', clock_now_ms(), number));
        struct refund refund = {.number = number,
                                .payment_id = payments[i].id,
                                .source = "close",
                                .close_id = closing->row.id,
                                .amount_fen = part_fen,
                                .reason = closing->row.reason,
                                .maker_id = closing->row.maker_id,
                                .checker_id = closing->row.checker_id,
                                .approval_id = closing->row.approval_id};
        TRY(refunds_insert(closing->db, &refund, &id));
        rest_fen -= part_fen;
        settling->figures.channel_fen += part_fen;
    }
    return RC_OK;
}

static enum rc settle_supply(struct settling *settling, const struct close_supply *supply,
                             struct close_reading *reading)
{
    TRY(supply->platform_mode ? settle_platform(settling, supply) : settle_meter(settling, supply));
    if (!supply->typed) {
        if (!supply->platform_mode) {
            reading->balance_fen = supply->old_balance_fen;
        }
        TRY(close_supplies_set_reading(settling->closing.db, supply->id, reading, false));
    }
    return close_supplies_set_sheet(settling->closing.db, supply->id);
}

static enum rc settle(struct closing *closing, bool *ret_moved)
{
    struct settling settling = {.closing = *closing};
    struct close_figures *figures = &settling.figures;
    struct close_reading *readings =
        arena_take_array(closing->arena, closing->count + 1, sizeof *readings);
    if (readings == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < closing->count; i++) {
        bool ready = false;
        TRY(look_supply(closing, &closing->supplies[i], &readings[i], &ready));
        if (!ready) {
            return RC_OK;
        }
    }
    for (size_t i = 0; i < closing->count; i++) {
        TRY(settle_supply(&settling, &closing->supplies[i], &readings[i]));
    }
    figures->deposit_fen = closing->account.deposit_fen;
    TRY(closing_post(closing, POSTING_DEPOSIT_SETTLED, "account_close", closing->row.id, 0, "",
                     figures->deposit_fen));
    figures->refund_fen = figures->taken_fen + figures->deposit_fen - figures->debt_fen;
    TRY(promise_refunds(&settling));
    TRY(account_closes_set_settled(closing->db, closing->row.id, figures));
    *ret_moved = true;
    return closing_audit(closing, &jobs, AUDIT_ACTION_CLOSE_SETTLE, closing->row.reason,
                         arena_printf(closing->arena,
                                      "{\"close_id\":%lld,\"taken_fen\":%lld,\"deposit_fen\":%lld,"
                                      "\"debt_fen\":%lld,\"refund_fen\":%lld,\"channel_fen\":%lld}",
                                      (long long)closing->row.id, (long long)figures->taken_fen,
                                      (long long)figures->deposit_fen, (long long)figures->debt_fen,
                                      (long long)figures->refund_fen,
                                      (long long)figures->channel_fen));
}

/* ---- close ---- */

static enum rc nothing_left(const struct closing *closing, bool *ret_nothing)
{
    struct close_blocker *blockers = NULL;
    size_t blocked = 0;
    int64_t refunds = 0;
    const struct account_close *row = &closing->row;
    bool counter = row->refund_fen == row->channel_fen || row->counter_done;
    TRY(close_refunds_open(closing->db, closing->arena, row->id, &refunds));
    TRY(close_blockers(closing->db, closing->arena, closing->account.id, &blockers, &blocked));
    *ret_nothing = counter && refunds == 0 && blocked == 0;
    return RC_OK;
}

/* A vacant supply that stays on: kept on in the name of who asked for the closing. */
static enum rc keep_on(const struct closing *closing, const struct close_supply *supply)
{
    int64_t now_ms = clock_now_ms();
    int64_t id = 0;
    int64_t until_ms = closing->row.vacant_until_at_ms;
    if (!supply->stays_on || supply->typed || until_ms <= now_ms) {
        return RC_OK;
    }
    struct command_row command = {.supply_id = supply->supply_id,
                                  .meter_id = supply->meter_id,
                                  .epoch = supply->epoch,
                                  .kind = COMMAND_KEEP_ON,
                                  .origin = ORIGIN_MANUAL,
                                  .reason = closing->row.reason,
                                  .requested_by = closing->row.maker_id,
                                  .requested_at_ms = now_ms,
                                  .expires_at_ms = now_ms + COMMAND_MANUAL_EXPIRY_MS,
                                  .keep_on_until_at_ms = until_ms,
                                  .approval_id = closing->row.approval_id};
    return commands_insert(closing->db, &command, &id);
}

static enum rc close_it(struct closing *closing, bool *ret_moved)
{
    struct db *db = closing->db;
    int64_t now_ms = clock_now_ms();
    bool nothing = false;
    TRY(nothing_left(closing, &nothing));
    if (!nothing) {
        return RC_OK;
    }
    for (size_t i = 0; i < closing->count; i++) {
        const struct close_supply *supply = &closing->supplies[i];
        int64_t debit_fen = 0;
        TRY(ledger_balance(db, closing->arena, LEDGER_TENANT_LIABILITY, supply->supply_id, "",
                           &debit_fen));
        if (debit_fen != 0) { /* posted late: its use, or what was used less */
            TRY(closing_post(closing, POSTING_CORRECTION, "account_close", supply->id,
                             supply->supply_id, "", debit_fen));
        }
        TRY(account_supplies_end(db, closing->account.id, supply->supply_id, now_ms));
        TRY(account_name_unit(db, supply->supply_id, "", "", "vacant"));
        TRY(keep_on(closing, supply));
    }
    TRY(contacts_end_all(db, closing->account.id, now_ms));
    TRY(accounts_set_closed(db, closing->account.id, now_ms));
    TRY(account_closes_set_ended(db, closing->row.id, CLOSE_SETTLED, CLOSE_CLOSED));
    *ret_moved = true;
    return closing_audit(closing, &jobs, AUDIT_ACTION_ACCOUNT_CLOSE, closing->row.reason,
                         arena_printf(closing->arena, "{\"close_id\":%lld,\"number\":\"%s\"}",
                                      (long long)closing->row.id, closing->row.number));
}

/* ---- one step ---- */

struct stepping {
    int64_t id;
    bool moved;
};

static enum rc step_work(struct db *db, void *context)
{
    struct stepping *stepping = context;
    struct closing closing;
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, STEP_ARENA_BYTES);
    stepping->moved = false;
    TRY(closing_hold(db, &arena, stepping->id, &closing));
    switch (closing.row.state) {
    case CLOSE_EMPTYING:
        TRY(settle(&closing, &stepping->moved));
        (void)FAILPOINT("close.pre_settle");
        return RC_OK;
    case CLOSE_SETTLED:
        TRY(close_it(&closing, &stepping->moved));
        (void)FAILPOINT("close.pre_close");
        return RC_OK;
    case CLOSE_ASKED:
    case CLOSE_CLOSED:
    case CLOSE_CANCELLED:
    case CLOSE_STATE__MAX:
        break;
    }
    return RC_OK;
}

enum rc account_close_step(struct db *db, int64_t close_id, bool *ret_moved)
{
    struct stepping stepping = {.id = close_id};
    TRY(db_transact(db, step_work, &stepping));
    *ret_moved = stepping.moved;
    return RC_OK;
}

/* ---- the counter ---- */

static enum rc check_counter(const struct closing *closing, const struct close_counter *counter,
                             struct command_refusal *ret_refusal)
{
    int64_t rest_fen = closing->row.refund_fen - closing->row.channel_fen;
    bool transfer = strcmp(counter->channel, "transfer") == 0;
    if (closing->row.state != CLOSE_SETTLED) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    if (rest_fen == 0 || closing->row.counter_done) {
        return step_refuse(RC_REFUSED, "nothing_to_pay", "amount_fen", ret_refusal);
    }
    if (counter->amount_fen != (rest_fen < 0 ? -rest_fen : rest_fen)) {
        return step_refuse(RC_REFUSED, "wrong_amount", "amount_fen", ret_refusal);
    }
    if (!transfer && strcmp(counter->channel, "cash") != 0 &&
        strcmp(counter->channel, "card") != 0) {
        return step_refuse(RC_INVALID, "invalid_field", "channel", ret_refusal);
    }
    if (transfer && counter->reference[0] == '\0') {
        return step_refuse(RC_INVALID, "invalid_field", "reference", ret_refusal);
    }
    return RC_OK;
}

enum rc account_close_pay(struct db *db, struct arena *arena, const struct actor *actor,
                          int64_t close_id, const struct close_counter *counter,
                          struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct closing closing;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(closing_hold(db, arena, close_id, &closing));
    TRY(check_counter(&closing, counter, ret_refusal));
    bool out = closing.row.refund_fen > closing.row.channel_fen;
    TRY(closing_post(&closing, out ? POSTING_CLOSE_PAID_OUT : POSTING_CLOSE_PAID_IN,
                     "account_close", close_id, 0, counter->channel, counter->amount_fen));
    TRY(account_closes_set_counter(db, close_id, counter->channel, counter->reference, actor->id));
    return closing_audit(&closing, actor, AUDIT_ACTION_CLOSE_PAY, "",
                         arena_printf(arena, "{\"close_id\":%lld,\"%s\":%lld,\"channel\":\"%s\"}",
                                      (long long)close_id, out ? "paid_out_fen" : "paid_in_fen",
                                      (long long)counter->amount_fen, counter->channel));
}

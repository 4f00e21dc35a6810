/* Money out, the people's steps: refunds, adjustments asked for and agreed to, suspense. */
#include <string.h>

#include "core/flow/refund.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

static int64_t or (int64_t value, int64_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static const char *reason_of(const struct given *given)
{
    return given->reason == NULL ? "退店" : given->reason;
}

static enum rc refund_request_work(struct db *db, void *context)
{
    struct flow *flow = context;
    int64_t approval_id = -1;
    enum rc rc = refund_request(db, &flow->arena, &flow->actor, or (flow->given->id, 51),
                                reason_of(flow->given), &approval_id, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " approval=%lld", (long long)approval_id);
    }
    return rc;
}

static enum rc refund_asked(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, refund_request_work);
}

static enum rc refund_carry_work(struct db *db, void *context)
{
    struct flow *flow = context;
    return refund_carry(db, &flow->arena, &flow->actor, or (flow->given->other_id, 1),
                        or (flow->given->approval_id, 91), &flow->refusal);
}

static enum rc refund_agreed(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, refund_carry_work);
}

static enum rc refund_pay_work(struct db *db, void *context)
{
    struct flow *flow = context;
    return refund_pay(db, &flow->arena, &flow->actor, or (flow->given->id, 81), &flow->refusal);
}

static enum rc refund_paid(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, refund_pay_work);
}

static enum rc refund_of_adjustment_work(struct db *db, void *context)
{
    struct flow *flow = context;
    int64_t refund_id = -1;
    enum rc rc = refund_of_adjustment(db, &flow->arena, &flow->actor, or (flow->given->id, 71),
                                      or (flow->given->other_id, 51), &refund_id, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " refund=%lld", (long long)refund_id);
    }
    return rc;
}

static enum rc refund_taken_out(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, refund_of_adjustment_work);
}

static enum rc adjustment_request_work(struct db *db, void *context)
{
    static const uint8_t photo[32] = {1, 2, 3, 250};
    struct flow *flow = context;
    const struct given *given = flow->given;
    struct adjustment_request request = {
        .supply_id = or (given->id, 21),
        .kind = given->kind == NULL ? "refund" : given->kind,
        .amount_fen = given->amount_fen,
        .purchase_id = given->other_id,
        .right_supply_id = given->right_id,
        .reason = reason_of(given),
        .evidence_sha256 = given->with_evidence ? photo : NULL,
    };
    int64_t approval_id = -1;
    enum rc rc =
        adjustment_request(db, &flow->arena, &flow->actor, &request, &approval_id, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " approval=%lld", (long long)approval_id);
    }
    return rc;
}

static enum rc adjustment_asked(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, adjustment_request_work);
}

static enum rc adjustment_carry_work(struct db *db, void *context)
{
    struct flow *flow = context;
    int32_t shard = -1;
    enum rc rc =
        adjustment_carry(db, &flow->arena, &flow->actor, 1, or (flow->given->approval_id, 91),
                         flow->given->right_id, flow->given->amount_fen, &shard, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " shard=%d", (int)shard);
    }
    return rc;
}

static enum rc adjustment_agreed(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, adjustment_carry_work);
}

static enum rc correction_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct correction_given given = {.supply_id = or (flow->given->id, 21),
                                     .account_id = or (flow->given->other_id, 31),
                                     .amount_fen = flow->given->amount_fen,
                                     .approval_id = 91,
                                     .evidence_sha256 = "0102",
                                     .reason = reason_of(flow->given)};
    int32_t shard = -1;
    enum rc rc = correction_carry(db, &flow->arena, &flow->actor, &given, &shard, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " shard=%d", (int)shard);
    }
    return rc;
}

static enum rc correction_given_now(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, correction_work);
}

static enum rc suspense_deliver_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct settle_answer answer = {.payment_id = -1};
    enum rc rc = suspense_deliver(db, &flow->arena, &flow->actor, or (flow->given->id, 52),
                                  or (flow->given->right_id, 21), reason_of(flow->given), &answer,
                                  &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " payment=%lld purchase=%lld delivery=%lld shard=%d",
                 (long long)answer.payment_id, (long long)answer.purchase_id,
                 (long long)answer.delivery_id, (int)answer.shard);
    }
    return rc;
}

static enum rc suspense_delivered(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, suspense_deliver_work);
}

static enum rc suspense_keep_work(struct db *db, void *context)
{
    struct flow *flow = context;
    return suspense_keep(db, &flow->arena, &flow->actor, or (flow->given->id, 52),
                         reason_of(flow->given), &flow->refusal);
}

static enum rc suspense_kept(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, suspense_keep_work);
}

/* Payment 52: 66.00 that nobody may have. */
#define SUSPENSE                                                                                   \
    "INSERT INTO payment (id, order_number, channel, merchant, amount_fen, state, disposition,"    \
    " suspense_reason, provider_transaction, settled_at) VALUES (52, 'S52', 'cash', '', 6600,"     \
    " 'settled', 'suspense', 'no_order', 'T52', '2026-01-02');"                                    \
    "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"  \
    " at) VALUES (5, 'payment_suspense', 'payment', 52, 1, 4, 6600, '2026-01-02');"                \
    "INSERT INTO alarm (id, kind, object_kind, object_id, level, opened_at) VALUES"                \
    " (1, 'payment_suspense', 'payment', 52, 2, '2026-01-02');"
#define APPROVAL                                                                                   \
    "INSERT INTO approval (id, kind, object_kind, object_id, payload, maker_id, made_at,"          \
    " expires_at, reason, state, checker_id, decided_at) VALUES (91, 'refund', 'payment', 51,"     \
    " '{}', 2, '2026-01-02', '2026-01-05', '退', 'approved', 1, '2026-01-03');"
#define ASKED_REFUND(payment, source, amount)                                                      \
    APPROVAL                                                                                       \
    "INSERT INTO refund (id, refund_number, payment_id, source, amount_fen, state, reason,"        \
    " maker_id, approval_id) VALUES (81, 'R81', " payment ", '" source "', " amount                \
    ", 'asked', '退店', 2, 91);"
#define ASKED ASKED_REFUND("51", "undelivered", "10000")
#define CANCELLED "UPDATE delivery SET state = 'cancelled', ended_at = '2026-01-02' WHERE id = 61;"
#define FENCED                                                                                     \
    SENDING                                                                                        \
    "UPDATE delivery SET state = 'fenced', fence_proof = 'zero_purchase',"                         \
    " ended_at = '2026-01-02' WHERE id = 61;"
#define APPROVED CANCELLED ASKED "UPDATE refund SET state = 'approved', checker_id = 1;"
#define LIABILITY                                                                                  \
    "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"  \
    " at) VALUES (2, 'delivery_confirmed', 'delivery', 61, 2, 3, 10000, '2026-01-02');"
#define IN_THE_METER CONFIRMED LIABILITY
/* Adjustment 71 took 30.00 out of the meter. */
#define TAKEN_OUT(kind, left)                                                                      \
    IN_THE_METER APPROVAL                                                                          \
        "INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen,"    \
        " state, reason, maker_id, checker_id, approval_id, old_count, old_balance_fen,"           \
        " new_count, new_balance_fen, left_fen, ended_at) VALUES (71, '" kind                      \
        "', 31, 21, 2, 11, 3000, 'applied', '退店', 2, 1, 91, 6, 12000, 6, 9000, " left            \
        ", '2026-01-03');"                                                                         \
        "INSERT INTO ledger_account (id, code, supply_id) VALUES (6, 'adjustment_clearing', 21);"  \
        "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id,"          \
        " amount_fen, at) VALUES (6, 'adjustment_applied', 'adjustment', 71, 3, 6, 3000,"          \
        " '2026-01-03');"
#define TAKEN_BACK(kind, state)                                                                    \
    TAKEN_OUT(kind, "3000")                                                                        \
    "UPDATE adjustment SET delivery_id = 61, state = '" state "' WHERE id = 71;"                   \
    "UPDATE meter_state SET balance_fen = 20000 WHERE meter_id = 11;"
#define REFUND_OF_71(amount)                                                                       \
    "INSERT INTO refund (id, refund_number, payment_id, source, adjustment_id, amount_fen, state," \
    " reason, maker_id, checker_id, approval_id) VALUES (81, 'R81', 51, 'adjustment', 71, " amount \
    ", 'approved', 'adjustment', 2, 1, 91);"
#define ASKED_ADJUSTMENT(kind, amount)                                                             \
    IN_THE_METER APPROVAL                                                                          \
        "INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen,"    \
        " reason, maker_id, approval_id) VALUES (71, '" kind "', 31, 21, 2, 11, " amount           \
        ", '退店', 2, 91);"
/* Account 31 closes, and 12.00 of it go back on payment 51. */
#define CLOSED                                                                                     \
    IN_THE_METER APPROVAL                                                                          \
        "INSERT INTO account_close (id, number, account_id, state, payout, reason, maker_id,"      \
        " checker_id, taken_fen, deposit_fen, debt_fen, refund_fen) VALUES (1, 'C1', 31,"          \
        " 'settled', 'channel', '退租', 2, 1, 1200, 0, 0, 1200);"                                \
        "INSERT INTO refund (id, refund_number, payment_id, source, close_id, amount_fen, state,"  \
        " reason, maker_id, checker_id, approval_id) VALUES (81, 'R81', 51, 'close', 1, 1200,"     \
        " 'approved', '退租', 2, 1, 91);"
#define CLOSED_ACCOUNT(id)                                                                         \
    "UPDATE account SET state = 'closed', closed_at = '2026-01-04' WHERE id = " id ";"
#define CLOSED_EPOCH(supply)                                                                       \
    "UPDATE supply_epoch SET closed_at = '2026-01-03', close_count = 5, close_balance_fen = 0,"    \
    " close_energy_wh = 0 WHERE supply_id = " supply ";"

static const struct flow_case cases[] = {
    {"refund_asked_pending", refund_asked, NULL, {0}},
    {"refund_asked_held", refund_asked, "UPDATE delivery SET state = 'hold'", {0}},
    {"refund_asked_manual_without_count",
     refund_asked,
     "UPDATE delivery SET state = 'manual'",
     {0}},
    {"refund_asked_cancelled", refund_asked, CANCELLED, {0}},
    {"refund_asked_fenced", refund_asked, FENCED, {0}},
    {"refund_asked_sending", refund_asked, SENDING, {0}},
    {"refund_asked_manual", refund_asked, MANUAL, {0}},
    {"refund_asked_delivered", refund_asked, IN_THE_METER, {0}},
    {"refund_asked_without_delivery", refund_asked, "DELETE FROM delivery", {0}},
    {"refund_asked_of_suspense", refund_asked, SUSPENSE, {.id = 52}},
    {"refund_asked_not_settled",
     refund_asked,
     "UPDATE payment SET state = 'open', disposition = 'none', settled_at = NULL WHERE id = 51",
     {0}},
    {"refund_asked_twice", refund_asked, ASKED, {0}},
    {"refund_asked_when_refunded",
     refund_asked,
     APPROVED "UPDATE payment SET disposition = 'refunded' WHERE id = 51",
     {0}},
    {"refund_asked_when_approved", refund_asked, APPROVED, {0}},
    {"refund_asked_of_nothing", refund_asked, NULL, {.id = 99}},
    {"refund_asked_without_reason", refund_asked, NULL, {.reason = ""}},
    {"refund_asked_by_a_shop", refund_asked, NULL, {.actor = "shop"}},

    {"refund_agreed_pending", refund_agreed, ASKED ALARMS, {0}},
    {"refund_agreed_held", refund_agreed, ASKED "UPDATE delivery SET state = 'hold'", {0}},
    {"refund_agreed_cancelled", refund_agreed, CANCELLED ASKED, {0}},
    {"refund_agreed_fenced", refund_agreed, FENCED ASKED, {0}},
    {"refund_agreed_when_it_was_sent", refund_agreed, ASKED SENDING, {0}},
    {"refund_agreed_of_suspense",
     refund_agreed,
     SUSPENSE ASKED_REFUND("52", "suspense", "6600"),
     {0}},
    {"refund_agreed_when_suspense_was_delivered",
     refund_agreed,
     SUSPENSE ASKED_REFUND("52", "suspense", "6600") OTHER_PURCHASE
     "UPDATE payment SET purchase_id = 42, disposition = 'delivered' WHERE id = 52",
     {0}},
    {"refund_agreed_twice", refund_agreed, APPROVED, {0}},
    {"refund_agreed_of_nothing", refund_agreed, NULL, {0}},

    {"refund_paid", refund_paid, APPROVED, {0}},
    {"refund_paid_by_card",
     refund_paid,
     APPROVED
     "UPDATE payment SET channel = 'card'; UPDATE ledger_account SET channel = 'card' WHERE id = 1",
     {0}},
    {"refund_paid_by_transfer",
     refund_paid,
     APPROVED "UPDATE payment SET channel = 'transfer';"
              "UPDATE ledger_account SET channel = 'transfer' WHERE id = 1",
     {0}},
    {"refund_paid_through_a_provider",
     refund_paid,
     APPROVED "UPDATE payment SET channel = 'wechat'",
     {0}},
    {"refund_paid_of_a_fenced_one",
     refund_paid,
     FENCED ASKED "UPDATE refund SET state = 'approved', checker_id = 1",
     {0}},
    {"refund_paid_of_suspense",
     refund_paid,
     SUSPENSE ASKED_REFUND("52", "suspense",
                           "6600") "UPDATE refund SET state = 'approved', checker_id = 1",
     {0}},
    {"refund_paid_of_an_adjustment",
     refund_paid,
     TAKEN_OUT("refund", "3000") REFUND_OF_71("3000"),
     {0}},
    {"refund_paid_of_more_than_was_taken_out",
     refund_paid,
     TAKEN_OUT("refund", "3000") REFUND_OF_71("3001"),
     {0}},
    {"refund_paid_of_a_closed_account", refund_paid, CLOSED, {0}},
    {"refund_paid_asked", refund_paid, CANCELLED ASKED, {0}},
    {"refund_paid_paid",
     refund_paid,
     APPROVED "UPDATE refund SET state = 'succeeded', submitted_at = '2026-01-03',"
              " ended_at = '2026-01-03'",
     {0}},
    {"refund_paid_nothing", refund_paid, NULL, {.id = 99}},

    {"taken_out", refund_taken_out, TAKEN_OUT("refund", "3000"), {0}},
    {"taken_out_promised", refund_taken_out, TAKEN_OUT("refund", "3000") REFUND_OF_71("3000"), {0}},
    {"taken_out_promise_that_was_called_off",
     refund_taken_out,
     TAKEN_OUT("refund", "3000") REFUND_OF_71("3000") "UPDATE refund SET state = 'cancelled'",
     {0}},
    {"taken_out_reversal", refund_taken_out, TAKEN_OUT("reversal", "3000"), {0}},
    {"taken_out_correction", refund_taken_out, TAKEN_OUT("correction", "3000"), {0}},
    {"taken_out_nothing_left", refund_taken_out, TAKEN_OUT("refund", "0"), {0}},
    {"taken_out_one_fen", refund_taken_out, TAKEN_OUT("refund", "1"), {0}},
    {"taken_out_less_than_nothing", refund_taken_out, TAKEN_OUT("refund", "-2"), {0}},
    {"taken_out_all_of_the_payment",
     refund_taken_out,
     TAKEN_OUT("refund", "3000") "UPDATE payment SET amount_fen = 3000",
     {0}},
    {"taken_out_more_than_the_payment",
     refund_taken_out,
     TAKEN_OUT("refund", "3000") "UPDATE payment SET amount_fen = 2999",
     {0}},
    {"taken_out_more_than_is_held",
     refund_taken_out,
     TAKEN_OUT("refund", "3000") "UPDATE transfer SET amount_fen = 2999 WHERE id = 6",
     {0}},
    {"taken_out_not_applied",
     refund_taken_out,
     TAKEN_OUT("refund", "3000") "UPDATE adjustment SET state = 'writing', left_fen = NULL",
     {0}},
    {"taken_out_of_another_supply",
     refund_taken_out,
     TAKEN_OUT("refund", "3000") SUSPENSE,
     {.other_id = 52}},
    {"taken_out_of_an_open_payment",
     refund_taken_out,
     TAKEN_OUT("refund",
               "3000") "UPDATE payment SET state = 'open', disposition = 'none', settled_at = NULL",
     {0}},
    {"taken_out_of_no_payment", refund_taken_out, TAKEN_OUT("refund", "3000"), {.other_id = 99}},

    {"ask_refund", adjustment_asked, IN_THE_METER, {.amount_fen = 1500, .with_evidence = true}},
    {"ask_refund_of_all", adjustment_asked, IN_THE_METER, {.amount_fen = 2000}},
    {"ask_refund_of_more", adjustment_asked, IN_THE_METER, {.amount_fen = 2001}},
    {"ask_refund_of_one_fen", adjustment_asked, IN_THE_METER, {.amount_fen = 1}},
    {"ask_refund_of_nothing", adjustment_asked, IN_THE_METER, {.amount_fen = 0}},
    {"ask_refund_below_zero", adjustment_asked, IN_THE_METER, {.amount_fen = -1}},
    {"ask_refund_of_an_unknown_balance",
     adjustment_asked,
     IN_THE_METER "DELETE FROM meter_state WHERE meter_id = 11",
     {.amount_fen = INT64_C(1000000000000)}},
    {"ask_refund_of_too_much",
     adjustment_asked,
     IN_THE_METER "DELETE FROM meter_state WHERE meter_id = 11",
     {.amount_fen = INT64_C(1000000000001)}},
    {"ask_refund_with_a_purchase",
     adjustment_asked,
     IN_THE_METER,
     {.amount_fen = 1500, .other_id = 41}},
    {"ask_refund_with_a_right_supply",
     adjustment_asked,
     IN_THE_METER,
     {.amount_fen = 1500, .right_id = 22}},
    {"ask_refund_twice",
     adjustment_asked,
     IN_THE_METER APPROVAL
     "UPDATE approval SET object_kind = 'supply', object_id = 21, state = 'open',"
     " checker_id = NULL, expires_at = UTC_TIMESTAMP(3) + INTERVAL 1 DAY",
     {.amount_fen = 1500}},
    {"ask_refund_without_account",
     adjustment_asked,
     "DELETE FROM account_supply",
     {.amount_fen = 1500}},
    {"ask_refund_without_epoch", adjustment_asked, CLOSED_EPOCH("21"), {.amount_fen = 1500}},
    {"ask_refund_without_unit", adjustment_asked, NULL, {.id = 24, .amount_fen = 500}},
    {"ask_refund_of_a_short_unit",
     adjustment_asked,
     IN_THE_METER "UPDATE unit SET number = '7' WHERE id = 101",
     {.amount_fen = 500}},
    {"ask_refund_without_reason",
     adjustment_asked,
     IN_THE_METER,
     {.amount_fen = 1500, .reason = ""}},
    {"ask_refund_of_no_supply", adjustment_asked, NULL, {.id = 99, .amount_fen = 1500}},
    {"ask_of_an_unknown_kind", adjustment_asked, NULL, {.kind = "swap", .amount_fen = 1500}},
    {"ask_correction",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .with_evidence = true, .amount_fen = 1500}},
    {"ask_correction_without_paper",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .amount_fen = 1500}},
    {"ask_correction_that_adds_to_an_unknown_balance",
     adjustment_asked,
     IN_THE_METER "DELETE FROM meter_state",
     {.kind = "correction", .with_evidence = true, .amount_fen = -5}},
    {"ask_correction_that_adds_without_unit",
     adjustment_asked,
     NULL,
     {.kind = "correction", .with_evidence = true, .id = 24, .amount_fen = -5}},
    {"give", correction_given_now, APPROVAL, {.amount_fen = 700}},
    {"give_to_platform_mode",
     correction_given_now,
     APPROVAL,
     {.id = 23, .other_id = 33, .amount_fen = 700}},
    {"give_to_another_account",
     correction_given_now,
     APPROVAL,
     {.other_id = 32, .amount_fen = 700}},
    {"give_to_a_closed_account",
     correction_given_now,
     APPROVAL CLOSED_ACCOUNT("31"),
     {.amount_fen = 700}},
    {"give_to_a_closed_epoch",
     correction_given_now,
     APPROVAL CLOSED_EPOCH("21"),
     {.amount_fen = 700}},
    {"give_to_no_supply", correction_given_now, APPROVAL, {.id = 99, .amount_fen = 700}},
    {"ask_correction_that_adds",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .with_evidence = true, .amount_fen = -1}},
    {"ask_correction_that_adds_most",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .with_evidence = true, .amount_fen = INT64_C(-1000000000000)}},
    {"ask_correction_that_adds_too_much",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .with_evidence = true, .amount_fen = INT64_C(-1000000000001)}},
    {"ask_correction_of_nothing",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .with_evidence = true, .amount_fen = 0}},
    {"ask_correction_of_too_much",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "correction", .with_evidence = true, .amount_fen = 2001}},
    {"ask_correction_in_arrears",
     adjustment_asked,
     IN_THE_METER "UPDATE meter_state SET balance_fen = -300 WHERE meter_id = 11",
     {.kind = "correction", .with_evidence = true, .amount_fen = -200}},
    {"ask_reversal",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "reversal", .amount_fen = 2000, .other_id = 41}},
    {"ask_reversal_of_all",
     adjustment_asked,
     IN_THE_METER "UPDATE meter_state SET balance_fen = 20000 WHERE meter_id = 11",
     {.kind = "reversal", .amount_fen = 10000, .other_id = 41}},
    {"ask_reversal_of_more",
     adjustment_asked,
     IN_THE_METER "UPDATE meter_state SET balance_fen = 20000 WHERE meter_id = 11",
     {.kind = "reversal", .amount_fen = 10001, .other_id = 41}},
    {"ask_reversal_without_purchase",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "reversal", .amount_fen = 1000}},
    {"ask_reversal_of_another_supply",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "reversal", .id = 22, .amount_fen = 500, .other_id = 41}},
    {"ask_reversal_not_in_the_meter",
     adjustment_asked,
     SENDING,
     {.kind = "reversal", .amount_fen = 500, .other_id = 41}},
    {"ask_reversal_of_an_old_epoch",
     adjustment_asked,
     IN_THE_METER CLOSED_EPOCH(
         "21") "INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen,"
               " open_energy_wh, opened_at) VALUES (21, 3, 11, 6, 0, 0, '2026-01-04');"
               "UPDATE supply SET epoch = 3 WHERE id = 21",
     {.kind = "reversal", .amount_fen = 500, .other_id = 41}},
    {"ask_wrong_shop",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "wrong_shop", .amount_fen = 10000, .other_id = 41, .right_id = 22}},
    {"ask_wrong_shop_without_right_supply",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "wrong_shop", .amount_fen = 10000, .other_id = 41}},
    {"ask_wrong_shop_of_itself",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "wrong_shop", .amount_fen = 10000, .other_id = 41, .right_id = 21}},
    {"ask_wrong_shop_of_no_supply",
     adjustment_asked,
     IN_THE_METER,
     {.kind = "wrong_shop", .amount_fen = 10000, .other_id = 41, .right_id = 99}},
    {"ask_wrong_shop_of_a_closed_account",
     adjustment_asked,
     IN_THE_METER CLOSED_ACCOUNT("32"),
     {.kind = "wrong_shop", .amount_fen = 10000, .other_id = 41, .right_id = 22}},
    {"ask_wrong_shop_of_a_closed_epoch",
     adjustment_asked,
     IN_THE_METER CLOSED_EPOCH("22"),
     {.kind = "wrong_shop", .amount_fen = 10000, .other_id = 41, .right_id = 22}},

    {"agree_refund", adjustment_agreed, ASKED_ADJUSTMENT("refund", "1500"), {.amount_fen = 1500}},
    {"agree_twice",
     adjustment_agreed,
     ASKED_ADJUSTMENT("refund", "1500") "UPDATE adjustment SET state = 'approved', checker_id = 1",
     {.amount_fen = 1500}},
    {"agree_nothing", adjustment_agreed, NULL, {.amount_fen = 1500}},
    {"agree_wrong_shop",
     adjustment_agreed,
     ASKED_ADJUSTMENT("wrong_shop", "10000"),
     {.amount_fen = 10000, .right_id = 22}},
    {"agree_wrong_shop_of_platform_mode",
     adjustment_agreed,
     ASKED_ADJUSTMENT("wrong_shop", "10000"),
     {.amount_fen = 10000, .right_id = 23}},
    {"agree_wrong_shop_of_a_closed_account",
     adjustment_agreed,
     ASKED_ADJUSTMENT("wrong_shop", "10000") CLOSED_ACCOUNT("32"),
     {.amount_fen = 10000, .right_id = 22}},
    {"agree_wrong_shop_of_a_closed_epoch",
     adjustment_agreed,
     ASKED_ADJUSTMENT("wrong_shop", "10000") CLOSED_EPOCH("22"),
     {.amount_fen = 10000, .right_id = 22}},
    {"agree_wrong_shop_of_no_supply",
     adjustment_agreed,
     ASKED_ADJUSTMENT("wrong_shop", "10000"),
     {.amount_fen = 10000, .right_id = 99}},

    {"deliver_suspense", suspense_delivered, SUSPENSE, {0}},
    {"deliver_suspense_by_a_program", suspense_delivered, SUSPENSE, {.actor = "jobs"}},
    {"deliver_suspense_to_platform_mode", suspense_delivered, SUSPENSE, {.right_id = 23}},
    {"deliver_suspense_to_no_supply", suspense_delivered, SUSPENSE, {.right_id = 99}},
    {"deliver_suspense_to_a_closed_account",
     suspense_delivered,
     SUSPENSE CLOSED_ACCOUNT("31"),
     {0}},
    {"deliver_suspense_to_a_closed_epoch", suspense_delivered, SUSPENSE CLOSED_EPOCH("21"), {0}},
    {"deliver_suspense_that_is_asked_back",
     suspense_delivered,
     SUSPENSE ASKED_REFUND("52", "suspense", "6600"),
     {0}},
    {"deliver_suspense_that_goes_back",
     suspense_delivered,
     SUSPENSE ASKED_REFUND("52", "suspense",
                           "6600") "UPDATE refund SET state = 'approved', checker_id = 1",
     {0}},
    {"deliver_suspense_that_is_none", suspense_delivered, NULL, {.id = 51}},
    {"deliver_suspense_of_nothing", suspense_delivered, NULL, {0}},
    {"deliver_suspense_without_reason", suspense_delivered, SUSPENSE, {.reason = ""}},
    {"keep_suspense", suspense_kept, SUSPENSE, {0}},
    {"keep_suspense_that_is_none", suspense_kept, NULL, {.id = 51}},
    {"keep_suspense_of_nothing", suspense_kept, NULL, {0}},
    {"keep_suspense_without_reason", suspense_kept, SUSPENSE, {.reason = ""}},
};

int main(void)
{
    return flow_main("test_flow_refund", cases, ARRAY_LEN(cases));
}

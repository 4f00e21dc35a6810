/* Opening what a take-over found, and taking it back until the first sale. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/account.h"
#include "core/flow/funded.h"
#include "core/flow/step.h"
#include "core/flow/take_over.h"
#include "core/flow/take_over_own.h"
#include "core/store/epoch.h"
#include "core/store/ledger.h"
#include "core/store/row.h"

struct committing {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    const int64_t *accept;
    size_t accept_count;
    struct command_refusal *refusal;
    int64_t taken;
};

static bool is_accepted(const struct committing *committing, int64_t line_number)
{
    for (size_t i = 0; i < committing->accept_count; i++) {
        if (committing->accept[i] == line_number) {
            return true;
        }
    }
    return false;
}

/* What stands on the old card becomes the first purchase. */
static enum rc carry_card(struct committing *committing, const struct take_over_row *row)
{
    struct sale_facts facts;
    int64_t delivery_id = 0;
    if (row->card_balance_fen == ROW_NULL || row->card_balance_fen == 0) {
        return RC_OK;
    }
    TRY(sale_facts_get(committing->db, committing->arena, row->supply_id, &facts));
    struct purchase purchase = funded_purchase(&facts, "opening", row->card_balance_fen, 0);
    return funded_buy(committing->db, committing->arena, committing->actor, &purchase,
                      POSTING_OPENING_CARD, "", &delivery_id);
}

static enum rc open_row(struct committing *committing, struct take_over_row *row)
{
    int64_t contact_id = 0;
    struct account_request order = {
        .kind = "prepaid",
        .number = "",
        .name = row->shop_name,
        .supply_ids = &row->supply_id,
        .supply_count = 1,
        .tariff_id = row->tariff_id == ROW_NULL ? 0 : row->tariff_id,
    };
    TRY(account_create(committing->db, committing->arena, committing->actor, &order,
                       &row->account_id, committing->refusal));
    if (row->phone.phone_sealed_len != 0) {
        row->phone.account_id = row->account_id;
        row->phone.role = "manager";
        row->phone.name = row->contact_name;
        row->phone.locale = "zh-CN";
        TRY(contacts_insert(committing->db, &row->phone, &contact_id));
    }
    TRY(account_open(committing->db, committing->arena, committing->actor, row->account_id,
                     committing->refusal));
    TRY(carry_card(committing, row));
    take_over_say(row, TAKE_OVER_TAKEN);
    committing->taken++;
    return RC_OK;
}

static enum rc commit_row(struct committing *committing, struct take_over_row *row, int64_t id)
{
    bool placed = row->supply_id != ROW_NULL && strcmp(row->verdict, "error") != 0;
    if (!placed || strcmp(row->verdict, "taken") == 0 || strcmp(row->verdict, "undone") == 0) {
        return RC_OK;
    }
    enum take_over_verdict verdict = TAKE_OVER_ERROR;
    const char *unit = "";
    int64_t supply_id = 0;
    bool taken = false;
    TRY(supply_lock(committing->db, row->supply_id));
    TRY(take_over_supply(committing->db, committing->arena, row->meter_number, &supply_id, &unit,
                         &taken));
    TRY(take_over_look(committing->db, committing->arena, row, &verdict));
    bool fits = verdict == TAKE_OVER_OK ||
                (verdict != TAKE_OVER_SILENT && is_accepted(committing, row->line_number));
    if (taken || supply_id != row->supply_id) {
        row->verdict = "error";
        row->message = "该供电点已开户";
        row->message_en = "another account has this supply";
    } else if (fits) {
        TRY(open_row(committing, row));
    }
    return take_over_rows_update(committing->db, id, row);
}

enum rc take_over_commit(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                         const int64_t *accept, size_t accept_count,
                         struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct take_over_view view;
    struct take_over_row *rows = NULL;
    size_t count = 0;
    struct committing committing = {.db = db,
                                    .arena = arena,
                                    .actor = actor,
                                    .accept = accept,
                                    .accept_count = accept_count,
                                    .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(take_overs_lock(db, arena, id));
    TRY(take_overs_get(db, arena, id, &view));
    if (strcmp(view.state, "undone") == 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(take_over_rows_list(db, arena, id, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(commit_row(&committing, &rows[i], id));
    }
    TRY(take_overs_set_state(db, id, "done"));
    const char *after = arena_printf(arena, "{\"taken\":%lld}", (long long)committing.taken);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, AUDIT_ACTION_TAKE_OVER_COMMIT, "take_over", id, view.file_name, "",
                      "", after);
}

/* The supply is as if nobody had taken it over: its money is booked out again, its epoch is gone.
 */
static enum rc undo_row(struct db *db, struct arena *arena, struct take_over_row *row,
                        struct command_refusal *ret_refusal)
{
    int64_t sales = 0;
    int64_t debit_fen = 0;
    int64_t now_ms = clock_now_ms();
    struct epoch epoch;
    TRY(supply_lock(db, row->supply_id));
    TRY(take_over_sales(db, arena, row->account_id, &sales));
    if (sales > 0) {
        return step_refuse(RC_REFUSED, "sold_since", "take_over_id", ret_refusal);
    }
    TRY(epochs_live(db, arena, row->supply_id, &epoch));
    TRY(ledger_balance(db, arena, LEDGER_TENANT_LIABILITY, row->supply_id, "", &debit_fen));
    if (debit_fen != 0) {
        struct ledger_entry entry = {.posting = POSTING_OPENING,
                                     .object_kind = "take_over",
                                     .object_id = epoch.id,
                                     .supply_id = row->supply_id,
                                     .channel = "",
                                     .amount_fen = debit_fen,
                                     .at_ms = now_ms};
        TRY(ledger_post(db, arena, &entry));
    }
    enum rc rc = account_supplies_end(db, row->account_id, row->supply_id, now_ms);
    if (rc == RC_NOT_FOUND) { /* handed over since */
        return step_refuse(RC_REFUSED, "sold_since", "take_over_id", ret_refusal);
    }
    TRY(rc);
    rc = epochs_delete(db, epoch.id);
    if (rc == RC_REFUSED) {
        return step_refuse(RC_REFUSED, "sold_since", "take_over_id", ret_refusal);
    }
    TRY(rc);
    TRY(accounts_set_closed(db, row->account_id, now_ms));
    take_over_say(row, TAKE_OVER_UNDONE);
    return RC_OK;
}

enum rc take_over_undo(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                       const char *reason, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct take_over_view view;
    struct take_over_row *rows = NULL;
    size_t count = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(take_overs_lock(db, arena, id));
    TRY(take_overs_get(db, arena, id, &view));
    if (strcmp(view.state, "done") != 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(take_over_rows_list(db, arena, id, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].verdict, "taken") == 0) {
            TRY(undo_row(db, arena, &rows[i], ret_refusal));
            TRY(take_over_rows_update(db, id, &rows[i]));
        }
    }
    TRY(take_overs_set_state(db, id, "undone"));
    return step_audit(db, actor, AUDIT_ACTION_TAKE_OVER_UNDO, "take_over", id, view.file_name,
                      reason, "", "");
}

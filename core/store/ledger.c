#include "core/store/ledger.h"

#include <assert.h>
#include <string.h>

#include "core/rules/money.h"
#include "core/store/row.h"

/* The owner of an account in the table: a supply, a channel, or nobody (the site). */
struct owner {
    struct db_value supply;
    struct db_value channel;
    const char *key; /* as the table's owner_key */
};

static enum rc owner_of(struct arena *arena, enum ledger_account account, int64_t supply_id,
                        const char *channel, struct owner *ret_owner)
{
    *ret_owner = (struct owner){.supply = db_null(), .channel = db_null(), .key = "/"};
    switch (ledger_account_scope(account)) {
    case LEDGER_SCOPE_SITE:
        return RC_OK;
    case LEDGER_SCOPE_SUPPLY:
        assert(supply_id > 0);
        ret_owner->supply = db_int(supply_id);
        ret_owner->key = arena_printf(arena, "%lld/", (long long)supply_id);
        break;
    case LEDGER_SCOPE_CHANNEL:
        assert(channel != NULL && channel[0] != '\0');
        ret_owner->channel = db_text(channel);
        ret_owner->key = arena_printf(arena, "/%s", channel);
        break;
    }
    return ret_owner->key == NULL ? RC_MEMORY : RC_OK;
}

/* The account's first posting makes its row. */
static enum rc make_account(struct db *db, enum ledger_account account, const struct owner *owner,
                            int64_t *ret_id)
{
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db, "INSERT INTO ledger_account (code, supply_id, channel) VALUES (?, ?, ?)",
        DB_ARGS(db_text(ledger_account_code(account)), owner->supply, owner->channel), &outcome);
    if (rc == RC_CONFLICT) { /* made by another transaction since ours began */
        return RC_RETRY;
    }
    TRY(rc);
    *ret_id = outcome.insert_id;
    return RC_OK;
}

/* The rows of both accounts, in one read. */
static enum rc account_ids(struct db *db, struct arena *arena,
                           const struct ledger_transfer *transfer, const struct ledger_entry *entry,
                           int64_t *ret_debit_id, int64_t *ret_credit_id)
{
    struct owner debit;
    struct owner credit;
    struct db_rows rows;
    TRY(owner_of(arena, transfer->debit, entry->supply_id, entry->channel, &debit));
    TRY(owner_of(arena, transfer->credit, entry->supply_id, entry->channel, &credit));
    TRY(db_query(db, arena,
                 "SELECT (SELECT id FROM ledger_account WHERE code = ? AND owner_key = ?),"
                 " (SELECT id FROM ledger_account WHERE code = ? AND owner_key = ?)",
                 DB_ARGS(db_text(ledger_account_code(transfer->debit)), db_text(debit.key),
                         db_text(ledger_account_code(transfer->credit)), db_text(credit.key)),
                 1, &rows));
    *ret_debit_id = db_get_int(&rows, 0, 0);
    *ret_credit_id = db_get_int(&rows, 0, 1);
    if (*ret_debit_id == 0) {
        TRY(make_account(db, transfer->debit, &debit, ret_debit_id));
    }
    if (*ret_credit_id == 0) {
        TRY(make_account(db, transfer->credit, &credit, ret_credit_id));
    }
    return RC_OK;
}

static enum rc balance_of(struct db *db, struct arena *arena, int64_t id, int64_t *ret_fen)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT CAST((SELECT COALESCE(SUM(amount_fen), 0) FROM transfer WHERE debit_id = ?)"
        " - (SELECT COALESCE(SUM(amount_fen), 0) FROM transfer WHERE credit_id = ?)"
        " AS SIGNED)",
        DB_ARGS(db_int(id), db_int(id)), 1, &rows));
    *ret_fen = db_get_int(&rows, 0, 0);
    return RC_OK;
}

/* Only accounts that must not be overdrawn need their balance; those of a supply stand still under
   the supply's lock, the others are locked by their row. */
static enum rc guard(struct db *db, struct arena *arena, const struct ledger_transfer *transfer,
                     int64_t debit_id)
{
    int64_t balance_fen = 0;
    if (ledger_account_side(transfer->debit) == LEDGER_CREDIT_ONLY) {
        if (ledger_account_scope(transfer->debit) != LEDGER_SCOPE_SUPPLY) {
            struct db_rows rows;
            TRY(db_query(db, arena, "SELECT id FROM ledger_account WHERE id = ? FOR UPDATE",
                         DB_ARGS(db_int(debit_id)), 1, &rows));
        }
        TRY(balance_of(db, arena, debit_id, &balance_fen));
    }
    return ledger_guard(transfer, balance_fen, 0) == TRANSFER_OK ? RC_OK : RC_REFUSED;
}

enum rc ledger_post(struct db *db, struct arena *arena, const struct ledger_entry *entry)
{
    assert(db_in_transaction(db));
    struct ledger_transfer transfer;
    int64_t debit_id = 0;
    int64_t credit_id = 0;
    TRY(ledger_make(entry->posting, entry->amount_fen, &transfer));
    TRY(account_ids(db, arena, &transfer, entry, &debit_id, &credit_id));
    TRY(guard(db, arena, &transfer, debit_id));
    return db_execute(db,
                      "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id,"
                      " amount_fen, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                      DB_ARGS(db_text(ledger_posting_code(transfer.posting)),
                              db_text(entry->object_kind), db_int(entry->object_id),
                              db_int(debit_id), db_int(credit_id), db_int(transfer.amount_fen),
                              db_time(entry->at_ms)),
                      NULL);
}

enum rc ledger_balance(struct db *db, struct arena *arena, enum ledger_account account,
                       int64_t supply_id, const char *channel, int64_t *ret_fen)
{
    struct owner owner;
    struct db_rows rows;
    TRY(owner_of(arena, account, supply_id, channel, &owner));
    TRY(db_query(db, arena, "SELECT id FROM ledger_account WHERE code = ? AND owner_key = ?",
                 DB_ARGS(db_text(ledger_account_code(account)), db_text(owner.key)), 1, &rows));
    if (rows.count == 0) {
        *ret_fen = 0;
        return RC_OK;
    }
    return balance_of(db, arena, db_get_int(&rows, 0, 0), ret_fen);
}

static void name_row(struct ledger_row *row)
{
    enum ledger_posting posting = LEDGER_POSTING__MAX;
    row->title_zh = row->posting;
    row->title_en = row->posting;
    if (ledger_posting_find(row->posting, &posting) == RC_OK) {
        row->title_zh = ledger_posting_title_zh(posting);
        row->title_en = ledger_posting_title_en(posting);
    }
}

enum rc ledger_list(struct db *db, struct arena *arena, const struct ledger_question *question,
                    struct ledger_row **ret_rows, size_t *ret_count, const char **ret_cursor)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT t.id, t.at, t.posting, t.object_kind, t.object_id, a.supply_id, u.number, m.number,"
        " t.amount_fen, CAST(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)) AS SIGNED),"
        " CAST(SUM(IF(a.code = 'tenant_liability', IF(t.credit_id = a.id, t.amount_fen,"
        " -t.amount_fen), 0)) AS SIGNED)"
        " FROM account_supply l JOIN ledger_account a ON a.supply_id = l.supply_id"
        " JOIN transfer t ON a.id IN (t.debit_id, t.credit_id)"
        " AND t.at >= l.from_at AND (l.until_at IS NULL OR t.at < l.until_at)"
        " JOIN supply s ON s.id = a.supply_id JOIN meter m ON m.id = s.meter_id"
        " LEFT JOIN unit u ON u.id = s.unit_id"
        " WHERE l.account_id = ? AND t.id < ?"
        " GROUP BY t.id, a.supply_id ORDER BY t.id DESC LIMIT ?",
        DB_ARGS(db_int(question->account_id),
                db_int(question->before_id == 0 ? INT64_MAX : question->before_id),
                db_int((int64_t)question->limit + 1)),
        question->limit + 1, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct ledger_row *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct ledger_row){
            .id = db_get_int(&rows, i, 0),
            .at = db_get_time(&rows, i, 1),
            .posting = db_get_text(&rows, i, 2),
            .object_kind = db_get_text(&rows, i, 3),
            .object_id = db_get_int(&rows, i, 4),
            .supply_id = db_get_int(&rows, i, 5),
            .unit_number = db_get_text(&rows, i, 6),
            .meter_number = db_get_text(&rows, i, 7),
            .amount_fen = db_get_int(&rows, i, 8),
            .change_fen = db_get_int(&rows, i, 9),
            .balance_fen = db_get_int(&rows, i, 10),
        };
        name_row(&list[i]);
    }
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : list[count - 1].id);
    *ret_rows = list;
    *ret_count = count;
    return RC_OK;
}

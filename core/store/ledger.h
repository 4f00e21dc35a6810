/*
 * The ledger's only writer: one call, one transfer of core/rules/ledger_posting.def, in the act's
 * own transaction. Rows are never changed or removed (schema/grants.sql gives nobody the right).
 *
 * The caller holds the lock of the supply where the posting touches one (supply_lock), so the
 * balance of its accounts stands still; accounts of the site or a channel that must not be
 * overdrawn are locked here.
 */
#ifndef PW_STORE_LEDGER_H
#define PW_STORE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/ledger.h"
#include "core/store/db.h"

struct ledger_entry {
    enum ledger_posting posting;
    const char *
        object_kind; /* payment, purchase, delivery, adjustment, refund, charge, epoch, take_over */
    int64_t object_id;
    int64_t supply_id;   /* where one of the accounts belongs to a supply, else 0 */
    const char *channel; /* where one of the accounts belongs to a channel, else "" */
    int64_t amount_fen;  /* not 0; below 0 only for a signed posting */
    int64_t at_ms;       /* moment of the fact */
};

/* Posts. RC_CONFLICT: this posting of this object stands already. RC_INVALID, RC_TOO_LARGE: the
   amount. RC_REFUSED: it would overdraw. RC_RETRY: a twin made the account first. */
enum rc ledger_post(struct db *db, struct arena *arena,
                    const struct ledger_entry *entry) MUST_CHECK;
/* Balance of one account, debit plus, credit minus; 0 where it has no row. supply_id 0 and channel
   "" as in struct ledger_entry. */
enum rc ledger_balance(struct db *db, struct arena *arena, enum ledger_account account,
                       int64_t supply_id, const char *channel, int64_t *ret_fen) MUST_CHECK;

/* One transfer as the page of an account shows it. */
struct ledger_row {
    int64_t id;
    int64_t at;
    const char *posting;
    const char *title_zh;
    const char *title_en;
    const char *object_kind;
    int64_t object_id;
    int64_t supply_id;
    const char *unit_number; /* "" where the supply feeds no unit */
    const char *meter_number;
    int64_t amount_fen;
    int64_t change_fen;  /* of all the tenant's money with us: plus came, minus went */
    int64_t balance_fen; /* of that, change of what is in the meter or on the platform account */
};

struct ledger_question {
    int64_t account_id; /* transfers of its supplies while they were its own */
    int64_t before_id;  /* 0: from the newest */
    size_t limit;
};

enum rc ledger_list(struct db *db, struct arena *arena, const struct ledger_question *question,
                    struct ledger_row **ret_rows, size_t *ret_count,
                    const char **ret_cursor) MUST_CHECK;

#endif

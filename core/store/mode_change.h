/*
 * Rows of mode_change (切换计费方式). Changes assert a transaction in which the supply is locked
 * and answer RC_CONFLICT when the row is not in the state it is moved from; moves are decided by
 * flow with core/rules/mode_change_state.h.
 */
#ifndef PW_STORE_MODE_CHANGE_H
#define PW_STORE_MODE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/mode_change_state.h"
#include "core/store/db.h"

struct mode_change_row {
    int64_t id;
    int64_t supply_id;
    int64_t account_id;
    int64_t epoch;
    bool to_platform;
    enum mode_change_state state;
    const char *reason;
    int64_t overdraft_fen;
    int64_t maker_id;
    int64_t checker_id;      /* 0: nobody yet */
    int64_t approval_id;     /* 0: none */
    int64_t adjustment_id;   /* 0: none yet */
    int64_t push_id;         /* 0: none yet */
    int64_t trip_command_id; /* of the adjustment, 0: none yet */
    int64_t moved_fen;       /* 0 until it moved */
};

/* An asked one: supply, account, epoch, mode, reason, overdraft, maker, approval. RC_CONFLICT: the
   supply has one under way. */
enum rc mode_changes_insert(struct db *db, const struct mode_change_row *row,
                            int64_t *ret_id) MUST_CHECK;

enum mode_change_key {
    MODE_CHANGE_BY_ID,
    MODE_CHANGE_BY_SUPPLY, /* the one under way */
    MODE_CHANGE_BY_APPROVAL,
    MODE_CHANGE_BY_ADJUSTMENT,
    MODE_CHANGE_BY_PUSH
};

/* RC_NOT_FOUND. */
enum rc mode_changes_find(struct db *db, struct arena *arena, enum mode_change_key key, int64_t id,
                          struct mode_change_row *ret_row) MUST_CHECK;
/* Agreed ones that wait to begin, oldest first. */
enum rc mode_changes_approved(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                              size_t *ret_count) MUST_CHECK;
/* What has to end first: "delivery", "adjustment", "push", "frozen", "read_only_line",
   "locked_out"; "" nothing. Static text. */
enum rc mode_changes_blocked(struct db *db, struct arena *arena, int64_t supply_id,
                             const char **ret_code) MUST_CHECK;
/* Money of the supply is between the meter and the ledger now. */
enum rc mode_changes_moving(struct db *db, struct arena *arena, int64_t supply_id,
                            bool *ret_moving) MUST_CHECK;

/* asked -> approved. */
enum rc mode_changes_set_approved(struct db *db, int64_t id, int64_t checker_id) MUST_CHECK;
/* approved -> moving, with the adjustment that does it. */
enum rc mode_changes_set_moving(struct db *db, int64_t id, int64_t adjustment_id) MUST_CHECK;
/* moving -> switching: what moved, and the push of fee control. */
enum rc mode_changes_set_moved(struct db *db, int64_t id, int64_t moved_fen,
                               int64_t push_id) MUST_CHECK;
/* stuck -> switching, with another push. */
enum rc mode_changes_set_push(struct db *db, int64_t id, int64_t push_id) MUST_CHECK;
/* Any other move; code: why, or "". */
enum rc mode_changes_move(struct db *db, int64_t id, enum mode_change_state from,
                          enum mode_change_state to, const char *code) MUST_CHECK;
/* Why it waits. */
enum rc mode_changes_set_wait(struct db *db, int64_t id, const char *code) MUST_CHECK;
/* The mode of the supply itself. */
enum rc mode_changes_set_supply(struct db *db, int64_t supply_id, bool platform,
                                int64_t overdraft_fen) MUST_CHECK;

/* A paid purchase whose delivery never began. */
struct mode_change_purchase {
    int64_t delivery_id;
    const char *delivery_state;
    int64_t purchase_id;
    int64_t payment_id; /* 0: funded by a transfer */
    int64_t amount_fen;
};
enum rc mode_changes_purchases(struct db *db, struct arena *arena, int64_t supply_id,
                               struct mode_change_purchase **ret_rows,
                               size_t *ret_count) MUST_CHECK;

/* As pages show it. Null numbers are ROW_NULL, null times 0. */
struct mode_change_view {
    int64_t id;
    int64_t supply_id;
    const char *unit_number;
    const char *meter_number;
    const char *account_name;
    const char *to_mode;
    const char *state;
    const char *wait_code; /* of the change, its adjustment, its push, or meter_silent; "" none */
    const char *reason;
    int64_t overdraft_fen;
    int64_t moved_fen;
    const char *maker_name;
    const char *checker_name; /* NULL: nobody yet */
    int64_t approval_id;
    int64_t created_at;
    int64_t moving_at;
    int64_t moved_at;
    int64_t ended_at;
};

struct mode_change_question {
    int64_t supply_id; /* 0: any */
    int64_t id;        /* 0: any */
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};

enum rc mode_change_list(struct db *db, struct arena *arena,
                         const struct mode_change_question *question,
                         struct mode_change_view **ret_rows, size_t *ret_count,
                         const char **ret_cursor) MUST_CHECK;

#endif

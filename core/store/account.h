/*
 * Rows of account, account_supply: who has which supplies, from when until when.
 */
#ifndef PW_STORE_ACCOUNT_H
#define PW_STORE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define ACCOUNT_NAME_MAX 80 /* characters */
#define ACCOUNT_SUPPLIES_MAX 200

struct account {
    int64_t id;
    int64_t site_id;
    const char *number; /* "" at the insert: one is made from the id */
    const char *kind;   /* prepaid, postpaid, temporary, vacant, own_use */
    const char *state;  /* prepared, open, closed */
    const char *name;
    const char *name_pinyin;
    int64_t deposit_fen;
    const char *deposit_channel; /* how it came, "" held from before */
    int64_t ends_at_ms;          /* 0: none */
    int64_t created_by;
};

/* Writes a prepared account. RC_CONFLICT: the number is taken. */
enum rc accounts_insert(struct db *db, const struct account *account, int64_t *ret_id) MUST_CHECK;
/* The row, locked until the end of the transaction. RC_NOT_FOUND. */
enum rc accounts_lock(struct db *db, struct arena *arena, int64_t id,
                      struct account *ret_account) MUST_CHECK;
/* What is held; RC_NOT_FOUND. */
enum rc accounts_deposit(struct db *db, struct arena *arena, int64_t id,
                         int64_t *ret_fen) MUST_CHECK;
/* prepared -> open; prepared or open -> closed. RC_CONFLICT when the state is another. */
enum rc accounts_set_open(struct db *db, int64_t id, int64_t at_ms) MUST_CHECK;
enum rc accounts_set_closed(struct db *db, int64_t id, int64_t at_ms) MUST_CHECK;
/* Takes an opening back: the account is prepared again, as it was. */
enum rc accounts_set_prepared(struct db *db, int64_t id) MUST_CHECK;
enum rc accounts_set_name(struct db *db, int64_t id, const char *name,
                          const char *name_pinyin) MUST_CHECK;

/* Gives a supply to the account. RC_CONFLICT: another account has it. */
enum rc account_supplies_insert(struct db *db, int64_t account_id, int64_t supply_id,
                                int64_t from_at_ms) MUST_CHECK;
/* Ends it; RC_NOT_FOUND when the account does not have it. */
enum rc account_supplies_end(struct db *db, int64_t account_id, int64_t supply_id,
                             int64_t until_at_ms) MUST_CHECK;
/* The live supplies of an account, at most ACCOUNT_SUPPLIES_MAX. */
enum rc account_supplies(struct db *db, struct arena *arena, int64_t account_id, int64_t **ret_ids,
                         size_t *ret_count) MUST_CHECK;
/* Supplies of temporary accounts whose end has come, that are on and had no order to trip since. */
enum rc account_supplies_ended(struct db *db, struct arena *arena, int64_t now_ms, size_t max,
                               int64_t **ret_ids, size_t *ret_count) MUST_CHECK;
/* The unit of a supply takes the shop's name; nothing happens where it feeds no unit. */
enum rc account_name_unit(struct db *db, int64_t supply_id, const char *name,
                          const char *name_pinyin, const char *unit_state) MUST_CHECK;

#endif

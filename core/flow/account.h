/*
 * Accounts 开户: prepare, open, rename, hand over 过户, add a supply. Each function is one step in
 * the caller's transaction, with its audit row.
 *
 * Opening an account begins an epoch on each of its supplies that has none: what the meter says at
 * that moment (count, balance, energy) is where our book begins, its balance is booked as opening
 * money and no frame is sent. So the meter must have been read within the stale limit.
 */
#ifndef PW_FLOW_ACCOUNT_H
#define PW_FLOW_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/account.h"
#include "core/store/contact.h"
#include "core/store/db.h"

struct account_request {
    const char *kind;   /* prepaid, postpaid, temporary, vacant, own_use */
    const char *number; /* "" takes one from the id; <= 32 characters */
    const char *name;   /* 1 .. ACCOUNT_NAME_MAX characters */
    int64_t deposit_fen;
    const char *deposit_channel; /* cash, card, transfer; "" or NULL: held from before */
    int64_t ends_at_ms;          /* temporary only, else 0 */
    const int64_t *supply_ids;
    size_t supply_count;
    int64_t tariff_id; /* 0: the supplies keep theirs */
};

struct contact_request {
    const char *role; /* manager, finance, owner, headquarters */
    const char *name;
    const char *phone; /* as typed */
    const char *locale;
};

/* Makes a prepared account with its supplies. RC_INVALID with the field; RC_REFUSED
   "supply_taken" when another account has one. */
enum rc account_create(struct db *db, struct arena *arena, const struct actor *actor,
                       const struct account_request *request, int64_t *ret_id,
                       struct command_refusal *ret_refusal) MUST_CHECK;
/* Opens a prepared account. RC_REFUSED "wrong_state", "no_supply", "stale", "not_read"; a refusal
   has written nothing. */
enum rc account_open(struct db *db, struct arena *arena, const struct actor *actor,
                     int64_t account_id, struct command_refusal *ret_refusal) MUST_CHECK;
#define ACCOUNT_OPEN_MANY_MAX 200
struct account_verdict {
    int64_t account_id;
    bool opened;
    const char *code; /* "" opened */
    const char *field;
};
/* 预设开户: opens up to ACCOUNT_OPEN_MANY_MAX prepared accounts; each has its verdict, in the order
   of ids, and one that cannot be opened does not hold the others up. */
enum rc account_open_many(struct db *db, struct arena *arena, const struct actor *actor,
                          const int64_t *ids, size_t count,
                          struct account_verdict *verdicts) MUST_CHECK;
enum rc account_rename(struct db *db, struct arena *arena, const struct actor *actor,
                       int64_t account_id, const char *name, const char *reason,
                       struct command_refusal *ret_refusal) MUST_CHECK;
/* Gives one more supply to an account; to an open one with its epoch at once. */
enum rc account_add_supply(struct db *db, struct arena *arena, const struct actor *actor,
                           int64_t account_id, int64_t supply_id, int64_t tariff_id,
                           struct command_refusal *ret_refusal) MUST_CHECK;
/* Hands all supplies, with the money in their meters, to a new account of the same kind, and closes
   the old one; the deposit goes along. RC_REFUSED "on_its_way" while a purchase is paid and not in
   the meter, "account_closing". */
enum rc account_transfer(struct db *db, struct arena *arena, const struct actor *actor,
                         int64_t account_id, const char *name, const char *reason, int64_t *ret_id,
                         struct command_refusal *ret_refusal) MUST_CHECK;
enum rc account_add_contact(struct db *db, struct arena *arena, const struct actor *actor,
                            const uint8_t field_key[32], int64_t account_id,
                            const struct contact_request *request, int64_t *ret_id,
                            struct command_refusal *ret_refusal) MUST_CHECK;
enum rc account_end_contact(struct db *db, const struct actor *actor, int64_t account_id,
                            int64_t contact_id) MUST_CHECK;

/* Begins an epoch from what the meter says, and books its balance; nothing where one is live. For
   take-over and opening; the supply is locked. */
enum rc epoch_open(struct db *db, struct arena *arena, const struct actor *actor, int64_t supply_id,
                   struct command_refusal *ret_refusal) MUST_CHECK;

#endif

/*
 * What the steps of closing an account share. Internal to core/flow.
 */
#ifndef PW_FLOW_ACCOUNT_CLOSE_OWN_H
#define PW_FLOW_ACCOUNT_CLOSE_OWN_H

#include "core/flow/account_close.h"
#include "core/rules/audit_action.h"
#include "core/rules/ledger.h"
#include "core/store/account.h"

/* A closing with everything that its steps look at, under all of its locks. */
struct closing {
    struct db *db;
    struct arena *arena;
    struct account_close row;
    struct account account;
    struct close_supply *supplies;
    size_t count;
};

/* Locks account, closing and supplies, and reads them. RC_NOT_FOUND. */
enum rc closing_hold(struct db *db, struct arena *arena, int64_t close_id,
                     struct closing *ret_closing) MUST_CHECK;
/* The supply of this closing; NULL when it has no such one. */
const struct close_supply *closing_supply(const struct closing *closing, int64_t supply_id);
enum rc closing_post(const struct closing *closing, enum ledger_posting posting,
                     const char *object_kind, int64_t object_id, int64_t supply_id,
                     const char *channel, int64_t amount_fen) MUST_CHECK;
/* One audit row about the account; after: JSON or "". */
enum rc closing_audit(const struct closing *closing, const struct actor *actor,
                      enum audit_action action, const char *reason, const char *after) MUST_CHECK;

#endif

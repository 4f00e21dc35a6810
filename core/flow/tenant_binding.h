/*
 * Who may use the phone site for an account: phones that staff put there, phones that typed a
 * counter code, and payers whom a tenant named. Each leaves in one step.
 */
#ifndef PW_FLOW_TENANT_BINDING_H
#define PW_FLOW_TENANT_BINDING_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/flow/tenant_code.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define COUNTER_CODE_LIFE_MS (INT64_C(24) * 3600 * 1000)

/* All inside a transaction. key: the field key, 32 bytes. */

/* A code for paper, once, for a day. RC_NOT_FOUND: no such open account. */
enum rc counter_code_give(struct db *db, struct arena *arena, const uint8_t key[32],
                          const struct actor *actor, int64_t account_id,
                          char ret_code[COUNTER_CODE_TEXT_BYTES]) MUST_CHECK;
/* Binds the acting tenant. RC_REFUSED code_wrong; RC_CONFLICT: bound already. */
enum rc tenant_bind(struct db *db, struct arena *arena, const uint8_t key[32],
                    const struct actor *actor, const char *counter_code,
                    struct command_refusal *ret_refusal) MUST_CHECK;
/* Lets somebody else's phone pay for the supply's account: amount and shop name only. RC_NOT_FOUND:
   not the actor's; RC_INVALID phone; RC_CONFLICT. */
enum rc tenant_add_payer(struct db *db, struct arena *arena, const uint8_t key[32],
                         const struct actor *actor, int64_t supply_id, const char *phone,
                         struct command_refusal *ret_refusal) MUST_CHECK;
/* Takes a phone off the supply's account: a binding, or a contact (source "contact"). A payer may
   only leave himself. RC_NOT_FOUND. */
enum rc tenant_unbind(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t supply_id, const char *source, int64_t id) MUST_CHECK;

#endif

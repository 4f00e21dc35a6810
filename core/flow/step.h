/*
 * Small things that the steps of business share: refusals, reasons, the facts that the guards ask
 * for. Internal to core/flow.
 */
#ifndef PW_FLOW_STEP_H
#define PW_FLOW_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "core/flow/command.h"
#include "core/rules/audit_action.h"
#include "core/rules/command_guard.h"
#include "core/store/supply.h"

#define STEP_ARENA_BYTES ((size_t)256 << 10)

/* Fills *ret_refusal and answers rc. */
enum rc step_refuse(enum rc rc, const char *code, const char *field,
                    struct command_refusal *ret_refusal) MUST_CHECK;
/* RC_OK when text is 1 .. COMMAND_REASON_MAX characters of UTF-8, else RC_INVALID for `field`. */
enum rc step_check_reason(const char *text, const char *field,
                          struct command_refusal *ret_refusal) MUST_CHECK;
/* The guards' view of a supply now. Borrows the supply's texts. */
struct command_facts step_facts(const struct supply *supply);
/* Reads the supply and asks the guards about the order: RC_REFUSED with the code. */
enum rc step_guard(const struct supply *supply, enum command_kind kind, enum command_origin origin,
                   struct command_refusal *ret_refusal) MUST_CHECK;
/* RC_INVALID unless what was typed is the supply's label. */
enum rc step_check_label(const struct supply *supply, const char *typed,
                         struct command_refusal *ret_refusal) MUST_CHECK;
/* One audit row with the result "ok". before and after: JSON or "". */
enum rc step_audit(struct db *db, const struct actor *actor, enum audit_action action,
                   const char *object_kind, int64_t object_id, const char *object_label,
                   const char *reason, const char *before, const char *after) MUST_CHECK;
/* Runs work in the open transaction, or in one of its own. */
enum rc step_run(struct db *db, db_work work, void *context) MUST_CHECK;
/* s as it stands inside a JSON string, without the quotes; NULL when memory ran out. */
const char *step_json_inner(struct arena *arena, const char *s);
/* s as a JSON string in the arena, quotes included; NULL when memory ran out. */
const char *step_json_string(struct arena *arena, const char *s);

#endif

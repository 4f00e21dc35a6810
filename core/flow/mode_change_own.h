/*
 * What the two halves of a change of mode share. Internal to core/flow.
 */
#ifndef PW_FLOW_MODE_CHANGE_OWN_H
#define PW_FLOW_MODE_CHANGE_OWN_H

#include "core/flow/mode_change.h"
#include "core/rules/audit_action.h"
#include "core/rules/tariff.h"
#include "core/store/supply.h"

/* One audit row about the row as it is now. */
enum rc mode_change_audit(struct db *db, struct arena *arena, const struct actor *actor,
                          enum audit_action action, const struct mode_change_row *row,
                          const char *code) MUST_CHECK;
/* The version in force for a supply; RC_NOT_FOUND. */
enum rc mode_change_version(struct db *db, struct arena *arena, int64_t supply_id,
                            const struct tariff_version **ret_version) MUST_CHECK;
/* Writes the push that switches fee control. */
enum rc mode_change_push(struct db *db, struct arena *arena, const struct mode_change_row *row,
                         const struct supply *supply, int64_t *ret_push_id) MUST_CHECK;

#endif

/*
 * Tariffs: plans, versions, who is charged under which, and what they make of use. A version that
 * somebody is charged under needs a second person (design 5.11); its moment never lies behind.
 */
#ifndef PW_FLOW_TARIFF_H
#define PW_FLOW_TARIFF_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/rules/charge.h"
#include "core/rules/tariff.h"
#include "core/rules/tariff_json.h"
#include "core/store/db.h"
#include "core/store/tariff_meter.h"

#define TARIFF_APPROVAL_EXPIRY_MS (INT64_C(7) * 86400 * 1000)
#define TARIFF_ASSIGN_MAX 2000

/* What tariff_add_version asks; field of a refusal: "body.steps[1]". */
struct tariff_version_request {
    int64_t tariff_id;
    int64_t valid_from_at_ms;
    const char *kind;
    const char *body; /* JSON: core/rules/tariff_json.h */
    const char *reason;
    int64_t approval_id; /* set when a second person agreed, else 0 */
};

/* RC_CONFLICT "code_taken". */
enum rc tariff_create(struct db *db, struct arena *arena, const struct actor *actor,
                      const char *code, const char *name, const char *name_en, int64_t *ret_id,
                      struct command_refusal *ret_refusal) MUST_CHECK;
/* Both of these bring the meters' prices with them: pushes due at the moment (push_tariffs). */

/* Adds a version, or asks for the second person: *ret_approval_id is then not 0. RC_INVALID with
   the field of the body; RC_REFUSED "moment_past"; RC_CONFLICT "moment_taken". */
enum rc tariff_add_version(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct tariff_version_request *request, int64_t *ret_approval_id,
                           struct command_refusal *ret_refusal) MUST_CHECK;
/* Charges supplies under a tariff from a moment on (0: now). RC_INVALID "supply_ids". */
enum rc tariff_assign(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t tariff_id, const int64_t *supply_ids, size_t supply_count,
                      int64_t valid_from_at_ms, struct command_refusal *ret_refusal) MUST_CHECK;

/* A tariff with its versions, calendars and zone, all in the arena. RC_NOT_FOUND: no version. */
enum rc tariff_load(struct db *db, struct arena *arena, int64_t tariff_id,
                    struct tariff **ret_tariff) MUST_CHECK;

/* What `energy_wh`, used evenly between two moments, costs under a body that may not be stored yet.
   The bill lives in the arena. Refusals as tariff_add_version. */
enum rc tariff_sample(struct db *db, struct arena *arena, const char *kind, const char *body,
                      int64_t from_at_ms, int64_t until_at_ms, int64_t energy_wh,
                      struct charge_bill **ret_bill, int64_t *ret_fen,
                      struct command_refusal *ret_refusal) MUST_CHECK;

/* How a meter compares with a version (core/rules/tariff.h). *ret_known: its prices were read;
   where not, only its times are compared. */
enum tariff_meter tariff_compare_meter(const struct tariff_version *version,
                                       const struct tariff_meter_row *row, bool *ret_known);

/* A supply whose meter charges by itself other than the tariff in force says: 旧价运行. */
struct old_price {
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *meter_number;
    const char *shop_name;
    int64_t tariff_id;
    const char *tariff_name;
    const char *how; /* prices, times, steps, steps_times; unknown: its prices were never read */
    int64_t read_at; /* 0: never */
    int64_t meter_flat_e4;
    int64_t tariff_flat_e4;
    int64_t valid_from_at;
    int64_t push_batch_id;  /* that shall bring them, 0: none */
    const char *push_state; /* "" none */
    const char *push_code;  /* why the meter does not have them yet: "meter_silent", "steps"; "" */
};

enum rc tariff_old_prices(struct db *db, struct arena *arena, struct old_price **ret_rows,
                          size_t *ret_count) MUST_CHECK;

#endif

/*
 * Pushing prices, thresholds, overdraft and rate tables into meters at their moment: a batch is
 * asked for by the web, carried out meter by meter by the poller. Absolute values: what is unknown
 * is read and written again. A meter that did not take them runs on its old prices (旧价运行) and
 * is listed so (core/store/tariff_meter.h).
 */
#ifndef PW_FLOW_PUSH_H
#define PW_FLOW_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/rules/push.h"
#include "core/store/push.h"

#define PUSH_ASK_MAX 500 /* meters of one request by a person */
#define PUSH_APPROVAL_EXPIRY_MS (INT64_C(7) * 86400 * 1000)
#define PUSH_WRITES_MAX 6 /* frames without effect until the meter counts as refusing */

struct push_item {
    int64_t supply_id;
    struct push_wanted wanted;
};

/* Writes a batch, inside or outside a transaction, with one audit row. due_at_ms: nothing leaves
   before. approval_id: the second person's, 0 none. RC_INVALID "items": none or too many;
   RC_NOT_FOUND: no such supply. Wake the pollers after the commit. */
enum rc push_ask(struct db *db, const struct actor *actor, const struct push_item *items,
                 size_t count, int64_t due_at_ms, int64_t approval_id, const char *reason,
                 int64_t *ret_batch_id, struct command_refusal *ret_refusal) MUST_CHECK;

/* What a person wants in meters; each part is there or left as it is. */
struct push_ask {
    const int64_t *supply_ids;
    size_t count;
    bool prices;           /* of the tariff in force at the moment, with its rate tables */
    bool fee_control;      /* as the billing mode needs it: on where the meter charges, else off */
    int64_t alarm_fen[2];  /* below 0: as they are */
    int64_t overdraft_fen; /* below 0: as it is */
    int64_t due_at_ms;     /* 0: now */
    const char *reason;
};

/* Asks for the second person, who sees for each meter what stands there and what shall. RC_INVALID
   with the field; RC_REFUSED "platform_mode" (all but fee control), "no_tariff", "steps" or the
   code of a calendar that no meter takes (table_misfit_code), field supply_ids. */
enum rc push_request(struct db *db, struct arena *arena, const struct actor *actor,
                     const struct push_ask *ask, int64_t *ret_approval_id,
                     struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed to this payload; inside the approval's transaction. */
enum rc push_carry(struct db *db, struct arena *arena, const struct actor *maker,
                   int64_t approval_id, const struct json_object *payload, const char *reason,
                   struct command_refusal *ret_refusal) MUST_CHECK;
/* What meters of a batch refused is written once more, as a batch of its own under the same yes.
   RC_REFUSED "wrong_state": none refused. */
enum rc push_retry(struct db *db, struct arena *arena, const struct actor *actor, int64_t batch_id,
                   int64_t *ret_batch_id, struct command_refusal *ret_refusal) MUST_CHECK;

/* What the tariffs of supplies bring by themselves. */
struct push_tariff_ask {
    const int64_t *supply_ids; /* NULL: all that are under tariff_id at or after from_ms */
    size_t count;
    int64_t tariff_id;
    int64_t from_ms;     /* moments before are left as they are */
    int64_t approval_id; /* 0: none */
    const char *reason;
};

/* Brings the pushes of supplies in line with their tariffs, inside a transaction: for each moment
   from from_ms on at which the prices of a supply in meter mode change there is one push, due then,
   in a batch of the moment; one that is there already stays, one whose moment is no more, or has
   other prices, is superseded. What a meter cannot take is refused from the beginning with its
   reason ("steps", "not_offered", table_misfit_code): it is listed as 旧价运行. Harmless when run
   again. */
enum rc push_tariffs(struct db *db, const struct actor *actor,
                     const struct push_tariff_ask *ask) MUST_CHECK;

/* Poller: due pushes of a shard, at most one a supply: older ones go first, and one that a newer
   one covers is superseded; outside a transaction. */
enum rc push_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                  struct push_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* Poller: committed before the frames. serial_number: as just read. RC_REFUSED: it waits, or was
   refused (another meter, not offered, too many writes); RC_CONFLICT: it ended. */
enum rc push_mark_written(struct db *db, int64_t push_id, const char *serial_number) MUST_CHECK;
/* Poller: the read-back shows what is wanted. */
enum rc push_confirm(struct db *db, int64_t push_id) MUST_CHECK;

#endif

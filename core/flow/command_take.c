/* The poller's side of an order until its frame leaves: scan, take, mark sent. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/command.h"
#include "core/flow/command_own.h"
#include "core/flow/step.h"
#include "core/store/command.h"
#include "core/store/keep_on.h"

enum rc command_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                     struct command_order **ret_orders, size_t *ret_count)
{
    struct command_row *rows = NULL;
    size_t count = 0;
    TRY(commands_of_shard(db, arena, shard, COMMAND_STUCK_MS, max, &rows, &count));
    struct command_order *orders = arena_take_array(arena, count + 1, sizeof *orders);
    if (orders == NULL) {
        return RC_MEMORY;
    }
    size_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        struct supply supply;
        TRY(supply_get(db, arena, rows[i].supply_id, &supply));
        command_order_fill(&rows[i], &supply, &orders[filled]);
        if (orders[filled].state == COMMAND_TAKEN) {
            orders[filled].state = COMMAND_PENDING;
        }
        filled++;
    }
    *ret_orders = orders;
    *ret_count = filled;
    return RC_OK;
}

void command_order_fill(const struct command_row *row, const struct supply *supply,
                        struct command_order *ret_order)
{
    *ret_order = (struct command_order){
        .id = row->id,
        .supply_id = row->supply_id,
        .meter_id = row->meter_id,
        .line_id = supply->line_id,
        .kind = row->kind,
        .origin = row->origin,
        .state = row->state,
        .requested_at_ms = row->requested_at_ms,
        .expires_at_ms = row->expires_at_ms,
        .keep_on_until_at_ms = row->keep_on_until_at_ms,
        .external_control = supply->external_control,
    };
    text_copy(ret_order->serial_number, sizeof ret_order->serial_number, supply->serial_number);
}

struct taking {
    int64_t command_id;
    const char *instance;
    struct command_order order;
    enum rc outcome; /* what the caller hears after the commit */
};

/* Ends an order that may not go on; the transaction commits, the caller hears rc. */
static enum rc end_unsent(struct command_own *own, enum command_state to, const char *code,
                          enum rc rc, enum rc *ret_outcome)
{
    TRY(command_own_end(own, to, code, ""));
    *ret_outcome = rc;
    return RC_OK;
}

static bool is_late(const struct command_row *row)
{
    int64_t now_ms = clock_now_ms();
    return now_ms >= row->expires_at_ms ||
           (row->kind == COMMAND_KEEP_ON && now_ms >= row->keep_on_until_at_ms);
}

/* Why the order may not be sent now; "" when it may. */
static const char *refusal_of(const struct command_own *own)
{
    const struct command_row *row = &own->row;
    if (row->meter_id != own->supply.meter_id || row->epoch != own->supply.epoch) {
        return "meter_swapped";
    }
    if (row->origin == ORIGIN_LOCK_OUT && !own->supply.locked_out) {
        return "lock_out_lifted";
    }
    struct command_facts facts = step_facts(&own->supply);
    const char *code = command_guard(&facts, row->kind, row->origin);
    if (code[0] != '\0') {
        return code;
    }
    if (row->approval_id == 0 && row->kind == COMMAND_TRIP &&
        command_needs_second_person(&facts, row->kind, row->origin)) {
        return "protected_supply"; /* it became protected after the order was given */
    }
    return "";
}

/* RC_CONFLICT while the frame of another order of this supply may be under way: its read-back comes
   first. One that nobody ended in time becomes unknown, so that a poller's death does not block the
   supply. */
static enum rc wait_for_sent(struct command_own *own)
{
    struct command_row *open = NULL;
    size_t count = 0;
    TRY(commands_open(own->db, &own->arena, own->row.supply_id, &open, &count));
    for (size_t i = 0; i < count; i++) {
        if (open[i].id == own->row.id || open[i].state != COMMAND_SENT) {
            continue;
        }
        if (clock_now_ms() - open[i].sent_at_ms < COMMAND_SENT_MAX_MS) {
            return RC_CONFLICT;
        }
        TRY(commands_set_ended(own->db, open[i].id, COMMAND_SENT, COMMAND_UNKNOWN, "not_ended",
                               ""));
    }
    return RC_OK;
}

static enum rc take(struct command_own *own, struct taking *taking)
{
    struct command_row *row = &own->row;
    if (row->state == COMMAND_TAKEN && strcmp(row->taken_by, taking->instance) != 0) {
        TRY(commands_set_pending(own->db, row->id)); /* its poller died before the frame left */
        row->state = COMMAND_PENDING;
    }
    if (row->state != COMMAND_PENDING) {
        return RC_CONFLICT;
    }
    if (is_late(row)) {
        return end_unsent(own, COMMAND_EXPIRED, "expired", RC_EXPIRED, &taking->outcome);
    }
    TRY(wait_for_sent(own));
    TRY(commands_set_taken(own->db, row->id, taking->instance));
    row->state = COMMAND_TAKEN;
    const char *code = refusal_of(own);
    if (code[0] != '\0') {
        return end_unsent(own, COMMAND_REFUSED, code, RC_REFUSED, &taking->outcome);
    }
    command_order_fill(row, &own->supply, &taking->order);
    taking->outcome = RC_OK;
    return RC_OK;
}

static enum rc take_work(struct db *db, void *context)
{
    struct taking *taking = context;
    CLEANUP(command_own_release) struct command_own own;
    command_own_init(&own, db);
    TRY(command_own_load(&own, taking->command_id));
    return take(&own, taking);
}

enum rc command_take(struct db *db, int64_t command_id, const char *instance,
                     struct command_order *ret_order)
{
    assert(instance[0] != '\0' && strlen(instance) <= COMMAND_INSTANCE_MAX);
    struct taking taking = {.command_id = command_id, .instance = instance, .outcome = RC_INTERNAL};
    TRY(db_transact(db, take_work, &taking));
    if (taking.outcome == RC_OK) {
        *ret_order = taking.order;
    }
    return taking.outcome;
}

/* The keep-on stands in its table before the frame leaves: whatever becomes of the order, an end is
 * watched over. */
static enum rc note_keep_on(struct command_own *own)
{
    bool ended = false;
    TRY(keep_ons_end(own->db, own->row.supply_id, &ended));
    return keep_ons_insert(own->db, own->row.supply_id, own->row.id, own->row.requested_by,
                           clock_now_ms(), own->row.keep_on_until_at_ms);
}

static enum rc mark_sent(struct command_own *own, struct taking *taking)
{
    if (own->row.state != COMMAND_TAKEN || strcmp(own->row.taken_by, taking->instance) != 0) {
        return RC_CONFLICT;
    }
    if (is_late(&own->row)) {
        return end_unsent(own, COMMAND_EXPIRED, "expired", RC_EXPIRED, &taking->outcome);
    }
    TRY(supply_line_hold(own->db, &own->arena, own->supply.line_id, &own->supply.writable_line));
    const char *code = refusal_of(own);
    if (code[0] != '\0') {
        return end_unsent(own, COMMAND_REFUSED, code, RC_REFUSED, &taking->outcome);
    }
    if (own->row.kind == COMMAND_KEEP_ON) {
        TRY(note_keep_on(own));
    }
    TRY(commands_set_sent(own->db, own->row.id));
    taking->outcome = RC_OK;
    return RC_OK;
}

static enum rc mark_sent_work(struct db *db, void *context)
{
    struct taking *taking = context;
    CLEANUP(command_own_release) struct command_own own;
    command_own_init(&own, db);
    TRY(command_own_load(&own, taking->command_id));
    return mark_sent(&own, taking);
}

enum rc command_mark_sent(struct db *db, int64_t command_id, const char *instance)
{
    struct taking taking = {.command_id = command_id, .instance = instance, .outcome = RC_INTERNAL};
    TRY(db_transact(db, mark_sent_work, &taking));
    return taking.outcome;
}

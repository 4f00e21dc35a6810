/* Tariffs and pushes: each moment at which a supply's prices change becomes a push, due then. */
#include <assert.h>
#include <string.h>

#include "core/flow/push.h"
#include "core/flow/push_own.h"
#include "core/flow/step.h"
#include "core/flow/tariff.h"
#include "core/rules/capability.h"
#include "core/rules/tariff_table.h"
#include "core/store/push.h"
#include "core/store/push_tariff.h"

#define BATCHES_MAX 512
#define ARENA_BYTES ((size_t)16 << 20)

const char *push_want_version(const struct tariff_version *version, struct push_wanted *wanted)
{
    struct meter_tables tables;
    bool rates = tariff_kind_has_rates(version->kind);
    if (tariff_kind_has_steps(version->kind)) {
        return "steps";
    }
    enum table_misfit misfit = rates ? meter_tables_encode(version->calendar, &tables) : TABLE_FITS;
    if (misfit != TABLE_FITS) {
        return table_misfit_code(misfit);
    }
    wanted->has_prices = true;
    for (int i = 0; i < PUSH_RATES; i++) {
        wanted->price_e4[i] = tariff_price_e4(version, 0, (enum rate)i);
    }
    if (rates) {
        wanted->tables.parts = RATE_TABLE_ALL;
        memcpy(wanted->tables.zones, tables.zones, sizeof wanted->tables.zones);
        memcpy(wanted->tables.days, tables.days, sizeof wanted->tables.days);
    }
    return "";
}

bool push_is_offered(const struct supply *supply)
{
    enum capability_state state = capability_state_of(supply->capabilities, CAPABILITY_PARAMETERS);
    return state == CAPABILITY_STATE_PROVEN ||
           (state == CAPABILITY_STATE_UNVERIFIED && step_facts(supply).experimental_accepted);
}

/* A batch of this plan: one a moment and tariff. */
struct batch {
    int64_t id;
    int64_t tariff_id;
    int64_t due_at_ms;
    size_t meters;
    size_t refused;
};

struct plan {
    struct db *db;
    const struct actor *actor;
    const struct push_tariff_ask *ask;
    struct arena tariffs; /* of tariff */
    struct arena arena;   /* of the supply at hand */
    int64_t tariff_id;    /* of tariff, 0: none loaded */
    struct tariff *tariff;
    struct batch *batches;
    size_t batch_count;
    struct supply supply;
};

static enum rc load_tariff(struct plan *plan, int64_t tariff_id)
{
    if (plan->tariff_id == tariff_id) {
        return RC_OK;
    }
    arena_reset(&plan->tariffs);
    plan->tariff_id = 0;
    plan->tariff = NULL;
    enum rc rc = tariff_load(plan->db, &plan->tariffs, tariff_id, &plan->tariff);
    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        return rc;
    }
    plan->tariff_id = tariff_id;
    return RC_OK;
}

/* The batch of a moment; it is written when the first meter comes. */
static enum rc batch_of(struct plan *plan, const struct push_moment *moment, struct batch **ret_at)
{
    for (size_t i = 0; i < plan->batch_count; i++) {
        struct batch *batch = &plan->batches[i];
        if (batch->tariff_id == moment->tariff_id && batch->due_at_ms == moment->at_ms &&
            batch->meters < PUSH_BATCH_MAX) {
            *ret_at = batch;
            return RC_OK;
        }
    }
    if (plan->batch_count == BATCHES_MAX) {
        return RC_TOO_LARGE;
    }
    struct batch *batch = &plan->batches[plan->batch_count];
    *batch = (struct batch){.tariff_id = moment->tariff_id, .due_at_ms = moment->at_ms};
    int64_t maker_id = plan->actor->kind == ACTOR_USER ? plan->actor->id : 0;
    TRY(push_tariff_add_batch(plan->db, plan->ask->reason, maker_id, plan->ask->approval_id,
                              moment->tariff_id, moment->at_ms, &batch->id));
    plan->batch_count++;
    *ret_at = batch;
    return RC_OK;
}

static enum rc add(struct plan *plan, const struct push_moment *moment, const char *wanted,
                   const char *code)
{
    const struct supply *supply = &plan->supply;
    struct batch *batch = NULL;
    int64_t id = 0;
    TRY(batch_of(plan, moment, &batch));
    batch->meters++;
    if (code[0] == '\0') {
        return pushes_add(plan->db, batch->id, supply->id, supply->epoch, supply->meter_id, wanted,
                          false, &id);
    }
    batch->refused++;
    return push_add_refused(plan->db, batch->id, supply->id, supply->epoch, supply->meter_id,
                            wanted, code);
}

/* Keeps the row that says the same, which then has id 0, or adds one. */
static enum rc plan_moment(struct plan *plan, const struct push_moment *moment,
                           struct push_tariff_row *rows, size_t count)
{
    struct push_wanted wanted = {.has_prices = false};
    struct text json CLEANUP(text_release);
    int at = 0;
    text_init(&json, PUSH_JSON_MAX);
    TRY(load_tariff(plan, moment->tariff_id));
    if (plan->tariff == NULL || tariff_version_at(plan->tariff, moment->at_ms, &at) != RC_OK) {
        return RC_OK; /* it has no prices yet: its first version is a moment of its own */
    }
    const char *code = push_want_version(&plan->tariff->versions[at], &wanted);
    push_add_json(&json, &wanted);
    TRY(text_result(&json));
    if (code[0] == '\0' && !push_is_offered(&plan->supply)) {
        code = "not_offered";
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i].due_at_ms == moment->at_ms && rows[i].epoch == plan->supply.epoch &&
            rows[i].meter_id == plan->supply.meter_id &&
            strcmp(rows[i].wanted, text_string(&json)) == 0) {
            rows[i].open = false; /* stays as it is */
            return RC_OK;
        }
    }
    return add(plan, moment, text_string(&json), code);
}

static enum rc plan_supply(struct plan *plan, int64_t supply_id)
{
    struct push_moment *moments = NULL;
    struct push_tariff_row *rows = NULL;
    size_t moment_count = 0;
    size_t row_count = 0;
    arena_reset(&plan->arena);
    TRY(supply_lock(plan->db, supply_id));
    TRY(supply_get(plan->db, &plan->arena, supply_id, &plan->supply));
    if (plan->supply.platform_mode) { /* the ledger charges: what stands in the meter is nothing */
        return push_supersede_tariffs(plan->db, supply_id);
    }
    TRY(push_moments(plan->db, &plan->arena, supply_id, plan->ask->from_ms, &moments,
                     &moment_count));
    TRY(push_tariff_rows(plan->db, &plan->arena, supply_id, plan->ask->from_ms, &rows, &row_count));
    for (size_t i = 0; i < moment_count; i++) {
        TRY(plan_moment(plan, &moments[i], rows, row_count));
    }
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].open) {
            TRY(push_supersede(plan->db, rows[i].id));
        }
    }
    return RC_OK;
}

static enum rc audit(struct plan *plan)
{
    for (size_t i = 0; i < plan->batch_count; i++) {
        const struct batch *batch = &plan->batches[i];
        arena_reset(&plan->arena);
        const char *after = arena_printf(
            &plan->arena, "{\"meters\":%zu,\"refused\":%zu,\"tariff_id\":%lld,\"due_at_ms\":%lld}",
            batch->meters, batch->refused, (long long)batch->tariff_id,
            (long long)batch->due_at_ms);
        TRY(after == NULL ? RC_MEMORY
                          : step_audit(plan->db, plan->actor, AUDIT_ACTION_PUSH_ASK, "push_batch",
                                       batch->id, "", plan->ask->reason, "", after));
    }
    return RC_OK;
}

static enum rc plan_all(struct plan *plan, struct arena *arena)
{
    const int64_t *ids = plan->ask->supply_ids;
    size_t count = plan->ask->count;
    plan->batches = arena_take_array(arena, BATCHES_MAX, sizeof *plan->batches);
    if (plan->batches == NULL) {
        return RC_MEMORY;
    }
    if (ids == NULL) {
        int64_t *all = NULL;
        TRY(push_tariff_supplies(plan->db, arena, plan->ask->tariff_id, plan->ask->from_ms, &all,
                                 &count));
        ids = all;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(plan_supply(plan, ids[i]));
    }
    return audit(plan);
}

enum rc push_tariffs(struct db *db, const struct actor *actor, const struct push_tariff_ask *ask)
{
    assert(db_in_transaction(db));
    CLEANUP(arena_release) struct arena arena;
    struct plan plan = {.db = db, .actor = actor, .ask = ask};
    arena_init(&arena, ARENA_BYTES);
    arena_init(&plan.arena, ARENA_BYTES);
    arena_init(&plan.tariffs, ARENA_BYTES);
    enum rc rc = plan_all(&plan, &arena);
    arena_release(&plan.tariffs);
    arena_release(&plan.arena);
    return rc;
}

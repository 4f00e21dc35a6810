/* What a stretch should have cost by our tariff, and why its meter took something else. */
#include <assert.h>
#include <string.h>

#include "core/flow/proof_own.h"
#include "core/flow/tariff.h"
#include "core/store/row.h"
#include "core/store/tariff.h"

#define RATES 4 /* registers of a meter */

/* From the run's store of tariffs; NULL where none was in force. */
static enum rc tariff_of(struct db *db, struct arena *arena, struct proof_run *run,
                         const struct proof_row *row, int64_t *ret_id, struct tariff **ret_tariff)
{
    int64_t id = 0;
    bool full = run->tariff_count == PROOF_TARIFFS_MAX;
    *ret_id = 0;
    *ret_tariff = NULL;
    enum rc rc = supply_tariffs_at(db, arena, row->supply_id, row->from_at_ms, &id);
    if (rc == RC_NOT_FOUND) {
        return RC_OK;
    }
    TRY(rc);
    *ret_id = id;
    for (int i = 0; i < run->tariff_count; i++) {
        if (run->tariffs[i].id == id) {
            *ret_tariff = run->tariffs[i].tariff;
            return RC_OK;
        }
    }
    rc = tariff_load(db, full ? arena : run->arena, id, ret_tariff);
    if (rc == RC_NOT_FOUND) {
        *ret_tariff = NULL;
    } else {
        TRY(rc);
    }
    if (!full) {
        run->tariffs[run->tariff_count++] = (struct proof_tariff){.id = id, .tariff = *ret_tariff};
    }
    return RC_OK;
}

/* The use of the stretch, its registers, and the meter's own prices. */
struct use {
    const struct tariff *tariff;
    int version; /* in force at its end */
    struct charge_point from, to;
    bool by_registers;
    struct tariff_meter_row meter;
    bool prices_known;
};

static struct charge_point charge_point_of(const struct proof_point *point, int64_t at_ms)
{
    struct charge_point made = {.at_ms = at_ms, .total_wh = point->energy_wh};
    memcpy(made.rate_wh, point->rate_wh, sizeof made.rate_wh);
    return made;
}

/* Cost under the first so many versions. RC_NOT_FOUND: none was in force; RC_INVALID: a register
   fell. */
static enum rc cost_of(const struct use *use, int versions, const struct charge_state *state,
                       struct charge_state *ret_state, int64_t *ret_fen)
{
    struct tariff tariff = *use->tariff;
    tariff.version_count = versions;
    enum rc rc = RC_REFUSED;
    if (use->by_registers) {
        rc = charge_interval(&tariff, CHARGE_BY_REGISTERS, state, &use->from, &use->to, NULL,
                             ret_state, ret_fen);
    }
    if (rc == RC_REFUSED) { /* no rates, or steps that differ by rate */
        rc = charge_interval(&tariff, CHARGE_BY_TIME, state, &use->from, &use->to, NULL, ret_state,
                             ret_fen);
    }
    return rc;
}

static int64_t highest_price(const struct tariff_version *version)
{
    int64_t price_e4 = 0;
    for (int step = 0; step < version->step_count; step++) {
        for (int rate = 0; rate < RATE__MAX; rate++) {
            int64_t one_e4 = tariff_price_e4(version, step, (enum rate)rate);
            price_e4 = one_e4 > price_e4 ? one_e4 : price_e4;
        }
    }
    return price_e4;
}

static void add_old(struct proof_costs *costs, enum rc rc, int64_t fen)
{
    if (rc == RC_OK) {
        costs->old_fen[costs->old_count++] = fen;
    }
}

/* The same use at prices that the meter may have held: those it shows, and the version before. */
static void old_costs(const struct use *use, const struct proof_place *place,
                      const struct proof_row *row, struct proof_costs *costs)
{
    int64_t fen = 0;
    if (use->prices_known) {
        enum rc rc = proof_meter_cost(&row->open, &row->close, use->meter.price_e4, &fen);
        add_old(costs, rc, fen);
    }
    if (use->version > 0) {
        struct charge_state after;
        enum rc rc = cost_of(use, use->version, &place->state, &after, &fen);
        add_old(costs, rc, fen);
    }
}

static enum rc use_make(struct db *db, struct arena *arena, const struct proof_row *row,
                        struct use *use)
{
    int at_start = 0;
    use->from = charge_point_of(&row->open, row->from_at_ms);
    use->to = charge_point_of(&row->close, row->close.at_ms);
    TRY(tariff_meter_get(db, arena, row->meter_id, &use->meter));
    if (tariff_version_at(use->tariff, row->close.at_ms - 1, &use->version) != RC_OK ||
        tariff_version_at(use->tariff, row->from_at_ms, &at_start) != RC_OK) {
        return RC_NOT_FOUND;
    }
    const struct tariff_version *version = &use->tariff->versions[at_start];
    enum tariff_meter verdict = tariff_compare_meter(version, &use->meter, &use->prices_known);
    use->by_registers =
        row->open.has_rates && row->close.has_rates && tariff_registers_usable(version, verdict);
    return RC_OK;
}

static enum rc compare(struct db *db, struct arena *arena, const struct tariff *tariff,
                       const struct proof_place *place, struct proof_row *row)
{
    struct use use = {.tariff = tariff};
    struct proof_costs *costs = &row->costs;
    bool pushed = false;
    enum rc rc = use_make(db, arena, row, &use);
    if (rc == RC_NOT_FOUND) {
        return RC_OK; /* nothing was in force */
    }
    TRY(rc);
    const struct tariff_version *version = &tariff->versions[use.version];
    costs->tolerance_fen = proof_tolerance(place->epoch->unit_wh, highest_price(version), RATES);
    rc = cost_of(&use, tariff->version_count, &place->state, &row->state, &costs->expected_fen);
    costs->jumped = costs->jumped || rc == RC_INVALID;
    costs->tariff_known = rc == RC_OK;
    row->has_state = rc == RC_OK;
    if (rc != RC_OK && rc != RC_INVALID && rc != RC_TOO_LARGE && rc != RC_NOT_FOUND) {
        return rc;
    }
    TRY(proofs_pushed(db, arena, row->supply_id, row->from_at_ms, row->close.at_ms, &pushed));
    costs->took_prices = pushed || version->valid_from_at_ms > row->from_at_ms;
    if (costs->tariff_known) {
        old_costs(&use, place, row, costs);
    }
    return RC_OK;
}

enum rc proof_compare(struct db *db, struct arena *arena, struct proof_run *run,
                      const struct proof_place *place, bool jumped, struct proof_row *row)
{
    struct tariff *tariff = NULL;
    row->state = place->state; /* kept where nothing is charged */
    row->has_state = place->has_state;
    row->costs = (struct proof_costs){.used_fen = row->proof.used_fen, .jumped = jumped};
    TRY(tariff_of(db, arena, run, row, &row->tariff_id, &tariff));
    if (row->platform) { /* charged by this very tariff, charge by charge */
        row->costs.tariff_known = tariff != NULL;
        row->costs.expected_fen = row->proof.used_fen;
    } else if (tariff != NULL) {
        TRY(compare(db, arena, tariff, place, row));
    }
    row->difference = row->platform ? PROOF_SAME : proof_judge(&row->costs);
    return RC_OK;
}

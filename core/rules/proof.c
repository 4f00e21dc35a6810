#include "core/rules/proof.h"

#include <assert.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/rules/money.h"

#define DAY_MS INT64_C(86400000)

static const char *const kind_names[PROOF_MOVE__MAX] = {
    [PROOF_OPENING] = "opening",   [PROOF_PAID_IN] = "paid_in",     [PROOF_USED] = "used",
    [PROOF_REFUNDED] = "refunded", [PROOF_CORRECTED] = "corrected",
};

static const char *const difference_codes[PROOF_DIFFERENCE__MAX] = {
    [PROOF_SAME] = "same", [PROOF_NO_TARIFF] = "no_tariff",     [PROOF_OLD_PRICE] = "old_price",
    [PROOF_JUMP] = "jump", [PROOF_UNEXPLAINED] = "unexplained",
};

void proof_day_of(const struct calendar_zone *zone, int64_t at_ms, struct proof_day *ret_day)
{
    assert(zone != NULL && ret_day != NULL && at_ms >= CALENDAR_FIRST_MS);
    int64_t local_ms = calendar_local_ms(zone, at_ms);
    int64_t midnight_ms = local_ms - local_ms % DAY_MS;
    struct clock_parts parts = clock_utc_parts(midnight_ms);
    ret_day->from_at_ms = calendar_utc_ms(zone, midnight_ms);
    ret_day->to_at_ms = calendar_utc_ms(zone, midnight_ms + DAY_MS);
    (void)snprintf(ret_day->date, sizeof ret_day->date, "%04d-%02d-%02d", parts.year % 10000,
                   parts.month % 100, parts.day % 100);
}

const char *proof_move_kind_name(enum proof_move_kind kind)
{
    assert(kind >= 0 && kind < PROOF_MOVE__MAX);
    return kind_names[kind];
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static bool adjustment_in(const struct proof_move *move, const struct proof_point *point)
{
    if (point->estimated || point->read_at_ms >= move->ended_at_ms) {
        return point->read_at_ms >= move->ended_at_ms;
    }
    return point->read_at_ms >= move->written_at_ms &&
           distance(point->balance_fen, move->new_balance_fen) <
               distance(point->balance_fen, move->old_balance_fen);
}

bool proof_move_in(const struct proof_move *move, int64_t epoch, const struct proof_point *point)
{
    assert(move != NULL && point != NULL);
    if (move->epoch != 0 && move->epoch != epoch) {
        return move->epoch < epoch;
    }
    if (move->count != 0) {
        return move->count <= point->count;
    }
    return move->adjusts ? adjustment_in(move, point) : move->at_ms < point->at_ms;
}

/* What came between two readings, all of it and the part before the moment; and the count there. */
struct between {
    int64_t all_fen;
    int64_t part_fen;
    int64_t count;
    bool held; /* a purchase came after the moment: later counts did too */
};

static enum rc add_between(int64_t at_ms, int64_t epoch, const struct proof_point *before,
                           const struct proof_point *after, const struct proof_move *move,
                           struct between *between)
{
    if (proof_move_in(move, epoch, before) || !proof_move_in(move, epoch, after)) {
        return RC_OK;
    }
    TRY(money_add(between->all_fen, move->change_fen, &between->all_fen));
    bool part = (move->adjusts ? move->ended_at_ms : move->at_ms) <= at_ms;
    if (move->count != 0) {
        part = part && !between->held;
        between->held = !part;
        between->count = part ? move->count : between->count;
    }
    return part ? money_add(between->part_fen, move->change_fen, &between->part_fen) : RC_OK;
}

static enum rc linear(int64_t from, int64_t to, int64_t part_ms, int64_t whole_ms, int64_t *ret)
{
    int64_t more = 0;
    TRY(money_sub(to, from, &more));
    TRY(money_mul_div(more, part_ms, whole_ms, &more));
    return money_add(from, more, ret);
}

static enum rc estimate(int64_t at_ms, const struct proof_point *before,
                        const struct proof_point *after, const struct between *between,
                        struct proof_point *ret_point)
{
    int64_t part_ms = at_ms - before->read_at_ms;
    int64_t whole_ms = after->read_at_ms - before->read_at_ms;
    int64_t unmoved_fen = 0; /* the balance behind, had nothing moved */
    struct proof_point point = {.at_ms = at_ms,
                                .read_at_ms = at_ms,
                                .count = between->count,
                                .has_rates = before->has_rates && after->has_rates,
                                .estimated = true};
    TRY(money_sub(after->balance_fen, between->all_fen, &unmoved_fen));
    TRY(linear(before->balance_fen, unmoved_fen, part_ms, whole_ms, &point.balance_fen));
    TRY(money_add(point.balance_fen, between->part_fen, &point.balance_fen));
    TRY(linear(before->energy_wh, after->energy_wh, part_ms, whole_ms, &point.energy_wh));
    for (int i = 0; point.has_rates && i < RATE__MAX; i++) {
        TRY(linear(before->rate_wh[i], after->rate_wh[i], part_ms, whole_ms, &point.rate_wh[i]));
    }
    *ret_point = point;
    return RC_OK;
}

enum rc proof_boundary(int64_t at_ms, int64_t near_ms, int64_t epoch,
                       const struct proof_point *before, const struct proof_point *after,
                       const struct proof_move *moves, size_t move_count,
                       struct proof_point *ret_point)
{
    assert(before != NULL && ret_point != NULL);
    assert(after == NULL || after->read_at_ms > before->read_at_ms);
    int64_t before_ms =
        before->estimated ? INT64_MAX : distance(at_ms, before->read_at_ms); /* no reading */
    int64_t after_ms = after == NULL ? INT64_MAX : distance(at_ms, after->read_at_ms);
    const struct proof_point *nearest = after_ms < before_ms ? after : before;
    if (after_ms <= near_ms || before_ms <= near_ms) {
        *ret_point = *nearest;
        ret_point->at_ms = at_ms;
        return RC_OK;
    }
    if (after == NULL || before->read_at_ms > at_ms) {
        return RC_NOT_FOUND;
    }
    struct between between = {.count = before->count};
    for (size_t i = 0; i < move_count; i++) {
        TRY(add_between(at_ms, epoch, before, after, &moves[i], &between));
    }
    return estimate(at_ms, before, after, &between, ret_point);
}

enum rc proof_used(int64_t opening_fen, int64_t closing_fen, const struct ledger_proof *proof,
                   int64_t *ret_used_fen)
{
    assert(proof != NULL && ret_used_fen != NULL);
    struct ledger_proof meter = *proof;
    meter.opening_fen = opening_fen;
    meter.closing_fen = closing_fen;
    meter.used_fen = 0;
    return ledger_proof_gap(&meter, ret_used_fen);
}

enum rc proof_add(struct ledger_proof *proof, const struct proof_move *move)
{
    assert(proof != NULL && move != NULL);
    switch (move->kind) {
    case PROOF_PAID_IN:
        return money_add(proof->paid_in_fen, move->change_fen, &proof->paid_in_fen);
    case PROOF_USED:
        return money_sub(proof->used_fen, move->change_fen, &proof->used_fen);
    case PROOF_REFUNDED:
        return money_sub(proof->refunded_fen, move->change_fen, &proof->refunded_fen);
    default:
        return money_add(proof->corrected_fen, move->change_fen, &proof->corrected_fen);
    }
}

enum rc proof_meter_cost(const struct proof_point *from, const struct proof_point *to,
                         const int64_t price_e4[4], int64_t *ret_fen)
{
    int64_t cost_e5 = 0;
    if (!from->has_rates || !to->has_rates) {
        return RC_CONFLICT;
    }
    for (int i = 0; i < 4; i++) {
        int64_t wh = 0;
        int64_t part_e5 = 0;
        TRY(money_sub(to->rate_wh[i], from->rate_wh[i], &wh));
        if (wh < 0) {
            return RC_CONFLICT;
        }
        TRY(money_cost_e5(wh, price_e4[i], &part_e5));
        TRY(money_add(cost_e5, part_e5, &cost_e5));
    }
    *ret_fen = money_from_cost_e5(cost_e5);
    return RC_OK;
}

int64_t proof_tolerance(int64_t unit_wh, int64_t price_max_e4, int rates)
{
    assert(unit_wh >= 0 && price_max_e4 >= 0 && rates >= 1);
    int64_t cost_e5 = 0;
    if (money_cost_e5(unit_wh, price_max_e4, &cost_e5) != RC_OK ||
        money_mul(cost_e5, rates, &cost_e5) != RC_OK) {
        return INT64_MAX;
    }
    return 2 + (cost_e5 + COST_E5_PER_FEN - 1) / COST_E5_PER_FEN;
}

static bool close_to(const struct proof_costs *costs, int64_t fen)
{
    return distance(costs->used_fen, fen) <= costs->tolerance_fen;
}

/* Charged partly at one price and partly at the other. */
static bool within(const struct proof_costs *costs, int64_t a_fen, int64_t b_fen)
{
    int64_t low_fen = a_fen < b_fen ? a_fen : b_fen;
    int64_t high_fen = a_fen < b_fen ? b_fen : a_fen;
    return costs->used_fen >= low_fen && costs->used_fen <= high_fen;
}

enum proof_difference proof_judge(const struct proof_costs *costs)
{
    assert(costs != NULL && costs->old_count <= PROOF_OLD_COSTS_MAX);
    if (costs->jumped || costs->used_fen < -costs->tolerance_fen) {
        return PROOF_JUMP;
    }
    if (!costs->tariff_known) {
        return PROOF_NO_TARIFF;
    }
    if (close_to(costs, costs->expected_fen)) {
        return PROOF_SAME;
    }
    for (int i = 0; i < costs->old_count; i++) {
        if (close_to(costs, costs->old_fen[i]) ||
            (costs->took_prices && within(costs, costs->old_fen[i], costs->expected_fen))) {
            return PROOF_OLD_PRICE;
        }
    }
    return PROOF_UNEXPLAINED;
}

const char *proof_difference_code(enum proof_difference difference)
{
    assert(difference >= 0 && difference < PROOF_DIFFERENCE__MAX);
    return difference_codes[difference];
}

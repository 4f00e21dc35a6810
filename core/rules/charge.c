#include "core/rules/charge.h"

#include <assert.h>
#include <string.h>

#include "core/rules/money.h"

/* One stretch: version, rate and period are the same all over it. */
struct stretch {
    enum charge_mode mode;
    int index; /* of the version */
    const struct tariff_version *version;
    enum rate rate;
    struct charge_bill *bill;
};

static enum rc check_register(int64_t from_wh, int64_t to_wh)
{
    return from_wh >= 0 && from_wh <= to_wh && to_wh <= ENERGY_MAX_WH ? RC_OK : RC_INVALID;
}

static enum rc check_points(const struct tariff *tariff, enum charge_mode mode,
                            const struct charge_point *from, const struct charge_point *to)
{
    assert(tariff != NULL && from != NULL && to != NULL);
    if (from->at_ms < CALENDAR_FIRST_MS || to->at_ms > CALENDAR_LAST_MS ||
        from->at_ms >= to->at_ms) {
        return RC_INVALID;
    }
    if (to->at_ms - from->at_ms > CHARGE_GAP_MAX_MS) {
        return RC_TOO_LARGE;
    }
    TRY(check_register(from->total_wh, to->total_wh));
    for (int rate = 0; mode == CHARGE_BY_REGISTERS && rate < RATE__MAX; rate++) {
        TRY(check_register(from->rate_wh[rate], to->rate_wh[rate]));
    }
    int index = 0;
    return tariff_version_at(tariff, from->at_ms, &index);
}

/* from + (to - from) * (at - from) / (to - from) in time: cannot overflow, the part is below 1. */
static int64_t linear(int64_t from_wh, int64_t to_wh, int64_t part_ms, int64_t whole_ms)
{
    int64_t more_wh = 0;
    enum rc rc = money_mul_div(to_wh - from_wh, part_ms, whole_ms, &more_wh);
    assert(rc == RC_OK);
    (void)rc;
    return from_wh + more_wh;
}

struct charge_point charge_estimate(enum charge_mode mode, const struct charge_point *from,
                                    const struct charge_point *to, int64_t at_ms)
{
    int64_t part_ms = at_ms - from->at_ms;
    int64_t whole_ms = to->at_ms - from->at_ms;
    struct charge_point point = {.at_ms = at_ms, .estimated = true};
    point.total_wh = linear(from->total_wh, to->total_wh, part_ms, whole_ms);
    for (int rate = 0; mode == CHARGE_BY_REGISTERS && rate < RATE__MAX; rate++) {
        point.rate_wh[rate] = linear(from->rate_wh[rate], to->rate_wh[rate], part_ms, whole_ms);
    }
    return point;
}

/* The next point after `at`: a boundary, estimated between from and to, or to itself. */
static struct charge_point next_point(const struct tariff *tariff, enum charge_mode mode,
                                      const struct charge_point *from,
                                      const struct charge_point *to, int64_t at_ms)
{
    int64_t next_ms = tariff_next_boundary(tariff, mode == CHARGE_BY_TIME, at_ms, to->at_ms);
    return next_ms == to->at_ms ? *to : charge_estimate(mode, from, to, next_ms);
}

enum rc charge_split(const struct tariff *tariff, enum charge_mode mode,
                     const struct charge_point *from, const struct charge_point *to,
                     struct charge_point *points, size_t size, size_t *ret_count)
{
    assert(points != NULL && ret_count != NULL);
    TRY(check_points(tariff, mode, from, to));
    size_t count = 0;
    struct charge_point point = next_point(tariff, mode, from, to, from->at_ms);
    while (point.at_ms < to->at_ms) {
        if (count == size) {
            return RC_TOO_LARGE;
        }
        points[count++] = point;
        point = next_point(tariff, mode, from, to, point.at_ms);
    }
    *ret_count = count;
    return RC_OK;
}

static bool same_line(const struct charge_line *a, const struct charge_line *b)
{
    return a->period_start_at_ms == b->period_start_at_ms && a->version == b->version &&
           a->kind == b->kind && a->step == b->step && a->rate == b->rate;
}

static enum rc bill_add(struct charge_bill *bill, const struct charge_line *line)
{
    int at = 0;
    while (at < bill->count && !same_line(&bill->lines[at], line)) {
        at++;
    }
    if (at == CHARGE_LINES_MAX) {
        return RC_TOO_LARGE;
    }
    if (at == bill->count) {
        bill->lines[bill->count++] = *line;
        return RC_OK;
    }
    TRY(money_add(bill->lines[at].energy_wh, line->energy_wh, &bill->lines[at].energy_wh));
    return money_add(bill->lines[at].cost_e5, line->cost_e5, &bill->lines[at].cost_e5);
}

/* Adds energy at a price to the state's cost and to the bill. */
static enum rc add_cost(const struct stretch *stretch, struct charge_line line,
                        struct charge_state *state)
{
    if (line.energy_wh == 0) {
        return RC_OK;
    }
    line.period_start_at_ms = state->period_start_at_ms;
    line.version = stretch->index;
    TRY(money_cost_e5(line.energy_wh, line.price_e4, &line.cost_e5));
    TRY(money_add(state->cost_e5, line.cost_e5, &state->cost_e5));
    return stretch->bill == NULL ? RC_OK : bill_add(stretch->bill, &line);
}

/* Walks energy through the steps, from where the period stands. */
static enum rc add_through_steps(const struct stretch *stretch, int64_t energy_wh,
                                 struct charge_state *state)
{
    const struct tariff_version *version = stretch->version;
    bool surcharge = stretch->mode == CHARGE_BY_REGISTERS;
    while (energy_wh > 0) {
        int step = tariff_step_of(version, state->period_wh);
        int64_t part_wh = energy_wh;
        if (step + 1 < version->step_count) {
            int64_t room_wh = version->step_from_wh[step + 1] - state->period_wh;
            part_wh = room_wh < energy_wh ? room_wh : energy_wh;
        }
        struct charge_line line = {.kind = surcharge ? LINE_SURCHARGE : LINE_ENERGY,
                                   .step = step,
                                   .rate = stretch->rate,
                                   .energy_wh = part_wh,
                                   .price_e4 = tariff_price_e4(version, step, stretch->rate)};
        line.price_e4 -= surcharge ? tariff_price_e4(version, 0, stretch->rate) : 0;
        if (!surcharge || step > 0) {
            TRY(add_cost(stretch, line, state));
        }
        TRY(money_add(state->period_wh, part_wh, &state->period_wh));
        energy_wh -= part_wh;
    }
    return RC_OK;
}

static enum rc add_registers(const struct stretch *stretch, const struct charge_point *from,
                             const struct charge_point *to, struct charge_state *state)
{
    int64_t energy_wh = 0;
    for (int rate = 0; rate < RATE__MAX; rate++) {
        int64_t part_wh = to->rate_wh[rate] - from->rate_wh[rate];
        struct charge_line line = {.kind = LINE_ENERGY,
                                   .rate = (enum rate)rate,
                                   .energy_wh = part_wh,
                                   .price_e4 =
                                       tariff_price_e4(stretch->version, 0, (enum rate)rate)};
        TRY(add_cost(stretch, line, state));
        energy_wh += part_wh;
    }
    return add_through_steps(stretch, energy_wh, state);
}

enum rc charge_advance(const struct tariff *tariff, enum charge_mode mode,
                       const struct charge_state *state, const struct charge_point *from,
                       const struct charge_point *to, struct charge_bill *bill,
                       struct charge_state *ret_state, int64_t *ret_fen)
{
    assert(state != NULL && ret_state != NULL && ret_fen != NULL);
    TRY(check_points(tariff, mode, from, to));
    bool by_time = mode == CHARGE_BY_TIME;
    if (tariff_next_boundary(tariff, by_time, from->at_ms, to->at_ms) != to->at_ms) {
        return RC_INVALID;
    }
    struct stretch stretch = {.mode = mode, .rate = RATE_FLAT, .bill = bill};
    TRY(tariff_version_at(tariff, from->at_ms, &stretch.index));
    stretch.version = &tariff->versions[stretch.index];
    if (by_time) {
        stretch.rate = tariff_rate_at(tariff, stretch.version, from->at_ms);
    } else if (!tariff_registers_usable(stretch.version, TARIFF_METER_SAME)) {
        return RC_REFUSED;
    }
    struct charge_state next = *state;
    TRY(tariff_period_start(tariff, from->at_ms, &next.period_start_at_ms));
    if (next.period_start_at_ms != state->period_start_at_ms) {
        next.period_wh = 0;
        next.cost_e5 = 0;
    }
    int64_t before_fen = money_from_cost_e5(next.cost_e5);
    TRY(by_time ? add_through_steps(&stretch, to->total_wh - from->total_wh, &next)
                : add_registers(&stretch, from, to, &next));
    *ret_fen = money_from_cost_e5(next.cost_e5) - before_fen;
    *ret_state = next;
    return RC_OK;
}

enum rc charge_interval(const struct tariff *tariff, enum charge_mode mode,
                        const struct charge_state *state, const struct charge_point *from,
                        const struct charge_point *to, struct charge_bill *bill,
                        struct charge_state *ret_state, int64_t *ret_fen)
{
    assert(state != NULL && ret_state != NULL && ret_fen != NULL);
    TRY(check_points(tariff, mode, from, to));
    struct charge_state next = *state;
    struct charge_point at = *from;
    int64_t sum_fen = 0;
    while (at.at_ms < to->at_ms) {
        struct charge_point point = next_point(tariff, mode, from, to, at.at_ms);
        int64_t fen = 0;
        TRY(charge_advance(tariff, mode, &next, &at, &point, bill, &next, &fen));
        TRY(money_add(sum_fen, fen, &sum_fen));
        at = point;
    }
    *ret_state = next;
    *ret_fen = sum_fen;
    return RC_OK;
}

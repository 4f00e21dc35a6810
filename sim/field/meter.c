#include "sim/field/meter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

#define CHARGE_PER_FEN 360000000000 /* price_e4 * mJ: 3.6e9 mJ a kWh, 100 e4 a fen */
#define RUN_MULTI_RATE 0x01
#define RUN_EXTERNAL 0x08
#define RUN_PREPAY 0x40
#define AMOUNT_MAX 2147483647 /* the balance is shown in 32 bits, signed */

static const char *const event_names[METER_EVENT__MAX] = {
    [METER_EVENT_PURCHASE] = "purchase",
    [METER_EVENT_REFUSED] = "purchase_refused",
    [METER_EVENT_FOREIGN] = "foreign_purchase",
    [METER_EVENT_POWER_CUT] = "power_cut",
    [METER_EVENT_PARAMETERS] = "parameters",
    [METER_EVENT_FORCED] = "forced",
    [METER_EVENT_RELAY_OPEN] = "relay_open",
    [METER_EVENT_RELAY_CLOSED] = "relay_closed",
    [METER_EVENT_BREAKER_OPEN] = "breaker_open",
    [METER_EVENT_BREAKER_CLOSED] = "breaker_closed",
    [METER_EVENT_CLOCK] = "clock",
    [METER_EVENT_SET] = "set",
    [METER_EVENT_SWAP] = "swap",
    [METER_EVENT_REGISTER] = "register",
};

const char *meter_event_name(enum meter_event_kind kind)
{
    assert(kind < METER_EVENT__MAX);
    return event_names[kind];
}

bool meter_is_single_phase(const struct meter *meter)
{
    return meter->park.model == PARK_DDSY1352;
}

bool meter_is_external(const struct meter *meter)
{
    return (meter->run_word & RUN_EXTERNAL) != 0;
}

void meter_note(struct meter *meter, const struct meter_time *time, enum meter_event_kind kind,
                int64_t a, int64_t b)
{
    meter->events[meter->events_total % METER_EVENTS_MAX] =
        (struct meter_event){.at_ms = time->now_ms, .kind = kind, .a = a, .b = b};
    meter->events_total++;
    meter->urgent = true;
}

/* Valley by night, sharp in the evening; the second table is the same. */
static void set_default_tables(struct meter *meter)
{
    static const uint8_t periods[][3] = {{4, 0, 0},  {3, 0, 6},  {2, 0, 8},  {3, 0, 11},
                                         {2, 0, 18}, {1, 0, 19}, {3, 0, 21}, {4, 0, 22}};
    memset(meter->day_tables, 0, sizeof meter->day_tables);
    memcpy(meter->day_tables[0], periods, sizeof periods);
    memcpy(meter->day_tables[1], periods, sizeof periods);
    static const uint8_t zones[METER_ZONES_BYTES] = {1, 1, 1, 1, 1, 4, 1, 1, 7, 1, 1, 10};
    memcpy(meter->zones, zones, sizeof zones);
}

/* What the buyer of an ordinary week has in the meter; one in twelve runs low. */
static void set_opening_money(struct meter *meter, uint64_t seed)
{
    int64_t day_fen = load_day_wh(&meter->load) * 85 / 1000;
    if (day_fen < 200) {
        day_fen = 200;
    }
    int64_t days_tenth = 50 + (int64_t)(load_mix(seed, 21) % 300);
    uint64_t draw = load_mix(seed, 22) % 100;
    if (draw < 5) {
        days_tenth = 12 + (int64_t)(load_mix(seed, 23) % 15);
    } else if (draw < 8) {
        days_tenth = 3 + (int64_t)(load_mix(seed, 23) % 6);
    }
    meter->balance_fen = day_fen * days_tenth / 10;
    meter->alarm_fen[0] = (day_fen * 3 / 1000 + 2) * 1000;
    meter->alarm_fen[1] = (day_fen / 1000 + 1) * 1000;
    meter->count = 1 + (int64_t)(load_mix(seed, 24) % 60);
    if (meter->park.trade == PARK_PUBLIC || meter->park.trade == PARK_COLD_STORE) {
        meter->fee_control = 0;
        meter->balance_fen = 0;
        meter->count = 0;
    }
}

/* Everything that a new meter of this place has, money and energy apart. */
static void set_fresh(struct meter *meter, const struct meter_time *time)
{
    static const int64_t prices_e4[METER_RATES] = {12680, 10580, 7120, 3860};
    memcpy(meter->price_e4, prices_e4, sizeof prices_e4);
    memset(meter->energy_mj, 0, sizeof meter->energy_mj);
    meter->now_ms = time->now_ms;
    meter->dark_until_ms = 0;
    meter->clock_offset_ms = 0;
    meter->load_override_w = -1;
    meter->base_energy_cwh = 0;
    meter->balance_fen = 0;
    meter->charge_rest = 0;
    meter->count = 0;
    meter->last_amount_fen = 0;
    meter->alarm_fen[0] = 5000;
    meter->alarm_fen[1] = 2000;
    meter->overdraft_fen = 0;
    meter->hoard_fen = 99999999;
    meter->fee_control = 1;
    meter->run_word = RUN_MULTI_RATE | (meter->park.external_control ? RUN_EXTERNAL : 0) |
                      (meter->park.model == PARK_DDSY1352 ? RUN_PREPAY : 0);
    meter->capabilities = METER_ZERO_PURCHASE | METER_REPEAT_REFUSED | METER_GAP_REFUSED |
                          METER_HOARD_REFUSED | METER_FEE_CONTROL_WRITTEN;
    meter->demand_window = 0;
    meter->demand_mj = 0;
    meter->max_demand_w = 0;
    meter->max_demand_civil_ms = 0;
    meter->forced_enable = 0;
    meter->forced_trip = 0;
    meter->breaker_closed = true;
    meter->breaker_due_ms = 0;
    meter->relay_stuck = 0;
    meter->breaker_stuck = 0;
    for (int phase = 0; phase < METER_PHASES; phase++) {
        meter->relays[phase] = (struct meter_relay){.closed = true, .order_closed = true};
    }
    set_default_tables(meter);
}

void meter_init(struct meter *meter, const struct park_meter *park, uint64_t seed,
                const struct meter_time *time)
{
    *meter = (struct meter){.park = *park, .seed = (int64_t)seed, .life = 1};
    meter->load = load_of(park, seed);
    set_fresh(meter, time);
    uint64_t own = meter->load.seed;
    set_opening_money(meter, own);
    static const int64_t shares[METER_RATES] = {12, 34, 40, 14};
    int64_t days = 60 + (int64_t)(load_mix(own, 25) % 400);
    for (int rate = 0; rate < METER_RATES; rate++) {
        meter->energy_mj[rate] =
            load_day_wh(&meter->load) * days * shares[rate] / 100 * METER_MJ_PER_WH +
            (int64_t)(load_mix(own, 26) % METER_MJ_PER_WH);
    }
    meter_decide(meter, time);
    for (int phase = 0; phase < METER_PHASES; phase++) { /* whatever it was, it is long over */
        meter->relays[phase].closed = meter->relays[phase].order_closed;
        meter->relays[phase].due_ms = 0;
    }
    meter->urgent = false;
}

void meter_release(struct meter *meter)
{
    free(meter->applied);
    meter->applied = NULL;
    meter->applied_len = 0;
}

int64_t meter_clock_ms(const struct meter *meter, const struct meter_time *time)
{
    return time->now_ms + time->zone_offset_ms + meter->clock_offset_ms;
}

/* The day table of a date: the last zone that has begun, else the last of the year. */
static int table_of(const struct meter *meter, int month, int day)
{
    int best = -1;
    int best_key = -1;
    int last = -1;
    int last_key = -1;
    for (int zone = 0; zone < METER_ZONES_BYTES / 3; zone++) {
        const uint8_t *entry = &meter->zones[zone * 3]; /* table, day, month */
        int key = entry[2] * 32 + entry[1];
        if (entry[0] == 0 || entry[2] == 0) {
            continue;
        }
        if (key <= month * 32 + day && key > best_key) {
            best_key = key;
            best = entry[0];
        }
        if (key > last_key) {
            last_key = key;
            last = entry[0];
        }
    }
    return (best >= 0 ? best : last) == 2 ? 1 : 0;
}

int meter_rate(const struct meter *meter, int64_t civil_ms)
{
    struct clock_parts parts = clock_utc_parts(civil_ms < 0 ? 0 : civil_ms);
    const uint8_t *table = meter->day_tables[table_of(meter, parts.month, parts.day)];
    int now = parts.hour * 60 + parts.minute;
    int best_begin = -1;
    int last_begin = -1;
    int best = 3;
    int last = 3;
    for (int period = 0; period < METER_DAY_TABLE_BYTES / 3; period++) {
        const uint8_t *entry = &table[period * 3]; /* rate, minute, hour */
        int begin = entry[2] * 60 + entry[1];
        if (entry[0] < 1 || entry[0] > METER_RATES) {
            continue;
        }
        if (begin <= now && begin > best_begin) {
            best_begin = begin;
            best = entry[0];
        }
        if (begin > last_begin) {
            last_begin = begin;
            last = entry[0];
        }
    }
    return (best_begin >= 0 ? best : last) - 1;
}

int64_t meter_power_w(const struct meter *meter, const struct meter_time *time,
                      int64_t phase_w[METER_PHASES])
{
    int64_t wanted_w = meter->load_override_w >= 0
                           ? meter->load_override_w
                           : load_power_w(&meter->load, time->now_ms + time->zone_offset_ms);
    bool external = meter_is_external(meter);
    int64_t sum_w = 0;
    for (int phase = 0; phase < METER_PHASES; phase++) {
        static const int64_t shares[METER_PHASES] = {35, 31, 34};
        int64_t share = meter_is_single_phase(meter) ? (phase == 0 ? 100 : 0) : shares[phase];
        bool flows = external ? meter->breaker_closed : meter->relays[phase].closed;
        phase_w[phase] = flows ? wanted_w * share / 100 : 0;
        sum_w += phase_w[phase];
    }
    return sum_w;
}

unsigned meter_alarms(const struct meter *meter)
{
    if (meter->fee_control == 0) {
        return 0;
    }
    return (meter->balance_fen <= 0 ? 1u : 0) |
           (meter->balance_fen <= meter->alarm_fen[0] ? 2u : 0) |
           (meter->balance_fen <= meter->alarm_fen[1] ? 4u : 0);
}

/* What the control logic wants of a phase. */
static bool wants_closed(const struct meter *meter, int phase)
{
    if ((meter->forced_enable & (1 << phase)) != 0) {
        return (meter->forced_trip & (1 << phase)) == 0;
    }
    return meter->fee_control == 0 || meter->balance_fen > -meter->overdraft_fen;
}

void meter_decide(struct meter *meter, const struct meter_time *time)
{
    for (int phase = 0; phase < METER_PHASES && meter->relay_stuck == 0; phase++) {
        struct meter_relay *relay = &meter->relays[phase];
        bool closed = wants_closed(meter, phase);
        if (closed != relay->order_closed) {
            relay->order_closed = closed;
            relay->due_ms = time->now_ms + time->relay_travel_ms;
            meter->urgent = true;
        }
    }
}

/* Ends the travel of relays and breaker that are due. */
static void settle(struct meter *meter, const struct meter_time *time)
{
    bool opened = false;
    for (int phase = 0; phase < METER_PHASES; phase++) {
        struct meter_relay *relay = &meter->relays[phase];
        if (relay->due_ms == 0 || relay->due_ms > time->now_ms) {
            continue;
        }
        relay->due_ms = 0;
        if (relay->closed != relay->order_closed) {
            relay->closed = relay->order_closed;
            opened = opened || !relay->closed;
            meter_note(meter, time,
                       relay->closed ? METER_EVENT_RELAY_CLOSED : METER_EVENT_RELAY_OPEN, phase, 0);
        }
    }
    if (opened && meter_is_external(meter) && meter->breaker_closed && meter->breaker_stuck == 0) {
        meter->breaker_due_ms = time->now_ms + METER_SHUNT_MS;
    }
    if (meter->breaker_due_ms != 0 && meter->breaker_due_ms <= time->now_ms) {
        meter->breaker_due_ms = 0;
        meter->breaker_closed = false;
        meter_note(meter, time, METER_EVENT_BREAKER_OPEN, 0, 0);
    }
}

static void measure_demand(struct meter *meter, int64_t civil_ms, int64_t mj)
{
    int64_t window = civil_ms / METER_DEMAND_MS;
    if (window != meter->demand_window) {
        int64_t demand_w = meter->demand_mj / METER_DEMAND_MS;
        if (meter->demand_window != 0 && demand_w > meter->max_demand_w) {
            meter->max_demand_w = demand_w;
            meter->max_demand_civil_ms = window * METER_DEMAND_MS;
        }
        meter->demand_window = window;
        meter->demand_mj = 0;
    }
    meter->demand_mj += mj;
}

/* Uses energy and money from meter->now_ms to end_ms, within one slot. */
static void consume(struct meter *meter, const struct meter_time *begin, int64_t end_ms)
{
    int64_t phase_w[METER_PHASES];
    int64_t power_w = meter_power_w(meter, begin, phase_w);
    int64_t civil_ms = meter_clock_ms(meter, begin);
    int64_t elapsed_ms = end_ms - begin->now_ms;
    measure_demand(meter, civil_ms, power_w * elapsed_ms);
    if (power_w == 0) {
        return;
    }
    int64_t mj = power_w * elapsed_ms * begin->speed;
    int rate = meter_rate(meter, civil_ms);
    meter->energy_mj[rate] += mj;
    if (meter->fee_control != 0) {
        meter->charge_rest += meter->price_e4[rate] * mj;
        meter->balance_fen -= meter->charge_rest / CHARGE_PER_FEN;
        meter->charge_rest %= CHARGE_PER_FEN;
    }
}

/* The end of the step that begins now: the next slot, travel end or the time asked for. */
static int64_t step_end_ms(const struct meter *meter, int64_t until_ms)
{
    int64_t end_ms = (meter->now_ms / LOAD_SLOT_MS + 1) * LOAD_SLOT_MS;
    if (until_ms < end_ms) {
        end_ms = until_ms;
    }
    for (int phase = 0; phase < METER_PHASES; phase++) {
        int64_t due_ms = meter->relays[phase].due_ms;
        if (due_ms > meter->now_ms && due_ms < end_ms) {
            end_ms = due_ms;
        }
    }
    if (meter->breaker_due_ms > meter->now_ms && meter->breaker_due_ms < end_ms) {
        end_ms = meter->breaker_due_ms;
    }
    return end_ms;
}

void meter_advance(struct meter *meter, const struct meter_time *time)
{
    struct meter_time step = *time;
    while (meter->now_ms < time->now_ms) {
        step.now_ms = meter->now_ms;
        meter_decide(meter, &step);
        int64_t end_ms = step_end_ms(meter, time->now_ms);
        consume(meter, &step, end_ms);
        meter->now_ms = end_ms;
        step.now_ms = end_ms;
        settle(meter, &step);
        meter_decide(meter, &step);
    }
    settle(meter, time); /* a travel of no time */
}

void meter_count_applied(struct meter *meter, int64_t life, int64_t count, int64_t amount_fen,
                         int64_t times, bool foreign)
{
    for (uint32_t i = meter->applied_len; i-- > 0;) {
        struct meter_applied *applied = &meter->applied[i];
        if (applied->life == life && applied->count == count && applied->amount_fen == amount_fen &&
            applied->foreign == (foreign ? 1 : 0)) {
            applied->times += times;
            return;
        }
    }
    if (meter->applied_len % 16 == 0 && meter->applied_len < METER_APPLIED_MAX) {
        void *more = realloc(meter->applied, sizeof *meter->applied * (meter->applied_len + 16));
        if (more == NULL) {
            meter->applied_lost += times;
            return;
        }
        meter->applied = more;
    }
    if (meter->applied_len == METER_APPLIED_MAX) {
        meter->applied_lost += times;
        return;
    }
    meter->applied[meter->applied_len++] = (struct meter_applied){.life = life,
                                                                  .count = count,
                                                                  .amount_fen = amount_fen,
                                                                  .times = times,
                                                                  .foreign = foreign ? 1 : 0};
}

int64_t meter_credits(const struct meter *meter)
{
    int64_t credits = meter->applied_lost;
    for (uint32_t i = 0; i < meter->applied_len; i++) {
        credits += meter->applied[i].times;
    }
    return credits;
}

/* The count rule: OK to credit, or why not. */
static enum meter_purchase_result judge(const struct meter *meter, int64_t amount_fen,
                                        int64_t count)
{
    int64_t next = (meter->count + 1) & 0xFFFF;
    if (count == meter->count && (meter->capabilities & METER_REPEAT_REFUSED) != 0) {
        return METER_REPEAT;
    }
    if (count != meter->count && count != next && (meter->capabilities & METER_GAP_REFUSED) != 0) {
        return METER_COUNT_WRONG;
    }
    if (amount_fen == 0 && (meter->capabilities & METER_ZERO_PURCHASE) == 0) {
        return METER_ZERO_REFUSED;
    }
    int64_t most_fen =
        (meter->capabilities & METER_HOARD_REFUSED) != 0 ? meter->hoard_fen : AMOUNT_MAX;
    return meter->balance_fen + amount_fen > most_fen ? METER_OVER_HOARD : METER_CREDITED;
}

enum meter_purchase_result meter_purchase(struct meter *meter, int64_t amount_fen, int64_t count,
                                          bool power_cut, const struct meter_time *time)
{
    enum meter_purchase_result result = judge(meter, amount_fen, count);
    if (result != METER_CREDITED) {
        meter_note(meter, time, METER_EVENT_REFUSED, count, result);
        return result;
    }
    meter->balance_fen += amount_fen;
    meter_count_applied(meter, meter->life, count, amount_fen, 1, false);
    if (power_cut) {
        meter->dark_until_ms = time->now_ms + METER_RESTART_MS;
        meter_note(meter, time, METER_EVENT_POWER_CUT, count, amount_fen);
    } else {
        meter->count = count;
        meter->last_amount_fen = amount_fen;
        meter_note(meter, time, METER_EVENT_PURCHASE, count, amount_fen);
    }
    meter_decide(meter, time);
    return METER_CREDITED;
}

void meter_foreign_purchase(struct meter *meter, int64_t amount_fen, const struct meter_time *time)
{
    meter->count = (meter->count + 1) & 0xFFFF;
    meter->balance_fen += amount_fen;
    meter->last_amount_fen = amount_fen;
    meter_count_applied(meter, meter->life, meter->count, amount_fen, 1, true);
    meter_note(meter, time, METER_EVENT_FOREIGN, meter->count, amount_fen);
    meter_decide(meter, time);
}

void meter_force(struct meter *meter, unsigned mask, bool enable, bool trip,
                 const struct meter_time *time)
{
    meter->forced_enable =
        enable ? meter->forced_enable | mask : meter->forced_enable & ~(int64_t)mask;
    meter->forced_trip =
        enable && trip ? meter->forced_trip | mask : meter->forced_trip & ~(int64_t)mask;
    meter_note(meter, time, METER_EVENT_FORCED, mask, !enable ? 0 : trip ? 2 : 1);
    meter_decide(meter, time);
}

enum rc meter_hand_close(struct meter *meter, const struct meter_time *time)
{
    if (!meter_is_external(meter) || meter->breaker_due_ms != 0) {
        return RC_REFUSED;
    }
    for (int phase = 0; phase < METER_PHASES; phase++) {
        if (!meter->relays[phase].closed) {
            return RC_REFUSED;
        }
    }
    if (!meter->breaker_closed) {
        meter->breaker_closed = true;
        meter_note(meter, time, METER_EVENT_BREAKER_CLOSED, 0, 0);
    }
    return RC_OK;
}

void meter_swap(struct meter *meter, const char *serial_number, const struct meter_time *time)
{
    assert(strlen(serial_number) == 12);
    memcpy(meter->park.serial_number, serial_number, 13);
    set_fresh(meter, time);
    meter->fee_control = 0; /* nobody has opened the account yet */
    meter->life++;
    meter_note(meter, time, METER_EVENT_SWAP, meter->life, 0);
    meter_decide(meter, time);
}

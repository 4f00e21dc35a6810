#include "sim/field/load.h"

#define DAY_MS 86400000
#define HOUR_MS 3600000

struct trade_load {
    int64_t w_per_m2;
    uint8_t percent[24]; /* of the rated load, by hour */
};

static const struct trade_load trades[PARK_TRADE__MAX] = {
    [PARK_DINING] = {80, {12,  10, 10, 10, 10, 12, 15,  20, 30, 55, 80, 95,
                          100, 85, 60, 50, 60, 90, 100, 95, 80, 55, 30, 15}},
    [PARK_CLOTHES] = {45, {4,  4,  4,  4,  4,  4,  5,   8,   25, 70, 85, 85,
                           85, 85, 85, 88, 90, 95, 100, 100, 95, 60, 10, 5}},
    [PARK_MARKET] = {60, {45, 42, 42, 42, 45,  50,  60,  80, 90, 95, 95, 95,
                          95, 95, 95, 95, 100, 100, 100, 98, 90, 75, 55, 48}},
    [PARK_CINEMA] = {35, {30, 12, 8,  8,  8,  8,  8,  10,  20,  40, 60, 65,
                          70, 75, 75, 75, 80, 85, 95, 100, 100, 95, 80, 55}},
    [PARK_BEAUTY] = {70, {4,  4,  4,  4,  4,  4,  5,   8,   20, 60, 75, 80,
                          75, 85, 90, 90, 90, 92, 100, 100, 90, 55, 12, 5}},
    [PARK_SCHOOL] = {40, {3,  3,  3,  3,  3,  3,   4,   8,  40, 60, 65, 55,
                          45, 55, 65, 75, 90, 100, 100, 95, 75, 20, 5,  3}},
    [PARK_DIGITAL] = {55, {10, 10, 10, 10, 10, 10, 10,  12,  30, 80, 90, 92,
                           92, 92, 92, 95, 95, 98, 100, 100, 95, 60, 15, 10}},
    [PARK_CHILDREN] = {45, {4,  4,  4,  4,  4,  4,   5,   8,  30, 65, 80, 85,
                            80, 85, 90, 95, 95, 100, 100, 95, 80, 40, 8,  4}},
    [PARK_JEWELS] = {90, {10, 10, 10, 10, 10, 10,  10,  12,  30, 85, 95, 95,
                          95, 95, 95, 95, 95, 100, 100, 100, 95, 60, 15, 10}},
    [PARK_BOOKS] = {35, {5,  5,  5,  5,  5,  5,  6,   10,  35, 75, 85, 85,
                         85, 88, 90, 92, 92, 95, 100, 100, 90, 55, 12, 6}},
    [PARK_GYM] = {45, {8,  8,  8,  8,  8,  15, 45,  60,  60, 60, 60, 65,
                       70, 60, 55, 55, 65, 85, 100, 100, 95, 75, 30, 10}},
    [PARK_COLD_STORE] = {220, {70,  70,  68,  68, 68, 70, 75, 85, 95, 95, 95, 98,
                               100, 100, 100, 98, 95, 95, 92, 90, 85, 80, 75, 72}},
    [PARK_PUBLIC] = {150, {35,  30,  30,  30,  30,  35,  50,  70,  90,  100, 100, 100,
                           100, 100, 100, 100, 100, 100, 100, 100, 100, 90,  60,  40}},
};

uint64_t load_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a + 0x9E3779B97F4A7C15u * (b + 1);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

struct load load_of(const struct park_meter *meter, uint64_t seed)
{
    struct load load = {.seed = seed, .trade = meter->trade, .state = meter->state};
    for (const char *digit = meter->serial_number; *digit != '\0'; digit++) {
        load.seed = load_mix(load.seed, (uint64_t)*digit);
    }
    int64_t habit_percent = 60 + (int64_t)(load_mix(load.seed, 1) % 80);
    load.rated_w = trades[meter->trade].w_per_m2 * meter->area_dm2 / 10 * habit_percent / 100;
    int64_t most_w =
        meter->ct_ratio > 1 ? LOAD_TRANSFORMED_W * (int64_t)meter->ct_ratio : LOAD_DIRECT_W;
    if (load.rated_w > most_w) {
        load.rated_w = most_w;
    }
    if (meter->state == PARK_FITTING_OUT) {
        load.rated_w = 1500 + (int64_t)(load_mix(load.seed, 2) % 1500);
    } else if (meter->state == PARK_VACANT && meter->trade != PARK_PUBLIC) {
        load.rated_w = 15 + (int64_t)(load_mix(load.seed, 3) % 25);
    }
    return load;
}

/* Percent of the rated load in an hour. */
static int64_t percent_at(const struct load *load, int64_t hour)
{
    if (load->state == PARK_VACANT && load->trade != PARK_PUBLIC) {
        return 100;
    }
    if (load->state == PARK_FITTING_OUT) {
        return hour >= 8 && hour < 18 ? 80 : 5;
    }
    return trades[load->trade].percent[hour % 24];
}

int64_t load_power_w(const struct load *load, int64_t civil_ms)
{
    civil_ms -= civil_ms % LOAD_SLOT_MS;
    int64_t in_day_ms = ((civil_ms % DAY_MS) + DAY_MS) % DAY_MS;
    int64_t hour = in_day_ms / HOUR_MS;
    int64_t into_ms = in_day_ms % HOUR_MS;
    int64_t from = percent_at(load, hour);
    int64_t to = percent_at(load, (hour + 1) % 24);
    int64_t e3 = (from * (HOUR_MS - into_ms) + to * into_ms) / (HOUR_MS / 10);
    uint64_t slot = (uint64_t)(civil_ms / LOAD_SLOT_MS);
    int64_t slow_e3 = (int64_t)(load_mix(load->seed, slot / 30) % 161) - 80; /* five minutes, 8 % */
    int64_t fast_e3 = (int64_t)(load_mix(load->seed ^ 1, slot) % 41) - 20;   /* ten seconds, 2 % */
    return load->rated_w * e3 / 1000 * (1000 + slow_e3 + fast_e3) / 1000;
}

int64_t load_day_wh(const struct load *load)
{
    int64_t percent = 0;
    for (int64_t hour = 0; hour < 24; hour++) {
        percent += percent_at(load, hour);
    }
    return load->rated_w * percent / 100;
}

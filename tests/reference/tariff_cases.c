/*
 * Reads tariff cases on standard input, one a line of whole numbers, and writes what core/rules
 * charges, one line each:
 *
 *   zone:     n, n x (from_ms, offset_minutes)
 *   versions: n, n x (valid_from_ms, kind, every, month, day, steps, steps x from_wh,
 *             steps x 5 prices, has_calendar, calendar)
 *   calendar: tables, tables x (slots, slots x (minute, rate)), seasons,
 *             seasons x (month, day, 4 x table), dates, dates x (year, month, day, type), 7 x type
 *   mode, n, n x (at_ms, total_wh, 5 x rate_wh)
 *
 *   out:      each interval: fen, points; each point: at_ms, total_wh
 *             then: period_start_ms, period_wh, cost_e5, bill lines, bill fen
 *
 * Besides, each case is charged again over coarser partitions of its stored points; a difference is
 * written as PARTITION and ends the program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules/charge.h"

#define VERSIONS_MAX 8
#define POINTS_MAX 64
#define STORED_MAX 20000

static struct calendar_zone zone;
static struct calendar calendars[VERSIONS_MAX];
static struct tariff_version versions[VERSIONS_MAX];
static struct charge_point points[POINTS_MAX];
static struct charge_point stored[STORED_MAX];
static struct charge_bill bill;

static int64_t number(void)
{
    int64_t value = 0;
    if (scanf("%" SCNd64, &value) != 1) {
        fprintf(stderr, "a case breaks off\n");
        exit(2);
    }
    return value;
}

static int small(int most)
{
    int64_t value = number();
    if (value < 0 || value > most) {
        fprintf(stderr, "%" PRId64 " is out of range\n", value);
        exit(2);
    }
    return (int)value;
}

static void read_calendar(struct calendar *calendar)
{
    memset(calendar, 0, sizeof(*calendar));
    calendar->table_count = small(CALENDAR_TABLES_MAX);
    for (int i = 0; i < calendar->table_count; i++) {
        struct calendar_table *table = &calendar->tables[i];
        table->count = small(CALENDAR_SLOTS_MAX);
        for (int j = 0; j < table->count; j++) {
            table->slots[j].minute = small(1439);
            table->slots[j].rate = (enum rate)small(RATE__MAX - 1);
        }
    }
    calendar->season_count = small(CALENDAR_SEASONS_MAX);
    for (int i = 0; i < calendar->season_count; i++) {
        calendar->seasons[i].month = small(12);
        calendar->seasons[i].day = small(31);
        for (int j = 0; j < CALENDAR_DAY_TYPES_MAX; j++) {
            calendar->seasons[i].table[j] = small(CALENDAR_TABLES_MAX - 1);
        }
    }
    calendar->date_count = small(CALENDAR_DATES_MAX);
    for (int i = 0; i < calendar->date_count; i++) {
        struct calendar_date *date = &calendar->dates[i];
        date->year = small(9999);
        date->month = small(12);
        date->day = small(31);
        date->day_type = small(CALENDAR_DAY_TYPES_MAX - 1);
    }
    for (int i = 0; i < 7; i++) {
        calendar->weekday_type[i] = small(CALENDAR_DAY_TYPES_MAX - 1);
    }
}

static void read_version(struct tariff_version *version, struct calendar *calendar)
{
    memset(version, 0, sizeof(*version));
    version->valid_from_at_ms = number();
    version->kind = (enum tariff_kind)small(TARIFF_KIND__MAX - 1);
    version->period.every = (enum calendar_every)small(1);
    version->period.month = small(12);
    version->period.day = small(28);
    version->step_count = small(TARIFF_STEPS_MAX);
    for (int i = 0; i < version->step_count; i++) {
        version->step_from_wh[i] = number();
    }
    for (int i = 0; i < version->step_count; i++) {
        for (int j = 0; j < RATE__MAX; j++) {
            version->price_e4[i][j] = number();
        }
    }
    if (small(1) == 1) {
        read_calendar(calendar);
        version->calendar = calendar;
    }
}

static void read_points(int count)
{
    for (int i = 0; i < count; i++) {
        memset(&points[i], 0, sizeof(points[i]));
        points[i].at_ms = number();
        points[i].total_wh = number();
        for (int j = 0; j < RATE__MAX; j++) {
            points[i].rate_wh[j] = number();
        }
    }
}

static void must(enum rc rc, const char *what)
{
    if (rc != RC_OK) {
        printf("%s: %s\n", what, rc_name(rc));
        exit(1);
    }
}

/* Charges the stored points, leaving out those readings that `keep` has no bit for. */
static int64_t charge_stored(const struct tariff *tariff, enum charge_mode mode, size_t count,
                             uint64_t keep)
{
    struct charge_state state = {0};
    int64_t sum_fen = 0;
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        bool needed = stored[i].estimated || i + 1 == count;
        if (needed || (keep >> (i % 64) & 1) != 0) {
            int64_t fen = 0;
            must(
                charge_advance(tariff, mode, &state, &stored[last], &stored[i], NULL, &state, &fen),
                "PARTITION");
            sum_fen += fen;
            last = i;
        }
    }
    return sum_fen;
}

static void check_partitions(const struct tariff *tariff, enum charge_mode mode, size_t count,
                             int64_t want_fen)
{
    static const uint64_t keeps[] = {UINT64_MAX, 0, UINT64_C(0x5555555555555555),
                                     UINT64_C(0x9249249249249249), UINT64_C(0xF0F00FF0A5A53C3C)};
    for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
        int64_t fen = charge_stored(tariff, mode, count, keeps[i]);
        if (fen != want_fen) {
            printf("PARTITION %zu: %" PRId64 " not %" PRId64 "\n", i, fen, want_fen);
            exit(1);
        }
    }
}

static size_t write_interval(const struct tariff *tariff, enum charge_mode mode,
                             struct charge_state *state, int at, size_t count, int64_t *sum_fen)
{
    size_t split = 0;
    int64_t fen = 0;
    must(charge_split(tariff, mode, &points[at], &points[at + 1], &stored[count],
                      STORED_MAX - 1 - count, &split),
         "split");
    must(charge_interval(tariff, mode, state, &points[at], &points[at + 1], &bill, state, &fen),
         "charge");
    printf("%" PRId64 " %zu ", fen, split);
    for (size_t j = 0; j < split; j++) {
        printf("%" PRId64 " %" PRId64 " ", stored[count + j].at_ms, stored[count + j].total_wh);
    }
    stored[count + split] = points[at + 1];
    *sum_fen += fen;
    return count + split + 1;
}

static void run_case(int zone_count)
{
    memset(&zone, 0, sizeof(zone));
    zone.count = zone_count;
    for (int i = 0; i < zone_count; i++) {
        zone.rows[i].from_at_ms = number();
        zone.rows[i].offset_minutes = (int)number();
    }
    struct tariff tariff = {.versions = versions, .zone = &zone};
    tariff.version_count = small(VERSIONS_MAX);
    for (int i = 0; i < tariff.version_count; i++) {
        read_version(&versions[i], &calendars[i]);
    }
    int row = 0;
    enum tariff_fault fault = tariff_check(&tariff, &row);
    enum charge_mode mode = (enum charge_mode)small(1);
    int point_count = small(POINTS_MAX);
    read_points(point_count);
    if (fault != TARIFF_FINE) {
        printf("fault %s\n", tariff_fault_code(fault));
        return;
    }
    struct charge_state state = {0};
    charge_bill_open(&bill, &state);
    int64_t sum_fen = 0;
    size_t count = 1;
    stored[0] = points[0];
    for (int i = 0; i + 1 < point_count; i++) {
        count = write_interval(&tariff, mode, &state, i, count, &sum_fen);
    }
    int64_t bill_fen = charge_bill_close(&bill);
    printf("%" PRId64 " %" PRId64 " %" PRId64 " %d %" PRId64 "\n", state.period_start_at_ms,
           state.period_wh, state.cost_e5, bill.count, bill_fen);
    check_partitions(&tariff, mode, count, sum_fen);
}

int main(void)
{
    int zone_count = 0;
    while (scanf("%d", &zone_count) == 1) {
        if (zone_count < 0 || zone_count > CALENDAR_OFFSETS_MAX) {
            return 2;
        }
        run_case(zone_count);
    }
    return 0;
}

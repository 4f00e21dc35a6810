/* GET /overview: the park in figures, from the same rows and words as the list of meters. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/store/overview.h"
#include "core/store/power.h"
#include "core/store/row.h"
#include "core/store/tree.h"

#define CURVE_CACHE_MS 60000 /* a point is added every 15 minutes */

struct meter_counts {
    int64_t total, online, stale, never;
};

SHAPE(meter_counts, "MeterCounts", struct meter_counts,
      F_NUMBER(struct meter_counts, total, NEEDED), F_NUMBER(struct meter_counts, online, NEEDED),
      F_NUMBER(struct meter_counts, stale, NEEDED), F_NUMBER(struct meter_counts, never, NEEDED));

struct supply_counts {
    int64_t closed, tripped, keep_on, locked_out, close_by_hand, frozen, protected;
};

SHAPE(supply_counts, "SupplyCounts", struct supply_counts,
      F_NUMBER(struct supply_counts, closed, NEEDED),
      F_NUMBER(struct supply_counts, tripped, NEEDED),
      F_NUMBER(struct supply_counts, keep_on, NEEDED),
      F_NUMBER(struct supply_counts, locked_out, NEEDED),
      F_NUMBER(struct supply_counts, close_by_hand, NEEDED),
      F_NUMBER(struct supply_counts, frozen, NEEDED),
      F_NUMBER(struct supply_counts, protected, NEEDED));

struct building_figures {
    int64_t id;
    const char *name;
    int64_t units, load_w, energy_today_wh, tripped, stale;
};

SHAPE(building_figures, "BuildingFigures", struct building_figures,
      F_ID(struct building_figures, id, NEEDED), F_WORDS(struct building_figures, name, NEEDED),
      F_NUMBER(struct building_figures, units, NEEDED),
      F_NUMBER(struct building_figures, load_w, NEEDED),
      F_NUMBER(struct building_figures, energy_today_wh, NEEDED),
      F_NUMBER(struct building_figures, tripped, NEEDED),
      F_NUMBER(struct building_figures, stale, NEEDED));

SHAPE(load_point, "LoadPoint", struct load_point, F_TIME(struct load_point, at, NEEDED),
      F_NUMBER(struct load_point, power_w, NULLABLE));

SHAPE(command_counts, "CommandCounts", struct overview_commands,
      F_NUMBER(struct overview_commands, confirmed, NEEDED),
      F_NUMBER(struct overview_commands, refused, NEEDED),
      F_NUMBER(struct overview_commands, unknown, NEEDED),
      F_NUMBER(struct overview_commands, pending, NEEDED));

SHAPE(power_clock, "PowerClock", struct power_clock, F_NUMBER(struct power_clock, count, NEEDED),
      F_NUMBER(struct power_clock, p50_ms, NULLABLE),
      F_NUMBER(struct power_clock, p95_ms, NULLABLE), F_NUMBER(struct power_clock, waiting, NEEDED),
      F_ID(struct power_clock, oldest_purchase_id, NULLABLE),
      F_WORDS(struct power_clock, oldest_unit_number, NULLABLE),
      F_TIME(struct power_clock, oldest_paid_at, NULLABLE));

struct overview {
    const struct meter_counts *meters;
    const struct supply_counts *supplies;
    int64_t load_w;
    int64_t energy_today_wh;
    int64_t balance_total_fen;
    int64_t arrears_count, alarm1_count, alarm2_count;
    struct shape_list buildings;
    struct shape_list load_curve;
    const struct overview_commands *commands_today;
    int64_t command_p95_ms;
    const struct power_clock *money_to_power;
};

SHAPE(overview, "Overview", struct overview,
      F_OBJECT(struct overview, meters, NEEDED, &shape_meter_counts),
      F_OBJECT(struct overview, supplies, NEEDED, &shape_supply_counts),
      F_NUMBER(struct overview, load_w, NEEDED), F_NUMBER(struct overview, energy_today_wh, NEEDED),
      F_NUMBER(struct overview, balance_total_fen, NEEDED),
      F_NUMBER(struct overview, arrears_count, NEEDED),
      F_NUMBER(struct overview, alarm1_count, NEEDED),
      F_NUMBER(struct overview, alarm2_count, NEEDED),
      F_LIST(struct overview, buildings, &shape_building_figures),
      F_LIST(struct overview, load_curve, &shape_load_point),
      F_OBJECT(struct overview, commands_today, NEEDED, &shape_command_counts),
      F_NUMBER(struct overview, command_p95_ms, NULLABLE),
      F_OBJECT(struct overview, money_to_power, NEEDED, &shape_power_clock));

struct sums {
    struct meter_counts meters;
    struct supply_counts supplies;
    struct building_figures *buildings;
    size_t buildings_count;
};

static int64_t known(int64_t number)
{
    return number == ROW_NULL ? 0 : number;
}

static void count_state(const char *state, struct supply_counts *supplies)
{
    const struct {
        const char *state;
        int64_t *count;
    } counts[] = {
        {"closed", &supplies->closed},
        {"tripped", &supplies->tripped},
        {"keep_on", &supplies->keep_on},
        {"locked_out", &supplies->locked_out},
        {"close_by_hand", &supplies->close_by_hand},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        *counts[i].count += strcmp(counts[i].state, state) == 0 ? 1 : 0;
    }
}

static void add_building(const struct meter_row *row, struct sums *sums)
{
    for (size_t i = 0; i < sums->buildings_count; i++) {
        struct building_figures *building = &sums->buildings[i];
        if (building->id != row->building_id) {
            continue;
        }
        building->load_w += row->stale ? 0 : known(row->power_w);
        building->energy_today_wh += known(row->energy_today_wh);
        building->tripped += strcmp(row->state, "tripped") == 0 ? 1 : 0;
        building->stale += row->stale ? 1 : 0;
    }
}

/* A stale reading says nothing about the load of now; its money is still the best that is known. */
static void add_row(const struct meter_row *row, struct sums *sums, struct overview *overview)
{
    sums->meters.total++;
    sums->meters.never += row->taken_at == 0 ? 1 : 0;
    sums->meters.stale += row->stale ? 1 : 0;
    sums->meters.online += row->taken_at != 0 && !row->stale ? 1 : 0;
    count_state(row->state, &sums->supplies);
    sums->supplies.frozen += row->frozen ? 1 : 0;
    sums->supplies.protected += row->protected ? 1 : 0;
    overview->load_w += row->stale ? 0 : known(row->power_w);
    overview->energy_today_wh += known(row->energy_today_wh);
    overview->balance_total_fen += known(row->balance_fen);
    overview->arrears_count += row->level == 3 ? 1 : 0;
    overview->alarm2_count += row->level == 2 ? 1 : 0;
    overview->alarm1_count += row->level == 1 ? 1 : 0;
    add_building(row, sums);
}

static enum rc name_buildings(struct request *request, struct sums *sums)
{
    struct tree tree;
    TRY(tree_get(request->db, request->arena, &tree));
    sums->buildings =
        arena_take_array(request->arena, tree.buildings_count + 1, sizeof *sums->buildings);
    if (sums->buildings == NULL) {
        return RC_MEMORY;
    }
    sums->buildings_count = tree.buildings_count;
    for (size_t i = 0; i < tree.buildings_count; i++) {
        sums->buildings[i] =
            (struct building_figures){.id = tree.buildings[i].id, .name = tree.buildings[i].name};
        for (size_t f = 0; f < tree.buildings[i].floors_count; f++) {
            sums->buildings[i].units += tree.buildings[i].floors[f].units;
        }
    }
    return RC_OK;
}

/* Each worker keeps the day's curve for a minute: it is the only figure that reads history. */
static struct {
    struct load_point points[OVERVIEW_CURVE_MAX];
    size_t count;
    int64_t made_at_ms;
    int64_t day_start_ms;
} curve;

static enum rc load_curve(struct request *request, const struct meter_row *rows, size_t count,
                          int64_t now_ms, int64_t day_start_ms)
{
    int64_t age_ms = now_ms - curve.made_at_ms;
    if (curve.day_start_ms == day_start_ms && age_ms >= 0 && age_ms < CURVE_CACHE_MS) {
        return RC_OK;
    }
    struct load_point *points = NULL;
    size_t points_count = 0;
    TRY(overview_load_curve(request->db, request->arena, rows, count, day_start_ms, &points,
                            &points_count));
    memcpy(curve.points, points, points_count * sizeof *points);
    curve.count = points_count;
    curve.made_at_ms = now_ms;
    curve.day_start_ms = day_start_ms;
    return RC_OK;
}

enum rc handle_overview_show(struct request *request)
{
    struct meter_list_question question = park_question(request);
    struct overview overview = {0};
    struct sums sums = {0};
    struct overview_commands commands;
    struct power_clock clock;
    struct meter_row *rows = NULL;
    size_t count = 0;
    int64_t day_start_ms = 0;
    TRY(meter_list(request->db, request->arena, &question, &rows, &count));
    TRY(name_buildings(request, &sums));
    for (size_t i = 0; i < count; i++) {
        add_row(&rows[i], &sums, &overview);
    }
    TRY(overview_day_start(request->db, request->arena, question.now_ms, &day_start_ms));
    TRY(load_curve(request, rows, count, question.now_ms, day_start_ms));
    TRY(overview_commands(request->db, request->arena, day_start_ms, &commands,
                          &overview.command_p95_ms));
    TRY(power_clock_read(request->db, request->arena, day_start_ms, &clock));
    overview.meters = &sums.meters;
    overview.supplies = &sums.supplies;
    overview.buildings = (struct shape_list){sums.buildings, sums.buildings_count};
    overview.load_curve = (struct shape_list){curve.points, curve.count};
    overview.commands_today = &commands;
    overview.money_to_power = &clock;
    return request_reply(request, 200, &overview);
}

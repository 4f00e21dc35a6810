#include "cgi/handlers/park.h"

#include <string.h>

#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/base/zone.h"
#include "core/rules/command_result.h"
#include "core/store/row.h"
#include "core/store/site.h"
#include "core/store/wake.h"

#define ZONE_NAME_MAX 64
#define ZONE_AGE_MAX_MS 60000

_Static_assert(ROW_NULL == SHAPE_NULL, "a null number of the store is written as null");

static const char *const unit_states[] = {"vacant", "fitting_out", "open", "temporary", NULL};
static const char *const relays[] = {"closed", "open", "partial", "unknown", NULL};
static const char *const forced[] = {"none", "trip", "keep_on", NULL};
static const char *const states[] = {"closed", "tripped", "keep_on",       "locked_out",
                                     "stale",  "never",   "close_by_hand", NULL};
static const char *const kinds[] = {"trip", "close", "keep_on", "release", "read", NULL};

SHAPE(meter_row, "MeterRow", struct meter_row, F_ID(struct meter_row, id, NEEDED),
      F_ID(struct meter_row, supply_id, NEEDED), F_WORDS(struct meter_row, number, NEEDED),
      F_ID(struct meter_row, unit_id, NULLABLE), F_WORDS(struct meter_row, unit_number, NEEDED),
      F_WORDS(struct meter_row, shop_name, NEEDED), F_WORDS(struct meter_row, shop_pinyin, NEEDED),
      F_WORDS(struct meter_row, trade, NEEDED),
      F_ENUM(struct meter_row, unit_state, NULLABLE, unit_states),
      F_ID(struct meter_row, building_id, NULLABLE), F_ID(struct meter_row, floor_id, NULLABLE),
      F_ID(struct meter_row, room_id, NULLABLE), F_ID(struct meter_row, line_id, NEEDED),
      F_BOOL(struct meter_row, protected, NEEDED), F_BOOL(struct meter_row, close_by_hand, NEEDED),
      F_BOOL(struct meter_row, locked_out, NEEDED), F_BOOL(struct meter_row, frozen, NEEDED),
      F_BOOL(struct meter_row, read_only, NEEDED), F_ENUM(struct meter_row, relay, NEEDED, relays),
      F_ENUM(struct meter_row, forced, NEEDED, forced),
      F_ENUM(struct meter_row, state, NEEDED, states),
      F_TIME(struct meter_row, keep_on_until_at, NULLABLE),
      F_INT(struct meter_row, level, NEEDED, 0, 3),
      F_NUMBER(struct meter_row, balance_fen, NULLABLE),
      F_NUMBER(struct meter_row, balance_energy_wh, NULLABLE),
      F_NUMBER(struct meter_row, power_w, NULLABLE),
      F_NUMBER(struct meter_row, energy_wh, NULLABLE),
      F_NUMBER(struct meter_row, energy_today_wh, NULLABLE),
      F_NUMBER(struct meter_row, purchase_count, NULLABLE),
      F_TIME(struct meter_row, taken_at, NULLABLE), F_BOOL(struct meter_row, stale, NEEDED),
      F_ENUM(struct meter_row, pending_command, NULLABLE, kinds));

/* The zone of a worker, looked up again now and then: an import may change it. */
static struct {
    char name[ZONE_NAME_MAX];
    int64_t looked_at_ms;
} zone;

struct clock_parts park_local_time(const struct request *request, int64_t at_ms)
{
    struct clock_parts parts = {.month = 0};
    int64_t age_ms = clock_monotonic_ms() - zone.looked_at_ms;
    struct site site;
    if ((zone.looked_at_ms == 0 || age_ms > ZONE_AGE_MAX_MS) &&
        site_find(request->db, request->arena, &site) == RC_OK) {
        zone.looked_at_ms = clock_monotonic_ms();
        if (strcmp(zone.name, site.time_zone) != 0 && zone_set(site.time_zone) == RC_OK) {
            text_copy(zone.name, sizeof(zone.name), site.time_zone);
        }
    }
    if (zone.name[0] == '\0' || !zone_parts(at_ms, &parts)) {
        parts.month = 0;
    }
    return parts;
}

struct meter_list_question park_question(const struct request *request)
{
    int64_t now_ms = clock_now_ms();
    return (struct meter_list_question){
        .now_ms = now_ms,
        .stale_ms = config_int(request->config, CONFIG_poller_stale_s) * 1000,
        .local = park_local_time(request, now_ms),
    };
}

size_t park_limit(int64_t limit)
{
    return limit == SHAPE_NULL ? PAGE_LIMIT : (size_t)limit;
}

enum rc park_cursor(struct request *request, const char *cursor, int64_t *ret_id)
{
    if (cursor == NULL || cursor[0] == '\0') {
        *ret_id = 0;
        return RC_OK;
    }
    if (text_parse_int(cursor, strlen(cursor), 1, SHAPE_ID_MAX, ret_id) != RC_OK) {
        return request_refuse(request, RC_INVALID, "invalid_field", "cursor",
                              "cursor must be a next_cursor of this list");
    }
    return RC_OK;
}

enum rc park_refuse(struct request *request, enum rc rc, const struct command_refusal *refusal)
{
    if (rc == RC_OK || refusal->code[0] == '\0') {
        return rc;
    }
    const char *detail =
        strcmp(refusal->code, "invalid_field") == 0 ? "" : command_result_en(refusal->code);
    if (strcmp(refusal->field, "unit_number") == 0) {
        detail =
            "unit_number must be the number of this unit, as an order that cuts power needs it";
    } else if (strcmp(refusal->field, "reason") == 0) {
        detail = "reason must have 1 to 200 characters";
    } else if (strcmp(refusal->field, "keep_on_until_at") == 0) {
        detail = "keep_on_until_at must lie ahead, at most 30 days, and belongs to keep_on alone";
    }
    return request_refuse(request, rc, refusal->code, refusal->field, detail);
}

static void wake(struct request *request, int64_t shard)
{
    if (wake_poller(request->redis, (int32_t)shard) != RC_OK) {
        return; /* the poller finds the order by its next scan */
    }
}

void park_wake_after_commit(struct request *request, int32_t shard)
{
    request_after_commit(request, wake, shard);
}

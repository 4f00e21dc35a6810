#include "core/store/field_map.h"

#include <assert.h>
#include <string.h>

#define VERSION_SQL                                                                                \
    "SELECT CAST((SELECT COALESCE(SUM(CRC32(CONCAT_WS('|', l.id, l.gateway_id, l.code, l.link, "   \
    "l.port, l.device, l.baud, l.parity, l.stop_bits, l.turnaround_ms, l.response_timeout_ms, "    \
    "l.cycle_s, l.interval_s, l.writable, g.code, g.host))), 0) "                                  \
    "FROM line l JOIN gateway g ON g.id = l.gateway_id WHERE l.shard = ? AND l.enabled) * 3 + "    \
    "(SELECT COALESCE(SUM(CRC32(CONCAT_WS('|', m.id, m.line_id, m.address, m.model_id, m.number, " \
    "m.serial_number, m.ct_ratio, m.pt_ratio, m.external_control, COALESCE(s.id, 0), "             \
    "COALESCE(s.epoch, 1)))), 0) FROM line l JOIN meter m ON m.line_id = l.id "                    \
    "LEFT JOIN supply s ON s.meter_id = m.id AND s.circuit = 0 "                                   \
    "WHERE l.shard = ? AND l.enabled AND m.state = 'in_service') AS SIGNED)"

#define LINES_SQL                                                                                  \
    "SELECT l.id, l.gateway_id, l.code, g.code, g.host, l.link, l.port, l.device, l.baud, "        \
    "l.parity, l.stop_bits, l.turnaround_ms, l.response_timeout_ms, l.cycle_s, l.interval_s, "     \
    "l.writable, t.time_zone FROM line l JOIN gateway g ON g.id = l.gateway_id "                   \
    "JOIN site t ON t.id = g.site_id WHERE l.shard = ? AND l.enabled ORDER BY l.id"

#define METERS_SQL                                                                                 \
    "SELECT m.id, m.line_id, COALESCE(s.id, 0), m.address, COALESCE(s.epoch, 1), m.ct_ratio, "     \
    "m.pt_ratio, m.external_control, m.number, m.serial_number, o.code, "                          \
    "(SELECT MAX(r.taken_at) FROM reading r WHERE r.meter_id = m.id "                              \
    "AND r.taken_at > UTC_TIMESTAMP(3) - INTERVAL 2 DAY), "                                        \
    "c.taken_at, c.status_bits, c.purchase_count, c.energy_wh, c.day_start_at, "                   \
    "c.day_start_energy_wh, p.run_word, p.read_at, p.tables_read_at "                              \
    "FROM line l JOIN meter m ON m.line_id = l.id JOIN model o ON o.id = m.model_id "              \
    "LEFT JOIN supply s ON s.meter_id = m.id AND s.circuit = 0 "                                   \
    "LEFT JOIN meter_state c ON c.meter_id = m.id "                                                \
    "LEFT JOIN meter_parameter p ON p.meter_id = m.id "                                            \
    "WHERE l.shard = ? AND l.enabled AND m.state = 'in_service' ORDER BY l.id, m.address"

enum rc field_map_version(struct db *db, int32_t shard, int64_t *ret_version)
{
    assert(db != NULL && ret_version != NULL);
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, 65536);
    struct db_rows rows = {0};
    TRY(db_query(db, &arena, VERSION_SQL, DB_ARGS(db_int(shard), db_int(shard)), 1, &rows));
    if (rows.count != 1) {
        return RC_INTERNAL;
    }
    *ret_version = db_get_int(&rows, 0, 0);
    return RC_OK;
}

static enum field_link link_of(const char *name)
{
    if (strcmp(name, "modbus_tcp") == 0) {
        return FIELD_MODBUS_TCP;
    }
    return strcmp(name, "rtu_over_tcp") == 0 ? FIELD_RTU_OVER_TCP : FIELD_SERIAL;
}

static struct field_line line_of(const struct db_rows *rows, size_t row)
{
    return (struct field_line){
        .id = db_get_int(rows, row, 0),
        .gateway_id = db_get_int(rows, row, 1),
        .code = db_get_text(rows, row, 2),
        .gateway_code = db_get_text(rows, row, 3),
        .host = db_get_text(rows, row, 4),
        .link = link_of(db_get_text(rows, row, 5)),
        .port = (int32_t)db_get_int(rows, row, 6),
        .device = db_get_text(rows, row, 7),
        .baud = (int32_t)db_get_int(rows, row, 8),
        .parity = db_get_text(rows, row, 9)[0],
        .stop_bits = (int32_t)db_get_int(rows, row, 10),
        .turnaround_ms = (int32_t)db_get_int(rows, row, 11),
        .response_timeout_ms = (int32_t)db_get_int(rows, row, 12),
        .cycle_s = (int32_t)db_get_int(rows, row, 13),
        .interval_s = (int32_t)db_get_int(rows, row, 14),
        .writable = db_get_int(rows, row, 15) != 0,
    };
}

static int64_t int_or(const struct db_rows *rows, size_t row, size_t column, int64_t otherwise)
{
    return db_is_null(rows, row, column) ? otherwise : db_get_int(rows, row, column);
}

static struct field_meter meter_of(const struct db_rows *rows, size_t row)
{
    return (struct field_meter){
        .id = db_get_int(rows, row, 0),
        .line_id = db_get_int(rows, row, 1),
        .supply_id = db_get_int(rows, row, 2),
        .address = (int32_t)db_get_int(rows, row, 3),
        .epoch = (int32_t)db_get_int(rows, row, 4),
        .ct_ratio = (int32_t)db_get_int(rows, row, 5),
        .pt_ratio = (int32_t)db_get_int(rows, row, 6),
        .external_control = db_get_int(rows, row, 7) != 0,
        .number = db_get_text(rows, row, 8),
        .serial_number = db_get_text(rows, row, 9),
        .model_code = db_get_text(rows, row, 10),
        .has_row = !db_is_null(rows, row, 11),
        .row_taken_at_ms = db_get_time(rows, row, 11),
        .has_state = !db_is_null(rows, row, 12),
        .state_taken_at_ms = db_get_time(rows, row, 12),
        .status_bits = int_or(rows, row, 13, -1),
        .purchase_count = int_or(rows, row, 14, -1),
        .energy_wh = int_or(rows, row, 15, -1),
        .day_start_at_ms = db_get_time(rows, row, 16),
        .day_start_energy_wh = db_get_int(rows, row, 17),
        .run_word = int_or(rows, row, 18, -1),
        .run_word_at_ms = db_get_time(rows, row, 19),
        .tables_at_ms = db_get_time(rows, row, 20),
    };
}

/* Both lists are ordered by line: one walk gives each line its part. */
static enum rc join(struct field_map *map)
{
    size_t meter = 0;
    for (size_t i = 0; i < map->lines_count; i++) {
        struct field_line *line = &map->lines[i];
        line->meters_first = meter;
        while (meter < map->meters_count && map->meters[meter].line_id == line->id) {
            meter++;
        }
        line->meters_count = meter - line->meters_first;
    }
    return meter == map->meters_count ? RC_OK : RC_RETRY; /* changed between the two queries */
}

enum rc field_map_load(struct db *db, struct arena *arena, int32_t shard, struct field_map *ret_map)
{
    assert(db != NULL && arena != NULL && ret_map != NULL);
    struct field_map map = {.time_zone = "UTC"};
    TRY(field_map_version(db, shard, &map.version));
    struct db_rows lines = {0};
    struct db_rows meters = {0};
    TRY(db_query(db, arena, LINES_SQL, DB_ARGS(db_int(shard)), FIELD_LINES_MAX, &lines));
    TRY(db_query(db, arena, METERS_SQL, DB_ARGS(db_int(shard)), FIELD_METERS_MAX, &meters));
    map.lines_count = lines.count;
    map.meters_count = meters.count;
    map.lines = arena_take_array(arena, lines.count + 1, sizeof(*map.lines));
    map.meters = arena_take_array(arena, meters.count + 1, sizeof(*map.meters));
    if (map.lines == NULL || map.meters == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < lines.count; i++) {
        map.lines[i] = line_of(&lines, i);
    }
    if (lines.count > 0) {
        map.time_zone = db_get_text(&lines, 0, 16);
    }
    for (size_t i = 0; i < meters.count; i++) {
        map.meters[i] = meter_of(&meters, i);
    }
    TRY(join(&map));
    *ret_map = map;
    return RC_OK;
}

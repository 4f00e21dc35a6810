#include "core/store/platform.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/store/row.h"

static enum rc ids_of(struct arena *arena, const struct db_rows *rows, int64_t **ret_ids,
                      size_t *ret_count)
{
    int64_t *ids = arena_take_array(arena, rows->count + 1, sizeof *ids);
    if (ids == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows->count; i++) {
        ids[i] = db_get_int(rows, i, 0);
    }
    *ret_ids = ids;
    *ret_count = rows->count;
    return RC_OK;
}

enum rc platform_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_supply_ids,
                     size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.supply_id FROM platform_span p JOIN supply s ON s.id = p.supply_id"
                 " AND s.billing_mode = 'platform' JOIN meter m ON m.id = s.meter_id"
                 " JOIN line l ON l.id = m.line_id JOIN meter_state ms ON ms.meter_id = m.id"
                 " WHERE p.until_at IS NULL AND ms.taken_at > p.seen_at AND (p.low"
                 " OR ms.taken_at >= p.charged_at + INTERVAL l.interval_s SECOND"
                 " OR EXISTS (SELECT 1 FROM command c WHERE c.supply_id = p.supply_id"
                 " AND c.state = 'confirmed' AND c.kind <> 'read' AND c.ended_at > p.charged_at"
                 " AND c.ended_at <= ms.taken_at)"
                 " OR EXISTS (SELECT 1 FROM supply_epoch e WHERE e.supply_id = p.supply_id"
                 " AND e.closed_at > p.charged_at))"
                 " AND NOT EXISTS (SELECT 1 FROM mode_change x WHERE x.live_supply = p.supply_id"
                 " AND x.to_mode = 'meter' AND x.state IN ('switching', 'stuck'))"
                 " ORDER BY p.seen_at LIMIT ?",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    return ids_of(arena, &rows, ret_supply_ids, ret_count);
}

enum rc platform_tripped(struct db *db, struct arena *arena, size_t max, int64_t **ret_supply_ids,
                         size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT supply_id FROM platform_span WHERE trip_command_id IS NOT NULL"
                 " AND until_at IS NULL ORDER BY id LIMIT ?",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    return ids_of(arena, &rows, ret_supply_ids, ret_count);
}

enum rc platform_without_span(struct db *db, struct arena *arena, size_t max,
                              int64_t **ret_supply_ids, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.id FROM supply s JOIN supply_epoch e ON e.live_supply = s.id"
                 " AND e.epoch = s.epoch JOIN account_supply o ON o.live_supply = s.id"
                 " JOIN account a ON a.id = o.account_id AND a.state = 'open'"
                 " LEFT JOIN platform_span p ON p.live_supply = s.id"
                 " WHERE s.billing_mode = 'platform' AND p.id IS NULL AND NOT EXISTS (SELECT 1 FROM"
                 " account_close c WHERE c.account_id = a.id AND c.state = 'settled') LIMIT ?",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    return ids_of(arena, &rows, ret_supply_ids, ret_count);
}

enum rc platform_span_live(struct db *db, struct arena *arena, int64_t supply_id,
                           struct platform_span *ret_span)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.id, p.supply_id, p.from_at, p.charged_at, p.seen_at, p.low,"
                 " p.trip_command_id, s.overdraft_fen, l.interval_s, s.billing_mode = 'platform',"
                 " EXISTS (SELECT 1 FROM mode_change x WHERE x.live_supply = s.id"
                 " AND x.to_mode = 'meter' AND x.state IN ('moving', 'switching', 'stuck'))"
                 " FROM platform_span p JOIN supply s ON s.id = p.supply_id"
                 " JOIN meter m ON m.id = s.meter_id JOIN line l ON l.id = m.line_id"
                 " WHERE p.live_supply = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_span = (struct platform_span){.id = db_get_int(&rows, 0, 0),
                                       .supply_id = db_get_int(&rows, 0, 1),
                                       .from_at_ms = db_get_time(&rows, 0, 2),
                                       .charged_at_ms = db_get_time(&rows, 0, 3),
                                       .seen_at_ms = db_get_time(&rows, 0, 4),
                                       .low = row_bool(&rows, 0, 5),
                                       .trip_command_id = db_get_int(&rows, 0, 6),
                                       .overdraft_fen = db_get_int(&rows, 0, 7),
                                       .interval_ms = db_get_int(&rows, 0, 8) * 1000,
                                       .platform_mode = row_bool(&rows, 0, 9),
                                       .ending = row_bool(&rows, 0, 10)};
    return RC_OK;
}

static struct db_value rate_of(const struct platform_reading *reading, enum rate rate)
{
    return db_int_or_null(reading->has_rates, reading->point.rate_wh[rate]);
}

enum rc platform_span_open(struct db *db, int64_t supply_id, int64_t change_id, int64_t fee_push_id,
                           const struct platform_reading *from)
{
    assert(db_in_transaction(db));
    struct db_value at = db_time(from->point.at_ms);
    return db_execute(
        db,
        "INSERT INTO platform_span (supply_id, epoch, mode_change_id, fee_push_id, from_at,"
        " energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh,"
        " energy_valley_wh, charged_at, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int(supply_id), db_int(from->epoch), db_int_or_null(change_id != 0, change_id),
                db_int_or_null(fee_push_id != 0, fee_push_id), at, db_int(from->point.total_wh),
                rate_of(from, RATE_SHARP), rate_of(from, RATE_PEAK), rate_of(from, RATE_FLAT),
                rate_of(from, RATE_VALLEY), at, at),
        NULL);
}

static enum rc one_row(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc platform_span_close(struct db *db, int64_t id, int64_t change_id, int64_t until_at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "UPDATE platform_span SET until_at = ?, end_change_id = ?"
        " WHERE id = ? AND until_at IS NULL",
        DB_ARGS(db_time(until_at_ms), db_int_or_null(change_id != 0, change_id), db_int(id)),
        &outcome));
    return one_row(&outcome);
}

enum rc platform_span_note(struct db *db, int64_t id, int64_t charged_at_ms, int64_t seen_at_ms,
                           bool low)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE platform_span SET charged_at = ?, seen_at = ?, low = ?"
                   " WHERE id = ? AND until_at IS NULL",
                   DB_ARGS(db_time(charged_at_ms), db_time(seen_at_ms), db_int(low), db_int(id)),
                   &outcome));
    return one_row(&outcome);
}

enum rc platform_span_set_trip(struct db *db, int64_t id, int64_t command_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE platform_span SET trip_command_id = ? WHERE id = ?",
                   DB_ARGS(db_int_or_null(command_id != 0, command_id), db_int(id)), &outcome));
    return one_row(&outcome);
}

/* Columns: epoch, at, total, sharp, peak, flat, valley. */
static void fill_reading(const struct db_rows *rows, size_t column,
                         struct platform_reading *reading)
{
    *reading = (struct platform_reading){
        .epoch = db_get_int(rows, 0, column),
        .point = {.at_ms = db_get_time(rows, 0, column + 1),
                  .total_wh = db_get_int(rows, 0, column + 2)},
        .has_rates = true,
    };
    for (size_t i = 0; i < 4; i++) {
        reading->has_rates = reading->has_rates && !db_is_null(rows, 0, column + 3 + i);
        reading->point.rate_wh[i] = db_get_int(rows, 0, column + 3 + i);
    }
}

enum rc platform_last(struct db *db, struct arena *arena, const struct platform_span *span,
                      struct platform_reading *ret_reading, struct charge_state *ret_state)
{
    struct db_rows rows;
    *ret_state = (struct charge_state){0};
    TRY(db_query(db, arena,
                 "SELECT epoch, to_at, energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh,"
                 " energy_valley_wh, period_start_at, period_wh, cost_e5, span_id"
                 " FROM charge WHERE supply_id = ? ORDER BY to_at DESC LIMIT 1",
                 DB_ARGS(db_int(span->supply_id)), 1, &rows));
    if (rows.count == 1) {
        *ret_state = (struct charge_state){.period_start_at_ms = db_get_time(&rows, 0, 7),
                                           .period_wh = db_get_int(&rows, 0, 8),
                                           .cost_e5 = db_get_int(&rows, 0, 9)};
        if (db_get_int(&rows, 0, 10) == span->id) {
            fill_reading(&rows, 0, ret_reading);
            return RC_OK;
        }
    }
    TRY(db_query(db, arena,
                 "SELECT epoch, from_at, energy_wh, energy_sharp_wh, energy_peak_wh,"
                 " energy_flat_wh, energy_valley_wh FROM platform_span WHERE id = ?",
                 DB_ARGS(db_int(span->id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_reading(&rows, 0, ret_reading);
    return RC_OK;
}

enum rc platform_newest(struct db *db, struct arena *arena, int64_t supply_id,
                        struct platform_reading *ret_reading)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.epoch, ms.taken_at, ms.energy_wh, ms.energy_sharp_wh, ms.energy_peak_wh,"
                 " ms.energy_flat_wh, ms.energy_valley_wh, ms.power_w FROM supply s"
                 " JOIN meter_state ms ON ms.meter_id = s.meter_id"
                 " WHERE s.id = ? AND ms.energy_wh IS NOT NULL",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_reading(&rows, 0, ret_reading);
    ret_reading->power_w = db_get_int(&rows, 0, 7);
    return RC_OK;
}

enum rc platform_epoch(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                       struct platform_reading *ret_open, bool *ret_closed,
                       struct platform_reading *ret_close)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT opened_at, open_energy_wh, closed_at, close_energy_wh FROM supply_epoch"
                 " WHERE supply_id = ? AND epoch = ?",
                 DB_ARGS(db_int(supply_id), db_int(epoch)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_open = (struct platform_reading){
        .epoch = epoch,
        .point = {.at_ms = db_get_time(&rows, 0, 0), .total_wh = db_get_int(&rows, 0, 1)}};
    *ret_closed = !db_is_null(&rows, 0, 2);
    *ret_close = (struct platform_reading){
        .epoch = epoch,
        .point = {.at_ms = db_get_time(&rows, 0, 2), .total_wh = db_get_int(&rows, 0, 3)}};
    return RC_OK;
}

enum rc platform_tariff(struct db *db, struct arena *arena, int64_t supply_id, int64_t at_ms,
                        int64_t until_ms, int64_t *ret_tariff_id, int64_t *ret_next_ms)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT t.tariff_id, (SELECT MIN(n.valid_from_at) FROM supply_tariff n"
        " WHERE n.supply_id = t.supply_id AND n.valid_from_at > GREATEST(t.valid_from_at, ?)"
        " AND n.valid_from_at < ?) FROM supply_tariff t WHERE t.supply_id = ?"
        " ORDER BY t.valid_from_at <= ? DESC,"
        " ABS(TIMESTAMPDIFF(MICROSECOND, t.valid_from_at, ?)) LIMIT 1",
        DB_ARGS(db_time(at_ms), db_time(until_ms), db_int(supply_id), db_time(at_ms),
                db_time(at_ms)),
        1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_tariff_id = db_get_int(&rows, 0, 0);
    *ret_next_ms = db_is_null(&rows, 0, 1) ? until_ms : db_get_time(&rows, 0, 1);
    return RC_OK;
}

static void take_part(const struct db_rows *rows, size_t column, enum rate_table_part part,
                      uint8_t *out, size_t len, struct rate_table_bytes *tables)
{
    const struct db_value *value = db_at(rows, 0, column);
    if (value->kind != DB_NULL && value->len == len) {
        memcpy(out, value->text, len);
        tables->parts |= (uint8_t)part;
    }
}

enum rc platform_tables(struct db *db, struct arena *arena, int64_t supply_id,
                        struct rate_table_bytes *ret_tables)
{
    struct db_rows rows;
    struct rate_table_bytes tables = {.parts = 0};
    TRY(db_query(db, arena,
                 "SELECT p.rate_zones, p.day_table_1, p.day_table_2 FROM supply s"
                 " JOIN meter_parameter p ON p.meter_id = s.meter_id WHERE s.id = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 1) {
        take_part(&rows, 0, RATE_TABLE_ZONES, tables.zones, sizeof tables.zones, &tables);
        take_part(&rows, 1, RATE_TABLE_DAY_1, tables.days[0], sizeof tables.days[0], &tables);
        take_part(&rows, 2, RATE_TABLE_DAY_2, tables.days[1], sizeof tables.days[1], &tables);
    }
    *ret_tables = tables;
    return RC_OK;
}

enum rc platform_charge_add(struct db *db, const struct platform_charge *charge, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    const struct platform_reading *to = &charge->to;
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO charge (supply_id, epoch, span_id, from_at, to_at, tariff_id, mode,"
        " estimated, energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh,"
        " energy_valley_wh, fen, period_start_at, period_wh, cost_e5)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int(charge->supply_id), db_int(to->epoch), db_int(charge->span_id),
                db_time(charge->from_at_ms), db_time(to->point.at_ms), db_int(charge->tariff_id),
                db_text(charge->mode == CHARGE_BY_TIME ? "by_time" : "by_registers"),
                db_int(to->point.estimated), db_int(to->point.total_wh), rate_of(to, RATE_SHARP),
                rate_of(to, RATE_PEAK), rate_of(to, RATE_FLAT), rate_of(to, RATE_VALLEY),
                db_int(charge->fen), db_time(charge->state.period_start_at_ms),
                db_int(charge->state.period_wh), db_int(charge->state.cost_e5)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc platform_note_power(struct db *db, int64_t stale_ms)
{
    int64_t now_ms = clock_now_ms();
    return db_execute(
        db,
        "UPDATE purchase b JOIN supply s ON s.id = b.supply_id"
        " JOIN meter_state ms ON ms.meter_id = s.meter_id"
        " SET b.power_at = ms.taken_at WHERE b.state = 'credited'"
        " AND b.power_at IS NULL AND b.ended_at > ? AND ms.relay = 'closed'"
        " AND ms.taken_at > b.ended_at AND ms.taken_at > ?",
        DB_ARGS(db_time(now_ms - INT64_C(7) * 86400 * 1000), db_time(now_ms - stale_ms)), NULL);
}

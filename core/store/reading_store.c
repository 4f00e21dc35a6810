#include "core/store/reading_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

#define STATE_HEAD                                                                                 \
    "INSERT INTO meter_state (meter_id, taken_at, stored_at, voltage_a_mv, voltage_b_mv, "         \
    "voltage_c_mv, current_a_ma, current_b_ma, current_c_ma, power_a_w, power_b_w, power_c_w, "    \
    "power_w, reactive_var, power_factor_milli, energy_wh, energy_sharp_wh, energy_peak_wh, "      \
    "energy_flat_wh, energy_valley_wh, balance_fen, purchase_count, status_bits, control_bits, "   \
    "load_trip_count, load_trip_allowed, max_demand_w, relay, forced, meter_clock_at, "            \
    "day_start_at, day_start_energy_wh) VALUES "

/* One poller owns a meter, so a newer row is always the later statement; no comparison is needed.
 */
#define STATE_TAIL                                                                                 \
    " ON DUPLICATE KEY UPDATE taken_at = VALUES(taken_at), stored_at = VALUES(stored_at), "        \
    "voltage_a_mv = VALUES(voltage_a_mv), voltage_b_mv = VALUES(voltage_b_mv), "                   \
    "voltage_c_mv = VALUES(voltage_c_mv), current_a_ma = VALUES(current_a_ma), "                   \
    "current_b_ma = VALUES(current_b_ma), current_c_ma = VALUES(current_c_ma), "                   \
    "power_a_w = VALUES(power_a_w), power_b_w = VALUES(power_b_w), "                               \
    "power_c_w = VALUES(power_c_w), power_w = VALUES(power_w), "                                   \
    "reactive_var = VALUES(reactive_var), power_factor_milli = VALUES(power_factor_milli), "       \
    "energy_wh = VALUES(energy_wh), energy_sharp_wh = VALUES(energy_sharp_wh), "                   \
    "energy_peak_wh = VALUES(energy_peak_wh), energy_flat_wh = VALUES(energy_flat_wh), "           \
    "energy_valley_wh = VALUES(energy_valley_wh), balance_fen = VALUES(balance_fen), "             \
    "purchase_count = VALUES(purchase_count), status_bits = VALUES(status_bits), "                 \
    "control_bits = VALUES(control_bits), load_trip_count = VALUES(load_trip_count), "             \
    "load_trip_allowed = VALUES(load_trip_allowed), max_demand_w = VALUES(max_demand_w), "         \
    "relay = VALUES(relay), forced = VALUES(forced), meter_clock_at = VALUES(meter_clock_at), "    \
    "day_start_at = VALUES(day_start_at), day_start_energy_wh = VALUES(day_start_energy_wh)"

#define ROW_HEAD                                                                                   \
    "INSERT IGNORE INTO reading (meter_id, taken_at, kind, epoch, energy_wh, energy_sharp_wh, "    \
    "energy_peak_wh, energy_flat_wh, energy_valley_wh, balance_fen, purchase_count, "              \
    "status_bits, power_w) VALUES "

/* Points of a meter_state row in the order of STATE_HEAD; bounds keep a mad meter within its INT
 * column. */
static const enum point state_points[] = {
    POINT_voltage_a,     POINT_voltage_b,       POINT_voltage_c,         POINT_current_a,
    POINT_current_b,     POINT_current_c,       POINT_power_a,           POINT_power_b,
    POINT_power_c,       POINT_power,           POINT_reactive,          POINT_power_factor,
    POINT_energy,        POINT_energy_sharp,    POINT_energy_peak,       POINT_energy_flat,
    POINT_energy_valley, POINT_balance,         POINT_purchase_count,    POINT_status_bits,
    POINT_control_bits,  POINT_load_trip_count, POINT_load_trip_allowed, POINT_max_demand,
};

static const struct {
    enum point point;
    const char *column;
} parameter_columns[] = {
    {POINT_model_code, "model_code"},
    {POINT_run_word, "run_word"},
    {POINT_fee_control_enabled, "fee_control_enabled"},
    {POINT_price_sharp, "price_sharp_e4"},
    {POINT_price_peak, "price_peak_e4"},
    {POINT_price_flat, "price_flat_e4"},
    {POINT_price_valley, "price_valley_e4"},
    {POINT_alarm1, "alarm1_fen"},
    {POINT_alarm2, "alarm2_fen"},
    {POINT_overdraft, "overdraft_fen"},
};

static int64_t value_or_absent(const struct reading *reading, enum point point)
{
    int64_t value = 0;
    return reading_get(reading, point, &value) ? value : READING_ABSENT;
}

struct reading_row reading_entry_row(const struct reading_entry *entry)
{
    assert(entry != NULL && entry->kind != READING_STATE_ONLY);
    const struct reading *reading = &entry->reading;
    return (struct reading_row){
        .meter_id = reading->meter_id,
        .taken_at_ms = reading->taken_at_ms,
        .kind = (int32_t)entry->kind,
        .epoch = entry->epoch,
        .energy_wh = value_or_absent(reading, POINT_energy),
        .energy_sharp_wh = value_or_absent(reading, POINT_energy_sharp),
        .energy_peak_wh = value_or_absent(reading, POINT_energy_peak),
        .energy_flat_wh = value_or_absent(reading, POINT_energy_flat),
        .energy_valley_wh = value_or_absent(reading, POINT_energy_valley),
        .balance_fen = value_or_absent(reading, POINT_balance),
        .purchase_count = value_or_absent(reading, POINT_purchase_count),
        .status_bits = value_or_absent(reading, POINT_status_bits),
        .power_w = value_or_absent(reading, POINT_power),
    };
}

static void add_value(struct text *sql, int64_t value)
{
    if (value == READING_ABSENT) {
        text_add(sql, ",NULL", 5);
        return;
    }
    text_add_char(sql, ',');
    text_add_int(sql, value);
}

/* For INT columns: what does not fit is stored as the nearest that does. */
static int64_t clamp_int(int64_t value)
{
    if (value == READING_ABSENT) {
        return value;
    }
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value;
}

static void add_time(struct text *sql, int64_t at_ms)
{
    char text[CLOCK_TEXT_MAX];
    text_add(sql, ",'", 2);
    text_add_string(sql, clock_format_datetime(at_ms, text));
    text_add_char(sql, '\'');
}

static void add_time_or_null(struct text *sql, int64_t at_ms)
{
    if (at_ms <= 0) {
        text_add(sql, ",NULL", 5);
    } else {
        add_time(sql, at_ms);
    }
}

static void add_name(struct text *sql, const char *name)
{
    text_add(sql, ",'", 2);
    text_add_string(sql, name);
    text_add_char(sql, '\'');
}

static bool is_wide(enum point point)
{
    return (point >= POINT_energy && point <= POINT_energy_valley) || point == POINT_balance;
}

static void add_state(struct text *sql, const struct reading_entry *entry, int64_t stored_at_ms)
{
    text_add_int(sql, entry->reading.meter_id);
    add_time(sql, entry->reading.taken_at_ms);
    add_time(sql, stored_at_ms);
    for (size_t i = 0; i < ARRAY_LEN(state_points); i++) {
        int64_t value = value_or_absent(&entry->reading, state_points[i]);
        add_value(sql, is_wide(state_points[i]) ? value : clamp_int(value));
    }
    add_name(sql, entry->relay);
    add_name(sql, entry->forced);
    add_time_or_null(sql, entry->meter_clock_at_ms);
    add_time_or_null(sql, entry->day_start_at_ms);
    add_value(sql, entry->day_start_at_ms > 0 ? entry->day_start_energy_wh : READING_ABSENT);
}

void reading_sql_states(struct text *sql, const struct reading_entry *const *entries, size_t count,
                        int64_t stored_at_ms)
{
    for (size_t i = 0; i < count; i++) {
        text_add_string(sql, i == 0 ? STATE_HEAD "(" : ",(");
        add_state(sql, entries[i], stored_at_ms);
        text_add_char(sql, ')');
    }
    if (count > 0) {
        text_add_string(sql, STATE_TAIL);
    }
}

static void add_row(struct text *sql, const struct reading_row *row)
{
    text_add_int(sql, row->meter_id);
    add_time(sql, row->taken_at_ms);
    add_name(sql, row->kind == READING_CHANGE ? "change" : "interval");
    add_value(sql, row->epoch);
    add_value(sql, row->energy_wh);
    add_value(sql, row->energy_sharp_wh);
    add_value(sql, row->energy_peak_wh);
    add_value(sql, row->energy_flat_wh);
    add_value(sql, row->energy_valley_wh);
    add_value(sql, row->balance_fen);
    add_value(sql, clamp_int(row->purchase_count));
    add_value(sql, clamp_int(row->status_bits));
    add_value(sql, clamp_int(row->power_w));
}

void reading_sql_rows(struct text *sql, const struct reading_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add_string(sql, i == 0 ? ROW_HEAD "(" : ",(");
        add_row(sql, &rows[i]);
        text_add_char(sql, ')');
    }
}

/* A serial number is BCD digits held as a number's hex nibbles or its decimal value: the model
   says; here it comes as twelve decimal digits. */
static void add_serial(struct text *sql, int64_t serial_number)
{
    text_printf(sql, "'%012lld'", (long long)serial_number);
}

static void add_hex(struct text *sql, const uint8_t *bytes, size_t len)
{
    text_add(sql, ",X'", 3);
    for (size_t i = 0; i < len; i++) {
        text_printf(sql, "%02X", (unsigned)bytes[i]);
    }
    text_add_char(sql, '\'');
}

/* read_at stays what it was: it is the age of the points. */
static void add_tables(struct text *sql, const struct reading_entry *entry)
{
    const struct {
        enum rate_table_part part;
        const char *column;
        const uint8_t *bytes;
        size_t len;
    } rows[] = {
        {RATE_TABLE_ZONES, "rate_zones", entry->tables.zones, RATE_TABLE_ZONES_BYTES},
        {RATE_TABLE_DAY_1, "day_table_1", entry->tables.days[0], RATE_TABLE_DAY_BYTES},
        {RATE_TABLE_DAY_2, "day_table_2", entry->tables.days[1], RATE_TABLE_DAY_BYTES},
    };
    text_add_string(sql, "INSERT INTO meter_parameter (meter_id, read_at, tables_read_at");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((entry->tables.parts & rows[i].part) != 0) {
            text_printf(sql, ", %s", rows[i].column);
        }
    }
    text_add_string(sql, ") VALUES (");
    text_add_int(sql, entry->reading.meter_id);
    add_time(sql, entry->reading.taken_at_ms);
    add_time(sql, entry->reading.taken_at_ms);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((entry->tables.parts & rows[i].part) != 0) {
            add_hex(sql, rows[i].bytes, rows[i].len);
        }
    }
    text_add_string(sql, ") ON DUPLICATE KEY UPDATE tables_read_at = VALUES(tables_read_at)");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((entry->tables.parts & rows[i].part) != 0) {
            text_printf(sql, ", %s = VALUES(%s)", rows[i].column, rows[i].column);
        }
    }
}

void reading_sql_parameters(struct text *sql, const struct reading_entry *entry)
{
    if (entry->tables.parts != 0) {
        add_tables(sql, entry);
        return;
    }
    int64_t value = 0;
    bool has_serial = reading_get(&entry->reading, POINT_serial_number, &value);
    text_add_string(sql, "INSERT INTO meter_parameter (meter_id, read_at");
    text_add_string(sql, has_serial ? ", serial_number, serial_read_at" : "");
    for (size_t i = 0; i < ARRAY_LEN(parameter_columns); i++) {
        if (reading_get(&entry->reading, parameter_columns[i].point, &value)) {
            text_add_string(sql, ", ");
            text_add_string(sql, parameter_columns[i].column);
        }
    }
    text_add_string(sql, ") VALUES (");
    text_add_int(sql, entry->reading.meter_id);
    add_time(sql, entry->reading.taken_at_ms);
    if (has_serial) {
        (void)reading_get(&entry->reading, POINT_serial_number, &value);
        text_add_char(sql, ',');
        add_serial(sql, value);
        add_time(sql, entry->reading.taken_at_ms);
    }
    for (size_t i = 0; i < ARRAY_LEN(parameter_columns); i++) {
        if (reading_get(&entry->reading, parameter_columns[i].point, &value)) {
            add_value(sql, value);
        }
    }
    text_add_string(sql, ") ON DUPLICATE KEY UPDATE read_at = VALUES(read_at)");
    text_add_string(sql, has_serial ? ", serial_number = VALUES(serial_number), serial_read_at ="
                                      " VALUES(serial_read_at)"
                                    : "");
    for (size_t i = 0; i < ARRAY_LEN(parameter_columns); i++) {
        if (reading_get(&entry->reading, parameter_columns[i].point, &value)) {
            text_printf(sql, ", %s = VALUES(%s)", parameter_columns[i].column,
                        parameter_columns[i].column);
        }
    }
}

enum rc reading_batch_init(struct reading_batch *batch, size_t size)
{
    assert(batch != NULL && size >= 1 && size <= READING_BATCH_MAX);
    *batch = (struct reading_batch){.size = size, .slots_count = 2};
    while (batch->slots_count < size * 2) {
        batch->slots_count *= 2;
    }
    text_init(&batch->sql, READING_SQL_BYTES_MAX);
    batch->latest = calloc(size, sizeof(*batch->latest));
    batch->rows = calloc(size, sizeof(*batch->rows));
    batch->slots = calloc(batch->slots_count, sizeof(*batch->slots));
    if (batch->latest == NULL || batch->rows == NULL || batch->slots == NULL) {
        reading_batch_release(batch);
        return RC_MEMORY;
    }
    return RC_OK;
}

void reading_batch_release(struct reading_batch *batch)
{
    assert(batch != NULL);
    text_release(&batch->sql);
    free(batch->latest);
    free(batch->rows);
    free(batch->slots);
    *batch = (struct reading_batch){0};
}

/* Fills batch->latest with the last state of each meter; returns how many. */
static size_t find_latest(struct reading_batch *batch, const struct reading_entry *entries,
                          size_t count)
{
    size_t found = 0;
    size_t slots = 2; /* as few as this batch needs: the rest stays untouched memory */
    while (slots < count * 2) {
        slots *= 2;
    }
    assert(slots <= batch->slots_count);
    memset(batch->slots, 0, slots * sizeof(*batch->slots));
    for (size_t i = 0; i < count; i++) {
        if (entries[i].slow) {
            continue;
        }
        uint64_t hash = (uint64_t)entries[i].reading.meter_id * UINT64_C(0x9E3779B97F4A7C15);
        size_t slot = (size_t)(hash >> 32) & (slots - 1);
        while (batch->slots[slot] != 0 && batch->latest[batch->slots[slot] - 1]->reading.meter_id !=
                                              entries[i].reading.meter_id) {
            slot = (slot + 1) & (slots - 1);
        }
        if (batch->slots[slot] == 0) {
            batch->slots[slot] = (uint32_t)++found;
        }
        batch->latest[batch->slots[slot] - 1] = &entries[i];
    }
    return found;
}

struct write_job {
    struct reading_batch *batch;
    const struct reading_entry *entries;
    size_t count;
    int64_t stored_at_ms;
};

static enum rc run(struct db *db, struct text *sql)
{
    TRY(text_result(sql));
    return sql->len == 0 ? RC_OK : db_execute_text(db, sql->bytes, sql->len, NULL);
}

static enum rc write_batch(struct db *db, void *context)
{
    struct write_job *job = context;
    struct reading_batch *batch = job->batch;
    size_t states = find_latest(batch, job->entries, job->count);
    text_clear(&batch->sql);
    reading_sql_states(&batch->sql, batch->latest, states, job->stored_at_ms);
    TRY(run(db, &batch->sql));
    size_t rows = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (!job->entries[i].slow && job->entries[i].kind != READING_STATE_ONLY) {
            batch->rows[rows++] = reading_entry_row(&job->entries[i]);
        }
    }
    text_clear(&batch->sql);
    reading_sql_rows(&batch->sql, batch->rows, rows);
    TRY(run(db, &batch->sql));
    for (size_t i = 0; i < job->count; i++) {
        if (job->entries[i].slow) {
            text_clear(&batch->sql);
            reading_sql_parameters(&batch->sql, &job->entries[i]);
            TRY(run(db, &batch->sql));
        }
    }
    return RC_OK;
}

enum rc reading_store_write(struct db *db, struct reading_batch *batch,
                            const struct reading_entry *entries, size_t count)
{
    assert(db != NULL && batch != NULL && entries != NULL);
    assert(count >= 1 && count <= batch->size);
    struct write_job job = {batch, entries, count, clock_now_ms()};
    return db_transact(db, write_batch, &job);
}

struct replay_job {
    struct text *sql;
};

static enum rc replay(struct db *db, void *context)
{
    struct replay_job *job = context;
    return run(db, job->sql);
}

enum rc reading_store_replay(struct db *db, struct text *sql, const struct reading_row *rows,
                             size_t count)
{
    assert(db != NULL && sql != NULL && rows != NULL);
    assert(count >= 1 && count <= READING_BATCH_MAX);
    text_clear(sql);
    reading_sql_rows(sql, rows, count);
    struct replay_job job = {sql};
    return db_transact(db, replay, &job);
}

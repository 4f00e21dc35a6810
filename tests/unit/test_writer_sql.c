/* The bulk statements of the writer: columns and values agree in number, absent is NULL, wild
 * values are bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/store/reading_store.h"
#include "core/store/reading_stream.h"

static struct reading_entry entry_of(int64_t meter_id)
{
    struct reading_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.reading.meter_id = meter_id;
    entry.reading.taken_at_ms = INT64_C(1785000000123);
    entry.epoch = 2;
    entry.kind = READING_CHANGE;
    memcpy(entry.relay, "closed", 7);
    memcpy(entry.forced, "none", 5);
    reading_set(&entry.reading, POINT_energy, INT64_C(42949672950));
    reading_set(&entry.reading, POINT_balance, -1250);
    reading_set(&entry.reading, POINT_power, INT64_C(99999999999));
    reading_set(&entry.reading, POINT_status_bits, 0xE000);
    return entry;
}

/* Items of the first parenthesis after `from`, commas inside quotes not counted. */
static int items(const char *from)
{
    int count = 1;
    bool quoted = false;
    for (const char *at = strchr(from, '(') + 1; *at != ')' || quoted; at++) {
        assert_int_not_equal(*at, '\0');
        quoted = *at == '\'' ? !quoted : quoted;
        count += *at == ',' && !quoted;
    }
    return count;
}

static void states_agree(void **state)
{
    (void)state;
    struct reading_entry a = entry_of(7);
    struct reading_entry b = entry_of(8);
    b.day_start_at_ms = INT64_C(1784995200000);
    b.day_start_energy_wh = 12;
    const struct reading_entry *entries[] = {&a, &b};
    struct text sql CLEANUP(text_release);
    text_init(&sql, 1 << 20);
    reading_sql_states(&sql, entries, 2, INT64_C(1785000000200));
    assert_int_equal(text_result(&sql), RC_OK);
    const char *values = strstr(sql.bytes, "VALUES (");
    assert_int_equal(items(sql.bytes), items(values));
    assert_non_null(strstr(values, "42949672950"));
    assert_non_null(strstr(values, ",2147483647,")); /* power is INT */
    assert_non_null(strstr(values, "'closed','none',NULL,NULL,NULL)"));
    assert_non_null(strstr(values, ",12)"));
    assert_non_null(strstr(values, "'2026-07-25 17:20:00.123'"));
}

static void rows_agree(void **state)
{
    (void)state;
    struct reading_entry a = entry_of(7);
    struct reading_row row = reading_entry_row(&a);
    struct text sql CLEANUP(text_release);
    text_init(&sql, 1 << 20);
    reading_sql_rows(&sql, &row, 1);
    const char *values = strstr(sql.bytes, "VALUES (");
    assert_int_equal(items(sql.bytes), items(values));
    assert_non_null(strstr(sql.bytes, "INSERT IGNORE"));
    assert_non_null(strstr(values, "(7,'2026-07-25 17:20:00.123','change',2,42949672950,NULL,"));
}

static void parameters_hold_only_what_was_read(void **state)
{
    (void)state;
    struct reading_entry entry = entry_of(7);
    entry.slow = true;
    reading_set(&entry.reading, POINT_price_peak, 12345);
    reading_set(&entry.reading, POINT_serial_number, INT64_C(30992933794));
    struct text sql CLEANUP(text_release);
    text_init(&sql, 1 << 20);
    reading_sql_parameters(&sql, &entry);
    assert_int_equal(items(sql.bytes), items(strstr(sql.bytes, "VALUES (")));
    assert_non_null(strstr(sql.bytes, "'030992933794'"));
    assert_non_null(strstr(sql.bytes, "price_peak_e4 = VALUES(price_peak_e4)"));
    assert_null(strstr(sql.bytes, "price_flat_e4"));
}

static void tables_are_stored_raw(void **state)
{
    (void)state;
    struct reading_entry entry = entry_of(7);
    entry.reading.present = 0;
    entry.slow = true;
    entry.tables.parts = RATE_TABLE_DAY_1 | RATE_TABLE_DAY_2;
    entry.tables.days[0][0] = 4;
    entry.tables.days[0][41] = 23;
    entry.tables.days[1][1] = 0xAB;
    struct text sql CLEANUP(text_release);
    text_init(&sql, 1 << 20);
    reading_sql_parameters(&sql, &entry);
    assert_int_equal(items(sql.bytes), items(strstr(sql.bytes, "VALUES (")));
    assert_non_null(strstr(sql.bytes, ",X'040000"));
    assert_non_null(strstr(sql.bytes, "000017',X'00AB00"));
    assert_non_null(strstr(sql.bytes, "day_table_2 = VALUES(day_table_2)"));
    assert_null(strstr(sql.bytes, "rate_zones"));                /* was not read */
    assert_null(strstr(sql.bytes, "read_at = VALUES(read_at)")); /* the age of the points */
}

static void nothing_is_no_statement(void **state)
{
    (void)state;
    struct text sql CLEANUP(text_release);
    text_init(&sql, 100);
    reading_sql_states(&sql, NULL, 0, 1);
    reading_sql_rows(&sql, NULL, 0);
    assert_int_equal(sql.len, 0);
}

static void last_value_is_compact_json(void **state)
{
    (void)state;
    struct reading_entry entry = entry_of(7);
    struct text json CLEANUP(text_release);
    text_init(&json, 512);
    reading_stream_json(&json, &entry);
    assert_string_equal(json.bytes, "{\"at\":1785000000123,\"p\":99999999999,\"e\":42949672950,"
                                    "\"b\":-1250,\"s\":57344,\"r\":\"closed\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_agree),
        cmocka_unit_test(rows_agree),
        cmocka_unit_test(parameters_hold_only_what_was_read),
        cmocka_unit_test(tables_are_stored_raw),
        cmocka_unit_test(nothing_is_no_statement),
        cmocka_unit_test(last_value_is_compact_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

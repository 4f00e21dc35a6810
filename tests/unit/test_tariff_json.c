/* Bodies of tariff versions: what is read, and which field a refusal names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/rules/money.h"
#include "core/rules/tariff_json.h"

static struct arena arena;
static struct tariff_version version;
static char where[TARIFF_JSON_WHERE_MAX];

static int set_up(void **context)
{
    (void)context;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    arena_release(&arena);
    return 0;
}

static enum rc parse(enum tariff_kind kind, const char *text)
{
    memset(&version, 0, sizeof(version));
    return tariff_json_parse(text, strlen(text), kind, CALENDAR_FIRST_MS, &arena, &version, where);
}

#define MONTH "\"period\":{\"every\":\"month\",\"day\":1}"
#define PRICES "\"prices_e4\":{\"flat\":7000,\"peak\":10000,\"valley\":4000}"
#define TABLES "\"tables\":[[[0,\"valley\"],[480,\"peak\"]],[[0,\"flat\"]]]"
#define SEASONS "\"seasons\":[{\"from\":\"07-01\",\"tables\":[0,1,1,1]}]"
#define WEEKDAYS "\"weekdays\":[1,0,0,0,0,0,1]"
#define DATES "\"dates\":[{\"date\":\"2026-05-01\",\"type\":2}]"
#define CALENDAR "\"calendar\":{" TABLES "," SEASONS "," WEEKDAYS "," DATES "}"

static void test_kinds(void **context)
{
    (void)context;
    assert_int_equal(parse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{\"flat\":8312}}"), RC_OK);
    assert_string_equal(where, "");
    assert_int_equal(version.kind, TARIFF_SINGLE);
    assert_int_equal(version.valid_from_at_ms, CALENDAR_FIRST_MS);
    assert_int_equal(version.period.every, EVERY_MONTH);
    assert_int_equal(version.period.day, 1);
    assert_int_equal(version.step_count, 1);
    assert_int_equal(version.price_e4[0][RATE_FLAT], 8312);
    assert_null(version.calendar);
    assert_int_equal(parse(TARIFF_RATES, "{" MONTH "," PRICES "," CALENDAR "}"), RC_OK);
    assert_int_equal(version.price_e4[0][RATE_SHARP], 7000); /* not named: as flat */
    assert_int_equal(version.price_e4[0][RATE_PEAK], 10000);
    assert_int_equal(version.price_e4[0][RATE_VALLEY], 4000);
    assert_int_equal(version.calendar->table_count, 2);
    assert_int_equal(version.calendar->tables[0].count, 2);
    assert_int_equal(version.calendar->tables[0].slots[1].minute, 480);
    assert_int_equal(version.calendar->tables[0].slots[1].rate, RATE_PEAK);
    assert_int_equal(version.calendar->season_count, 1);
    assert_int_equal(version.calendar->seasons[0].month, 7);
    assert_int_equal(version.calendar->seasons[0].day, 1);
    assert_int_equal(version.calendar->seasons[0].table[0], 0);
    assert_int_equal(version.calendar->seasons[0].table[3], 1);
    assert_int_equal(version.calendar->weekday_type[6], 1);
    assert_int_equal(version.calendar->weekday_type[1], 0);
    assert_int_equal(version.calendar->date_count, 1);
    assert_int_equal(version.calendar->dates[0].year, 2026);
    assert_int_equal(version.calendar->dates[0].month, 5);
    assert_int_equal(version.calendar->dates[0].day, 1);
    assert_int_equal(version.calendar->dates[0].day_type, 2);
}

static void test_steps(void **context)
{
    (void)context;
    assert_int_equal(parse(TARIFF_STEPS, "{\"period\":{\"every\":\"year\",\"month\":3,\"day\":15},"
                                         "\"prices_e4\":{\"flat\":5000},\"steps\":["
                                         "{\"from_wh\":0,\"surcharge_e4\":0},"
                                         "{\"from_wh\":200000,\"surcharge_e4\":500},"
                                         "{\"from_wh\":400000,\"prices_e4\":{\"flat\":9000}}]}"),
                     RC_OK);
    assert_int_equal(version.period.every, EVERY_YEAR);
    assert_int_equal(version.period.month, 3);
    assert_int_equal(version.period.day, 15);
    assert_int_equal(version.step_count, 3);
    assert_int_equal(version.step_from_wh[2], 400000);
    assert_int_equal(version.price_e4[0][RATE_FLAT], 5000);
    assert_int_equal(version.price_e4[1][RATE_FLAT], 5500);
    assert_int_equal(version.price_e4[1][RATE_DEEP_VALLEY], 5500);
    assert_int_equal(version.price_e4[2][RATE_FLAT], 9000);
    assert_int_equal(parse(TARIFF_STEPS_RATES, "{" MONTH "," PRICES "," CALENDAR ",\"steps\":["
                                               "{\"from_wh\":0,\"surcharge_e4\":0},"
                                               "{\"from_wh\":9,\"surcharge_e4\":-4000}]}"),
                     RC_OK);
    assert_int_equal(version.price_e4[1][RATE_VALLEY], 0);
    assert_int_equal(version.price_e4[1][RATE_PEAK], 6000);
    assert_true(tariff_is_separable(&version));
}

static void refuse(enum tariff_kind kind, const char *text, const char *field)
{
    struct tariff_version before = {.step_count = 77};
    version = before;
    char at[TARIFF_JSON_WHERE_MAX];
    enum rc rc =
        tariff_json_parse(text, strlen(text), kind, CALENDAR_FIRST_MS, &arena, &version, at);
    if (rc != RC_INVALID || strcmp(at, field) != 0) {
        fail_msg("%s: %s at \"%s\", not \"%s\"", text, rc_name(rc), at, field);
    }
    assert_memory_equal(&version, &before, sizeof(version));
}

static void test_refusals(void **context)
{
    (void)context;
    refuse(TARIFF_SINGLE, "", "body");
    refuse(TARIFF_SINGLE, "[1", "body");
    refuse(TARIFF_SINGLE, "[]", "period");
    refuse(TARIFF_SINGLE, "{}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"day\":1}}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"month\"}}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"week\",\"day\":1}}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"month\",\"day\":29}}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"month\",\"day\":0}}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"year\",\"day\":1}}", "period");
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"year\",\"day\":1,\"month\":13}}", "period");
    refuse(TARIFF_SINGLE, "{" MONTH "}", "prices_e4");
    refuse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{}}", "prices_e4");
    refuse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{\"flat\":0.5}}", "prices_e4");
    refuse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{\"flat\":-1}}", "prices_e4");
    refuse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{\"flat\":1000001}}", "prices_e4");
    refuse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{\"flat\":1,\"peak\":\"2\"}}", "prices_e4");
    refuse(TARIFF_STEPS, "{" MONTH "," PRICES "}", "steps");
    refuse(TARIFF_STEPS, "{" MONTH "," PRICES ",\"steps\":[1,2,3,4,5,6,7,8,9]}", "steps");
    refuse(TARIFF_STEPS, "{" MONTH "," PRICES ",\"steps\":[1]}", "steps[0]");
    refuse(TARIFF_STEPS, "{" MONTH "," PRICES ",\"steps\":[{\"from_wh\":0}]}", "steps[0]");
    refuse(TARIFF_STEPS,
           "{" MONTH "," PRICES ",\"steps\":[{\"from_wh\":0,\"surcharge_e4\":0},{\"from_wh\":5,"
           "\"prices_e4\":{}}]}",
           "steps[1]");
    refuse(TARIFF_STEPS, "{" MONTH "," PRICES ",\"steps\":[]}", "bad_steps[0]");
    refuse(TARIFF_STEPS,
           "{" MONTH "," PRICES ",\"steps\":[{\"from_wh\":0,\"surcharge_e4\":-4001}]}",
           "bad_price[0]");
    refuse(TARIFF_STEPS,
           "{" MONTH "," PRICES ",\"steps\":[{\"from_wh\":0,\"surcharge_e4\":0},{\"from_wh\":0,"
           "\"surcharge_e4\":0}]}",
           "bad_steps[1]");
}

static void refuse_calendar(const char *inside, const char *field)
{
    char text[1024];
    (void)snprintf(text, sizeof(text), "{" MONTH "," PRICES ",\"calendar\":{%s}}", inside);
    refuse(TARIFF_RATES, text, field);
}

static void test_calendar_refusals(void **context)
{
    (void)context;
    refuse(TARIFF_RATES, "{" MONTH "," PRICES "}", "calendar");
    refuse_calendar("", "calendar.tables");
    refuse_calendar("\"tables\":[1]", "calendar.tables[0]");
    refuse_calendar("\"tables\":[[[0,\"flat\"]],[1]]", "calendar.tables[1]");
    refuse_calendar("\"tables\":[[[0]]]", "calendar.tables[0]");
    refuse_calendar("\"tables\":[[[0,\"flat\",1]]]", "calendar.tables[0]");
    refuse_calendar("\"tables\":[[[1440,\"flat\"]]]", "calendar.tables[0]");
    refuse_calendar("\"tables\":[[[0,7]]]", "calendar.tables[0]");
    refuse_calendar("\"tables\":[[[0,\"cheap\"]]]", "calendar.tables[0]");
    refuse_calendar("\"tables\":[[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]]",
                    "calendar.tables[0]");
    refuse_calendar(TABLES, "calendar.seasons");
    refuse_calendar(TABLES ",\"seasons\":[1]", "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07/01\",\"tables\":[0,0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\" 7-01\",\"tables\":[0,0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"a7-01\",\"tables\":[0,0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07-0:\",\"tables\":[0,0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07-01\"}]", "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07-01\",\"tables\":[0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07-01\",\"tables\":[0,0,0,16]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES "," SEASONS, "calendar.weekdays");
    refuse_calendar(TABLES "," SEASONS ",\"weekdays\":[0,0,0,0,0,0]", "calendar.weekdays");
    refuse_calendar(TABLES "," SEASONS ",\"weekdays\":[0,0,0,0,0,0,4]", "calendar.weekdays");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS ",\"dates\":1", "calendar.dates");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS ",\"dates\":[{\"type\":1}]",
                    "calendar.dates[0]");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS ",\"dates\":[{\"date\":\"2026-05-01\"}]",
                    "calendar.dates[0]");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"2026/05-01\",\"type\":1}]",
                    "calendar.dates[0]");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"20x6-05-01\",\"type\":1}]",
                    "calendar.dates[0]");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"2026-05.01\",\"type\":1}]",
                    "calendar.dates[0]");
    /* well written, and wrong */
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"2026-02-30\",\"type\":1}]",
                    "calendar.date[0]");
    refuse_calendar("\"tables\":[[[5,\"flat\"]]]," SEASONS "," WEEKDAYS, "calendar.midnight[0]");
}

/* The first and the last value that each field may have. */
static void test_edges(void **context)
{
    (void)context;
    static const char *const months[] = {"1", "12"};
    for (int i = 0; i < 2; i++) {
        char text[200];
        (void)snprintf(text, sizeof(text),
                       "{\"period\":{\"every\":\"year\",\"month\":%s,\"day\":28},"
                       "\"prices_e4\":{\"flat\":0,\"peak\":0}}",
                       months[i]);
        assert_int_equal(parse(TARIFF_SINGLE, text), RC_OK);
        assert_int_equal(version.period.month, i == 0 ? 1 : 12);
        assert_int_equal(version.period.day, 28);
    }
    refuse(TARIFF_SINGLE, "{\"period\":{\"every\":\"year\",\"day\":1,\"month\":0}}", "period");
    struct text body;
    text_init(&body, TARIFF_JSON_BYTES_MAX);
    text_add_string(&body, "{" MONTH "," PRICES ",\"calendar\":{\"tables\":[");
    for (int i = 0; i < CALENDAR_TABLES_MAX; i++) {
        text_add_string(&body, i == 0 ? "[" : ",[");
        for (int j = 0; j < CALENDAR_SLOTS_MAX; j++) {
            int minute = j + 1 == CALENDAR_SLOTS_MAX ? 1439 : j * 60;
            text_printf(&body, "%s[%d,\"peak\"]", j == 0 ? "" : ",", minute);
        }
        text_add_string(&body, "]");
    }
    text_add_string(&body,
                    "],\"seasons\":[{\"from\":\"09-29\",\"tables\":[15,0,0,1]}],"
                    "\"weekdays\":[3,0,0,0,0,0,0],\"dates\":[{\"date\":\"2026-05-01\",\"type\":0},"
                    "{\"date\":\"2026-05-02\",\"type\":3}]}}");
    assert_int_equal(parse(TARIFF_RATES, text_string(&body)), RC_OK);
    text_release(&body);
    assert_int_equal(version.calendar->table_count, CALENDAR_TABLES_MAX);
    assert_int_equal(version.calendar->tables[0].count, CALENDAR_SLOTS_MAX);
    assert_int_equal(version.calendar->tables[0].slots[CALENDAR_SLOTS_MAX - 1].minute, 1439);
    assert_int_equal(version.calendar->seasons[0].month, 9);
    assert_int_equal(version.calendar->seasons[0].day, 29);
    assert_int_equal(version.calendar->seasons[0].table[0], 15);
    assert_int_equal(version.calendar->weekday_type[0], 3);
    assert_int_equal(version.calendar->dates[0].day_type, 0);
    assert_int_equal(version.calendar->dates[1].day_type, 3);
}

static void test_lengths(void **context)
{
    (void)context;
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07-1\",\"tables\":[0,0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES ",\"seasons\":[{\"from\":\"07-011\",\"tables\":[0,0,0,0]}]",
                    "calendar.seasons[0]");
    refuse_calendar(TABLES "," SEASONS ",\"weekdays\":[0,0,0,0,0,0,0,0]", "calendar.weekdays");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"2026-05-1\",\"type\":1}]",
                    "calendar.dates[0]");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"2026-05-011\",\"type\":1}]",
                    "calendar.dates[0]");
    refuse_calendar(TABLES "," SEASONS "," WEEKDAYS
                           ",\"dates\":[{\"date\":\"2026-05-01\",\"type\":4}]",
                    "calendar.dates[0]");
    refuse_calendar("\"tables\":[[[0,\"\"]]]", "calendar.tables[0]");
    memset(where, 'x', sizeof(where)); /* what stood there before is gone, also when all is well */
    where[sizeof(where) - 1] = '\0';
    assert_int_equal(parse(TARIFF_SINGLE, "{" MONTH ",\"prices_e4\":{\"flat\":8312}}"), RC_OK);
    assert_string_equal(where, "");
}

static void test_bounds(void **context)
{
    (void)context;
    static char large[TARIFF_JSON_BYTES_MAX + 2];
    memset(large, ' ', sizeof(large));
    assert_int_equal(tariff_json_parse(large, TARIFF_JSON_BYTES_MAX + 1, TARIFF_SINGLE,
                                       CALENDAR_FIRST_MS, &arena, &version, where),
                     RC_TOO_LARGE);
    const char *small = "{" MONTH ",\"prices_e4\":{\"flat\":8312}}";
    memcpy(large, small, strlen(small));
    assert_int_equal(tariff_json_parse(large, TARIFF_JSON_BYTES_MAX, TARIFF_SINGLE,
                                       CALENDAR_FIRST_MS, &arena, &version, where),
                     RC_OK);
    assert_int_equal(parse(TARIFF_SINGLE, "[[[[[[[[[1]]]]]]]]]"), RC_TOO_LARGE);
    struct arena tiny;
    arena_init(&tiny, 64);
    const char *text = "{" MONTH "," PRICES "," CALENDAR "}";
    assert_int_equal(tariff_json_parse(text, strlen(text), TARIFF_RATES, CALENDAR_FIRST_MS, &tiny,
                                       &version, where),
                     RC_MEMORY);
    arena_release(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_steps),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_calendar_refusals),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_edges),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "tests/flow/rows.h"

#include <assert.h>
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/rc.h"

#define GIVEN_FROM INT64_C(7000000000) /* ids that the database gives; each table has its own */
#define GIVEN_STEP INT64_C(10000000)
#define GIVEN_DIGITS 10
#define GIVEN_MAX 64
#define NUMBER_DIGITS 20
#define NEAR_MS (INT64_C(10) * 60000)
#define FAR_MS (INT64_C(30) * 86400000)

static const struct {
    const char *table;
    const char *sql; /* NULL: all columns */
} tables[] = {
    {"supply", NULL},
    {"purchase", NULL},
    {"payment", NULL},
    {"payment_event", NULL},
    {"delivery", NULL},
    {"adjustment", NULL},
    {"refund", NULL},
    {"returned_money", NULL},
    {"approval", NULL},
    {"command", NULL},
    {"lock_out", NULL},
    {"mode_change", NULL},
    {"meter_swap", NULL},
    {"platform_span", NULL},
    {"push_batch", NULL},
    {"push", NULL},
    {"ledger_account", "SELECT id, code, supply_id, channel FROM ledger_account ORDER BY id"},
    {"transfer",
     "SELECT t.id, t.posting, t.object_kind, t.object_id, CONCAT(d.code, ' ', d.owner_key) AS"
     " debit, CONCAT(c.code, ' ', c.owner_key) AS credit, t.amount_fen, t.at FROM transfer t"
     " JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id"
     " ORDER BY t.id"},
    {"document_use", NULL},
    {"alarm", NULL},
    {"audit", NULL},
};

/* Columns that say nothing which another does not. */
static const char *const quiet[] = {"changed_at", "open_key",    "live_supply",
                                    "live_meter", "slot_supply", "active_supply",
                                    "posted_at",  "created_at",  "received_at"};

static void run(MYSQL *mysql, const char *sql)
{
    if (mysql_query(mysql, sql) != 0) {
        fail_msg("%s: %s", mysql_error(mysql), sql);
    }
}

void rows_run(MYSQL *mysql, const char *sql)
{
    int more = 0;
    run(mysql, sql);
    while (more == 0) {
        MYSQL_RES *result = mysql_store_result(mysql);
        if (result != NULL) {
            mysql_free_result(result);
        }
        more = mysql_next_result(mysql);
    }
    if (more > 0) {
        fail_msg("%s: %s", mysql_error(mysql), sql);
    }
}

/* What a column has when nobody says: table, column, default as SQL. */
static MYSQL_RES *defaults;

static bool is_default(const char *table, const char *column, const char *value)
{
    size_t len = strlen(value);
    mysql_data_seek(defaults, 0);
    for (MYSQL_ROW row = mysql_fetch_row(defaults); row != NULL; row = mysql_fetch_row(defaults)) {
        if (strcmp(row[0], table) == 0 && strcmp(row[1], column) == 0) {
            bool quoted = row[2][0] == '\'';
            return strncmp(row[2] + quoted, value, len) == 0 &&
                   strlen(row[2]) == len + (quoted ? 2 : 0);
        }
    }
    return false;
}

void rows_prepare(MYSQL *mysql)
{
    char sql[200];
    run(mysql, "SELECT table_name, column_name, column_default FROM information_schema.columns"
               " WHERE table_schema = DATABASE() AND column_default IS NOT NULL"
               " AND column_name <> 'state'");
    defaults = mysql_store_result(mysql);
    assert_non_null(defaults);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        (void)snprintf(sql, sizeof sql, "ALTER TABLE %s AUTO_INCREMENT = %lld", tables[i].table,
                       (long long)(GIVEN_FROM + (int64_t)i * GIVEN_STEP));
        rows_run(mysql, sql);
    }
}

void rows_end(void)
{
    mysql_free_result(defaults);
    defaults = NULL;
}

void rows_take(MYSQL *mysql, struct rows *ret_rows)
{
    static_assert(ARRAY_LEN(tables) <= ROWS_TABLES_MAX, "a longer list");
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        char sql[200];
        (void)snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY id", tables[i].table);
        run(mysql, tables[i].sql == NULL ? sql : tables[i].sql);
        ret_rows->tables[i] = mysql_store_result(mysql);
        assert_non_null(ret_rows->tables[i]);
    }
}

void rows_release(struct rows *rows)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        mysql_free_result(rows->tables[i]);
        rows->tables[i] = NULL;
    }
}

/* ---- values in words */

static bool is_quiet(const MYSQL_FIELD *field)
{
    for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
        if (strcmp(field->name, quiet[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void add_time(struct text *words, const char *value)
{
    int64_t at_ms = 0;
    assert_int_equal(clock_parse_datetime(value, strlen(value), &at_ms), RC_OK);
    int64_t from_now_ms = at_ms - clock_now_ms();
    if (from_now_ms > -NEAR_MS / 2 && from_now_ms < NEAR_MS / 2) {
        text_add_string(words, "now");
    } else if (from_now_ms > -FAR_MS && from_now_ms < FAR_MS) {
        int64_t minutes = (from_now_ms + (from_now_ms > 0 ? 30000 : -30000)) / 60000;
        text_printf(words, "now%+lldmin", (long long)minutes);
    } else {
        text_add_string(words, value);
    }
}

static void add_value(struct text *words, const MYSQL_FIELD *field, const char *value, size_t len)
{
    if (value == NULL) {
        text_add_string(words, "-");
    } else if (field->type == MYSQL_TYPE_DATETIME) {
        add_time(words, value);
    } else if (field->type == MYSQL_TYPE_STRING && field->charsetnr == 63) {
        for (size_t i = 0; i < len; i++) {
            text_printf(words, "%02x", (unsigned)(unsigned char)value[i]);
        }
    } else {
        text_add_string(words, value[0] == '\0' ? "''" : value);
    }
}

struct look {
    MYSQL_ROW row; /* NULL: no more */
    const unsigned long *lens;
    int64_t id;
};

static struct look next_row(MYSQL_RES *result)
{
    struct look look = {.row = mysql_fetch_row(result), .id = INT64_MAX};
    if (look.row != NULL) {
        look.lens = mysql_fetch_lengths(result);
        look.id = strtoll(look.row[0], NULL, 10);
    }
    return look;
}

static void add_whole(struct text *words, const char *table, char sign, MYSQL_RES *result,
                      const struct look *look)
{
    const MYSQL_FIELD *fields = mysql_fetch_fields(result);
    text_printf(words, "%c %s %lld", sign, table, (long long)look->id);
    for (unsigned i = 1; i < mysql_num_fields(result); i++) {
        bool says = look->row[i] != NULL && look->row[i][0] != '\0' && !is_quiet(&fields[i]) &&
                    !is_default(table, fields[i].name, look->row[i]);
        if (says && !(fields[i].type == MYSQL_TYPE_DATETIME && strcmp(fields[i].name, "at") == 0 &&
                      strcmp(table, "audit") == 0)) {
            text_printf(words, ", %s ", fields[i].name);
            add_value(words, &fields[i], look->row[i], look->lens[i]);
        }
    }
    text_add_char(words, '\n');
}

static bool same_value(const struct look *one, const struct look *other, unsigned column)
{
    const char *a = one->row[column];
    const char *b = other->row[column];
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void add_changed(struct text *words, const char *table, MYSQL_RES *result,
                        const struct look *was, const struct look *is)
{
    const MYSQL_FIELD *fields = mysql_fetch_fields(result);
    bool any = false;
    for (unsigned i = 1; i < mysql_num_fields(result); i++) {
        if (is_quiet(&fields[i]) || same_value(was, is, i)) {
            continue;
        }
        if (!any) {
            text_printf(words, "  %s %lld", table, (long long)is->id);
        }
        any = true;
        text_printf(words, ", %s ", fields[i].name);
        add_value(words, &fields[i], was->row[i], was->lens[i]);
        text_add_string(words, " > ");
        add_value(words, &fields[i], is->row[i], is->lens[i]);
    }
    if (any) {
        text_add_char(words, '\n');
    }
}

static void add_table(struct text *words, const char *table, MYSQL_RES *before, MYSQL_RES *after)
{
    mysql_data_seek(before, 0);
    mysql_data_seek(after, 0);
    struct look was = next_row(before);
    struct look is = next_row(after);
    while (was.row != NULL || is.row != NULL) {
        if (was.id == is.id) {
            add_changed(words, table, after, &was, &is);
            was = next_row(before);
            is = next_row(after);
        } else if (is.id < was.id) {
            add_whole(words, table, '+', after, &is);
            is = next_row(after);
        } else {
            add_whole(words, table, '-', before, &was);
            was = next_row(before);
        }
    }
}

/* ---- the same words from run to run */

static size_t digits_at(const char *s)
{
    size_t count = 0;
    while (isdigit((unsigned char)s[count])) {
        count++;
    }
    return count;
}

static size_t given_place(int64_t *given, size_t *count, int64_t id)
{
    size_t at = 0;
    while (at < *count && given[at] != id) {
        at++;
    }
    if (at == *count) {
        assert_true(*count < GIVEN_MAX);
        given[(*count)++] = id;
    }
    return at;
}

static void add_masked(struct text *words, const char *raw)
{
    int64_t given[GIVEN_MAX];
    size_t given_count = 0;
    char before = ' ';
    for (const char *at = raw; *at != '\0';) {
        size_t digits = digits_at(at);
        if (digits == 0) {
            text_add_char(words, *at);
            before = *at++;
            continue;
        }
        int64_t id = digits == GIVEN_DIGITS ? strtoll(at, NULL, 10) : 0;
        if (id >= GIVEN_FROM && id < GIVEN_FROM + ROWS_TABLES_MAX * GIVEN_STEP) {
            text_printf(words, "#%zu", given_place(given, &given_count, id) + 1);
        } else if (digits == NUMBER_DIGITS && isupper((unsigned char)before)) {
            text_add_string(words, "...");
        } else {
            text_add(words, at, digits);
        }
        at += digits;
        before = '0';
    }
}

void rows_add_changes(const struct rows *before, const struct rows *after, struct text *words)
{
    CLEANUP(text_release) struct text raw;
    text_init(&raw, (size_t)1 << 20);
    text_add_string(&raw, text_string(words)); /* the outputs name ids too */
    text_clear(words);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        add_table(&raw, tables[i].table, before->tables[i], after->tables[i]);
    }
    assert_int_equal(text_result(&raw), RC_OK);
    add_masked(words, text_string(&raw));
}

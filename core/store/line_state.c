#include "core/store/line_state.h"

#include <assert.h>

#include "core/base/clock.h"

static void add_time(struct text *sql, int64_t at_ms)
{
    char text[CLOCK_TEXT_MAX];
    if (at_ms <= 0) {
        text_add_string(sql, "NULL");
        return;
    }
    text_add_char(sql, '\'');
    text_add_string(sql, clock_format_datetime(at_ms, text));
    text_add_char(sql, '\'');
}

static void add_int_or_null(struct text *sql, int64_t value)
{
    if (value < 0) {
        text_add_string(sql, "NULL");
    } else {
        text_add_int(sql, value);
    }
}

static void add_counts(struct text *sql, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add_char(sql, ',');
        text_add_int(sql, values[i]);
    }
}

static enum rc run(struct db *db, struct text *sql)
{
    TRY(text_result(sql));
    return db_execute_text(db, sql->bytes, sql->len, NULL);
}

enum rc line_state_write(struct db *db, struct text *sql, const struct line_report *lines,
                         size_t count)
{
    assert(db != NULL && sql != NULL && (lines != NULL || count == 0));
    static const char *const conditions[] = {"never", "ok", "degraded", "silent"};
    int64_t now_ms = clock_now_ms();
    if (count == 0) {
        return RC_OK;
    }
    text_clear(sql);
    text_add_string(sql,
                    "INSERT INTO line_state (line_id, state, since_at, heartbeat_at, cycle_ms, "
                    "bound_ms, meters_silent, transactions, timeouts, crc_errors, "
                    "foreign_frames, late_frames, exceptions, reconnects) VALUES ");
    for (size_t i = 0; i < count; i++) {
        const struct line_report *line = &lines[i];
        text_printf(sql, "%s(%lld,'%s',", i == 0 ? "" : ",", (long long)line->line_id,
                    conditions[line->condition]);
        add_time(sql, line->since_at_ms);
        text_add_char(sql, ',');
        add_time(sql, now_ms);
        text_add_char(sql, ',');
        add_int_or_null(sql, line->cycle_ms);
        text_add_char(sql, ',');
        add_int_or_null(sql, line->bound_ms);
        const int64_t counts[] = {line->meters_silent, line->transactions,   line->timeouts,
                                  line->crc_errors,    line->foreign_frames, line->late_frames,
                                  line->exceptions,    line->reconnects};
        add_counts(sql, counts, ARRAY_LEN(counts));
        text_add_char(sql, ')');
    }
    text_add_string(sql,
                    " ON DUPLICATE KEY UPDATE state = VALUES(state), "
                    "since_at = VALUES(since_at), heartbeat_at = VALUES(heartbeat_at), "
                    "cycle_ms = VALUES(cycle_ms), bound_ms = VALUES(bound_ms), "
                    "meters_silent = VALUES(meters_silent), "
                    "transactions = VALUES(transactions), timeouts = VALUES(timeouts), "
                    "crc_errors = VALUES(crc_errors), foreign_frames = VALUES(foreign_frames), "
                    "late_frames = VALUES(late_frames), exceptions = VALUES(exceptions), "
                    "reconnects = VALUES(reconnects)");
    return run(db, sql);
}

enum rc line_history_write(struct db *db, struct text *sql, const struct line_report *lines,
                           const int64_t *errors, size_t count)
{
    assert(db != NULL && sql != NULL && (lines != NULL || count == 0));
    int64_t now_ms = clock_now_ms();
    if (count == 0) {
        return RC_OK;
    }
    text_clear(sql);
    text_add_string(sql,
                    "INSERT IGNORE INTO line_history (line_id, at, cycle_ms, bound_ms, errors) "
                    "VALUES ");
    for (size_t i = 0; i < count; i++) {
        text_printf(sql, "%s(%lld,", i == 0 ? "" : ",", (long long)lines[i].line_id);
        add_time(sql, now_ms);
        text_add_char(sql, ',');
        add_int_or_null(sql, lines[i].cycle_ms);
        text_add_char(sql, ',');
        add_int_or_null(sql, lines[i].bound_ms);
        text_add_char(sql, ',');
        text_add_int(sql, errors[i]);
        text_add_char(sql, ')');
    }
    return run(db, sql);
}

enum rc meter_health_write(struct db *db, struct text *sql, const struct meter_report *meters,
                           size_t count)
{
    assert(db != NULL && sql != NULL && (meters != NULL || count == 0));
    int64_t now_ms = clock_now_ms();
    if (count == 0) {
        return RC_OK;
    }
    text_clear(sql);
    text_add_string(sql, "INSERT INTO meter_health (meter_id, silent_since_at, backoff_until_at, "
                         "timeouts, crc_errors, foreign_frames, late_frames, exceptions, "
                         "updated_at) VALUES ");
    for (size_t i = 0; i < count; i++) {
        const struct meter_report *meter = &meters[i];
        text_printf(sql, "%s(%lld,", i == 0 ? "" : ",", (long long)meter->meter_id);
        add_time(sql, meter->silent_since_at_ms);
        text_add_char(sql, ',');
        add_time(sql, meter->backoff_until_at_ms);
        const int64_t counts[] = {meter->timeouts, meter->crc_errors, meter->foreign_frames,
                                  meter->late_frames, meter->exceptions};
        add_counts(sql, counts, ARRAY_LEN(counts));
        text_add_char(sql, ',');
        add_time(sql, now_ms);
        text_add_char(sql, ')');
    }
    text_add_string(sql, " ON DUPLICATE KEY UPDATE silent_since_at = VALUES(silent_since_at), "
                         "backoff_until_at = VALUES(backoff_until_at), "
                         "timeouts = VALUES(timeouts), crc_errors = VALUES(crc_errors), "
                         "foreign_frames = VALUES(foreign_frames), "
                         "late_frames = VALUES(late_frames), exceptions = VALUES(exceptions), "
                         "updated_at = VALUES(updated_at)");
    return run(db, sql);
}

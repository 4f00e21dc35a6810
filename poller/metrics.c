#include "poller/metrics.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PATH_BYTES_MAX 700

static void head(struct text *text, const char *name, const char *type, const char *help)
{
    text_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void plain(struct text *text, const char *name, const char *type, const char *help,
                  int32_t shard, int64_t value)
{
    head(text, name, type, help);
    text_printf(text, "%s{shard=\"%d\"} %lld\n", name, (int)shard, (long long)value);
}

/* Milliseconds as seconds with three decimals; integers only. */
static void seconds(struct text *text, const char *name, const char *line, int64_t ms)
{
    text_printf(text, "%s{line=\"%s\"} %lld.%03lld\n", name, line, (long long)(ms / 1000),
                (long long)(ms % 1000));
}

static void line_seconds(struct text *text, const struct field_watch *watch)
{
    head(text, "paywatt_line_cycle_seconds", "gauge", "last whole cycle of the line");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        if (view->cycle_ms >= 0) {
            seconds(text, "paywatt_line_cycle_seconds", view->code, view->cycle_ms);
        }
    }
    head(text, "paywatt_line_bound_seconds", "gauge", "wire-time bound of that cycle");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        if (view->bound_ms >= 0) {
            seconds(text, "paywatt_line_bound_seconds", view->code, view->bound_ms);
        }
    }
}

static void line_gauges(struct text *text, const struct field_watch *watch)
{
    head(text, "paywatt_line_cycles_total", "counter", "whole cycles");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        text_printf(text, "paywatt_line_cycles_total{line=\"%s\"} %lld\n", view->code,
                    (long long)view->cycle_number);
    }
    head(text, "paywatt_line_meters_silent", "gauge", "meters that do not answer");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        text_printf(text, "paywatt_line_meters_silent{line=\"%s\"} %lld\n", view->code,
                    (long long)view->meters_silent);
    }
    head(text, "paywatt_line_orders", "gauge", "open orders in hand");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        text_printf(text, "paywatt_line_orders{line=\"%s\"} %lld\n", view->code,
                    (long long)view->orders);
    }
    head(text, "paywatt_line_order_wait_seconds_max", "gauge",
         "longest wait of an order for the transaction in flight");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        seconds(text, "paywatt_line_order_wait_seconds_max", view->code,
                view->order_waits_us / 1000);
    }
}

static void line_counters(struct text *text, const struct field_watch *watch)
{
    head(text, "paywatt_line_events_total", "counter", "transactions and errors by kind");
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        const struct link_counters *counters = &view->counters;
        const struct {
            const char *kind;
            int64_t value;
        } rows[] = {{"transaction", counters->transactions},
                    {"timeout", counters->timeouts},
                    {"crc", counters->crc},
                    {"foreign", counters->foreign},
                    {"late", counters->late},
                    {"exception", counters->exceptions},
                    {"short", counters->short_frames},
                    {"echo", counters->echo},
                    {"reconnect", counters->reconnects}};
        for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
            text_printf(text, "paywatt_line_events_total{line=\"%s\",kind=\"%s\"} %lld\n",
                        view->code, rows[k].kind, (long long)rows[k].value);
        }
    }
}

void metrics_write(struct text *text, const struct field_watch *watch,
                   const struct writer_counts *writer, const int64_t ended[COMMAND_STATE__MAX],
                   int32_t shard)
{
    assert(text != NULL && watch != NULL && writer != NULL && ended != NULL);
    line_seconds(text, watch);
    line_gauges(text, watch);
    line_counters(text, watch);
    const struct {
        const char *name;
        const char *type;
        const char *help;
        int64_t value;
    } rows[] = {
        {"paywatt_readings_total", "counter", "readings taken", writer->readings},
        {"paywatt_readings_lost_total", "counter", "not even spooled", writer->lost},
        {"paywatt_readings_refused_total", "counter", "refused by MariaDB", writer->refused},
        {"paywatt_batches_total", "counter", "transactions of the writer", writer->batches},
        {"paywatt_history_rows_total", "counter", "history rows stored", writer->rows},
        {"paywatt_readings_published_total", "counter", "sent to Redis", writer->published},
        {"paywatt_writer_queue", "gauge", "readings that wait", writer->queue},
        {"paywatt_spool_rows", "gauge", "history rows on disk", writer->spool.rows},
        {"paywatt_spool_bytes", "gauge", "size of the spool", writer->spool.bytes},
        {"paywatt_spool_replayed_total", "counter", "rows brought back", writer->replayed},
        {"paywatt_spool_thinned_total", "counter", "rows thinned", writer->spool.thinned},
        {"paywatt_spool_dropped_total", "counter", "rows dropped", writer->spool.dropped},
        {"paywatt_spool_broken_total", "counter", "records with a wrong CRC", writer->spool.broken},
        {"paywatt_database_up", "gauge", "1: the last batch was stored", writer->database_up},
        {"paywatt_redis_up", "gauge", "1: the last hint was sent", writer->redis_up},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        plain(text, rows[i].name, rows[i].type, rows[i].help, shard, rows[i].value);
    }
    head(text, "paywatt_commands_total", "counter", "orders ended by this poller");
    for (int i = 0; i < COMMAND_STATE__MAX; i++) {
        if (ended[i] > 0) {
            text_printf(text, "paywatt_commands_total{state=\"%s\"} %lld\n",
                        command_state_name((enum command_state)i), (long long)ended[i]);
        }
    }
}

enum rc metrics_replace(const char *path, const struct text *text)
{
    assert(path != NULL && text != NULL);
    TRY(text_result(text));
    char fresh[PATH_BYTES_MAX];
    int len = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof(fresh)) {
        return RC_TOO_LARGE;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return RC_IO;
    }
    ssize_t written = write(fd, text->bytes, text->len);
    bool good = written == (ssize_t)text->len;
    good = close(fd) == 0 && good;
    return good && rename(fresh, path) == 0 ? RC_OK : RC_IO;
}

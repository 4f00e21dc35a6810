/*
 * How many readings a second the poller's real writer stores (state and history row of each, Redis
 * hints), without the pace of lines; and, in the same run, a bare loop that inserts the same
 * history rows in the same batches and does nothing else. Prints one JSON object.
 *
 *   poller_store_bench --config INI --readings N
 *
 * Works on the meters that the database has; the rows it leaves behind are history of theirs.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/config.h"
#include "core/store/field_map.h"
#include "core/store/role.h"
#include "poller/writer.h"

#define PRODUCERS 4
#define SHARE_MS 3 /* a meter's readings are so far apart */

struct bench {
    struct writer *writer;
    const int64_t *meter_ids;
    size_t meters;
    int64_t readings;
    int64_t base_at_ms;
    int producer; /* of this copy */
};

static void fail(const char *what, enum rc rc)
{
    (void)fprintf(stderr, "poller_store_bench: %s: %s\n", what, rc_sentence(rc));
    exit(EXIT_FAILURE);
}

static struct reading_entry entry_of(const struct bench *bench, int64_t number)
{
    static const enum point points[] = {
        POINT_voltage_a,    POINT_voltage_b,      POINT_voltage_c,   POINT_current_a,
        POINT_current_b,    POINT_current_c,      POINT_power_a,     POINT_power_b,
        POINT_power_c,      POINT_power,          POINT_reactive,    POINT_energy,
        POINT_energy_sharp, POINT_energy_peak,    POINT_energy_flat, POINT_energy_valley,
        POINT_balance,      POINT_purchase_count, POINT_status_bits, POINT_max_demand};
    struct reading_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.reading.meter_id = bench->meter_ids[(size_t)number % bench->meters];
    entry.reading.taken_at_ms = bench->base_at_ms + number / (int64_t)bench->meters * SHARE_MS;
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        reading_set(&entry.reading, points[i], 1000 + number % 100000 + (int64_t)i);
    }
    entry.kind = READING_INTERVAL;
    entry.epoch = 1;
    memcpy(entry.relay, "closed", sizeof("closed"));
    memcpy(entry.forced, "none", sizeof("none"));
    entry.meter_clock_at_ms = entry.reading.taken_at_ms;
    entry.day_start_at_ms = bench->base_at_ms;
    return entry;
}

static void *produce(void *argument)
{
    const struct bench *bench = argument;
    for (int64_t n = bench->producer; n < bench->readings; n += PRODUCERS) {
        struct reading_entry entry = entry_of(bench, n);
        enum rc rc = writer_push(bench->writer, &entry);
        if (rc != RC_OK) {
            fail("a reading was lost", rc);
        }
    }
    return NULL;
}

/* Readings a second through the writer, from the first push to the last commit. */
static int64_t run_writer(struct bench *bench)
{
    int64_t begun_us = clock_monotonic_us();
    pthread_t threads[PRODUCERS];
    struct bench copies[PRODUCERS];
    enum rc rc = writer_start(bench->writer);
    if (rc != RC_OK) {
        fail("writer", rc);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        copies[i] = *bench;
        copies[i].producer = i;
        if (pthread_create(&threads[i], NULL, produce, &copies[i]) != 0) {
            fail("thread", RC_MEMORY);
        }
    }
    for (int i = 0; i < PRODUCERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    writer_stop(bench->writer);
    int64_t spent_us = clock_monotonic_us() - begun_us;
    struct writer_counts counts = writer_count(bench->writer);
    if (counts.rows != bench->readings || counts.spool.rows != 0) {
        (void)fprintf(stderr, "poller_store_bench: %lld rows stored, %lld spooled: %s\n",
                      (long long)counts.rows, (long long)counts.spool.rows, counts.why);
        exit(EXIT_FAILURE);
    }
    return bench->readings * 1000000 / spent_us;
}

/* Rows a second of a loop that only inserts the same rows. */
static int64_t run_raw(const struct bench *bench, struct db *db, size_t batch)
{
    struct text sql CLEANUP(text_release);
    text_init(&sql, READING_SQL_BYTES_MAX);
    struct reading_row *rows = calloc(batch, sizeof(*rows));
    int64_t begun_us = clock_monotonic_us();
    for (int64_t n = 0; rows != NULL && n < bench->readings; n += (int64_t)batch) {
        size_t count = 0;
        while (count < batch && n + (int64_t)count < bench->readings) {
            struct reading_entry entry = entry_of(bench, n + (int64_t)count);
            rows[count++] = reading_entry_row(&entry);
        }
        enum rc rc = reading_store_replay(db, &sql, rows, count);
        if (rc != RC_OK) {
            fail(db_error(db), rc);
        }
    }
    free(rows);
    return bench->readings * 1000000 / (clock_monotonic_us() - begun_us);
}

static int64_t *load_meters(struct db *db, size_t *ret_count)
{
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, (size_t)32 << 20);
    struct field_map map;
    enum rc rc = field_map_load(db, &arena, 0, &map);
    if (rc != RC_OK || map.meters_count == 0) {
        fail("no meters", rc);
    }
    int64_t *ids = calloc(map.meters_count, sizeof(*ids));
    for (size_t i = 0; ids != NULL && i < map.meters_count; i++) {
        ids[i] = map.meters[i].id;
    }
    *ret_count = map.meters_count;
    return ids;
}

int main(int argc, char **argv)
{
    if (argc != 5 || strcmp(argv[1], "--config") != 0 || strcmp(argv[3], "--readings") != 0) {
        (void)fprintf(stderr, "usage: poller_store_bench --config INI --readings N\n");
        return 2;
    }
    struct text problem CLEANUP(text_release);
    text_init(&problem, 65536);
    struct config *config CLEANUP(config_free) = NULL;
    struct db *db CLEANUP(db_close) = NULL;
    char password[ROLE_PASSWORD_BYTES];
    enum rc rc = config_load(argv[2], &problem, &config);
    if (rc == RC_OK) {
        rc = role_open(config, "poller", &problem, &db);
    }
    if (rc == RC_OK) {
        rc = role_password(config, "poller", &problem, password);
    }
    if (rc != RC_OK) {
        fail(text_string(&problem), rc);
    }
    struct bench bench = {.readings = strtoll(argv[4], NULL, 10)};
    bench.meter_ids = load_meters(db, &bench.meters);
    bench.base_at_ms = clock_now_ms();
    char user[80];
    char directory[] = "/tmp/paywatt-bench-XXXXXX";
    (void)snprintf(user, sizeof(user), "%spoller",
                   config_text(config, CONFIG_database_user_prefix));
    struct db_options database = {config_text(config, CONFIG_database_socket),
                                  config_text(config, CONFIG_database_name), user, password};
    struct writer_options options = {.database = &database,
                                     .redis_socket = config_text(config, CONFIG_redis_socket),
                                     .spool_directory = mkdtemp(directory),
                                     .spool_prefix = "bench",
                                     .spool_bytes = 1 << 20,
                                     .batch_ms = config_int(config, CONFIG_poller_batch_ms),
                                     .batch_rows = config_int(config, CONFIG_poller_batch_rows)};
    rc = writer_create(&options, &bench.writer);
    if (rc != RC_OK || bench.readings < 1 || bench.meter_ids == NULL) {
        fail("writer", rc);
    }
    int64_t store_per_s = run_writer(&bench);
    bench.base_at_ms += bench.readings * SHARE_MS + 1000;
    int64_t raw_per_s = run_raw(&bench, db, (size_t)options.batch_rows);
    int64_t published = writer_count(bench.writer).published;
    writer_free(&bench.writer);
    char command[80];
    (void)snprintf(command, sizeof(command), "%s/bench-states.bin", directory);
    (void)remove(command);
    (void)remove(directory);
    free((void *)(uintptr_t)bench.meter_ids);
    (void)printf("{\"store_per_s\":%lld,\"store_raw_per_s\":%lld,\"store_vs_raw\":%lld.%03lld,"
                 "\"store_published\":%lld,\"store_meters\":%zu}\n",
                 (long long)store_per_s, (long long)raw_per_s, (long long)(store_per_s / raw_per_s),
                 (long long)(store_per_s * 1000 / raw_per_s % 1000), (long long)published,
                 bench.meters);
    return EXIT_SUCCESS;
}

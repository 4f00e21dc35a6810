/* The disk spool: order, torn tail, CRC, thinning, bound, restart in the middle; and the state
 * file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "poller/spool.h"
#include "poller/spool_record.h"
#include "poller/state_file.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    memcpy(folder, "/tmp/paywatt-spool-XXXXXX", sizeof("/tmp/paywatt-spool-XXXXXX"));
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(dir);
    return rmdir(folder);
}

static struct reading_row row_of(int64_t meter_id, int64_t taken_at_ms)
{
    return (struct reading_row){.meter_id = meter_id,
                                .taken_at_ms = taken_at_ms,
                                .kind = READING_INTERVAL,
                                .epoch = 3,
                                .energy_wh = taken_at_ms / 1000,
                                .energy_sharp_wh = READING_ABSENT,
                                .balance_fen = -250,
                                .status_bits = 0xE008,
                                .power_w = -7};
}

static struct spool *open_spool(int64_t limit_bytes)
{
    struct spool *spool = NULL;
    assert_int_equal(spool_open(folder, "poller0", limit_bytes, &spool), RC_OK);
    return spool;
}

static void append(struct spool *spool, int64_t meter_id, int64_t first_ms, int64_t step_ms, int n)
{
    for (int i = 0; i < n; i++) {
        struct reading_row row = row_of(meter_id, first_ms + i * step_ms);
        assert_int_equal(spool_append(spool, &row, 1), RC_OK);
    }
}

static void rows_come_back_in_order(void **state)
{
    (void)state;
    struct spool *spool = open_spool(1 << 20);
    append(spool, 1, 1000, 10, 700);
    assert_int_equal(spool_count(spool).rows, 700);
    struct reading_row rows[100];
    int64_t expected_ms = 1000;
    size_t count = 0;
    while (spool_read(spool, rows, 100, &count) == RC_OK) {
        for (size_t i = 0; i < count; i++, expected_ms += 10) {
            struct reading_row want = row_of(1, expected_ms);
            assert_memory_equal(&rows[i], &want, sizeof(want));
        }
        assert_int_equal(spool_done(spool), RC_OK);
    }
    assert_int_equal(expected_ms, 8000);
    assert_int_equal(spool_count(spool).rows, 0);
    assert_int_equal(spool_count(spool).bytes, 0);
    spool_close(&spool);
}

static void what_is_not_done_comes_again(void **state)
{
    (void)state;
    struct spool *spool = open_spool(1 << 20);
    append(spool, 1, 1000, 10, 20);
    struct reading_row rows[5];
    size_t count = 0;
    assert_int_equal(spool_read(spool, rows, 5, &count), RC_OK);
    spool_rewind(spool);
    assert_int_equal(spool_read(spool, rows, 5, &count), RC_OK);
    assert_int_equal(rows[0].taken_at_ms, 1000);
    assert_int_equal(spool_done(spool), RC_OK);
    append(spool, 2, 5000, 10, 1); /* a new outage during the replay */
    spool_close(&spool);           /* kill -9: nothing was flushed by this */
    spool = open_spool(1 << 20);
    assert_int_equal(spool_count(spool).rows, 21);
    assert_int_equal(spool_read(spool, rows, 5, &count), RC_OK);
    assert_int_equal(rows[0].taken_at_ms, 1000); /* again: the primary key makes it harmless */
    spool_close(&spool);
}

static void path_of(char path[512], int number)
{
    (void)snprintf(path, 512, "%s/poller0-rows-%012d.log", folder, number);
}

static void torn_tail_is_cut(void **state)
{
    (void)state;
    struct spool *spool = open_spool(1 << 20);
    append(spool, 1, 1000, 10, 3);
    spool_close(&spool);
    char path[512];
    path_of(path, 1);
    assert_int_equal(
        truncate(path, SPOOL_HEADER_BYTES + 2 * SPOOL_RECORD_BYTES + SPOOL_RECORD_BYTES / 2), 0);
    spool = open_spool(1 << 20);
    assert_int_equal(spool_count(spool).rows, 2);
    append(spool, 1, 1020, 10, 1);
    struct reading_row rows[10];
    size_t count = 0;
    size_t total = 0;
    while (spool_read(spool, rows, 10, &count) == RC_OK) {
        total += count;
        assert_int_equal(spool_done(spool), RC_OK);
    }
    assert_int_equal(total, 3);
    assert_int_equal(spool_count(spool).broken, 0);
    spool_close(&spool);
}

static void a_broken_record_is_skipped(void **state)
{
    (void)state;
    struct spool *spool = open_spool(1 << 20);
    append(spool, 1, 1000, 10, 3);
    spool_close(&spool);
    char path[512];
    path_of(path, 1);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "x", 1, SPOOL_HEADER_BYTES + SPOOL_RECORD_BYTES + 40), 1);
    close(fd);
    spool = open_spool(1 << 20);
    struct reading_row rows[10];
    size_t count = 0;
    assert_int_equal(spool_read(spool, rows, 10, &count), RC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].taken_at_ms, 1020);
    assert_int_equal(spool_count(spool).broken, 1);
    assert_int_equal(spool_done(spool), RC_OK);
    assert_int_equal(spool_read(spool, rows, 10, &count), RC_NOT_FOUND);
    spool_close(&spool);
}

static void foreign_files_are_set_aside(void **state)
{
    (void)state;
    char path[512];
    path_of(path, 4);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "this is not a spool segment", 27), 27);
    close(fd);
    path_of(path, 5);
    fd = open(path, O_WRONLY | O_CREAT, 0600); /* died before the header */
    close(fd);
    struct spool *spool = open_spool(1 << 20);
    assert_int_equal(spool_count(spool).rows, 0);
    append(spool, 1, 1000, 10, 2);
    assert_int_equal(spool_count(spool).rows, 2);
    spool_close(&spool);
}

static void count_rows(void *context, const struct reading_row *row)
{
    int64_t *counts = context;
    counts[row->meter_id]++;
}

static void thins_to_hourly_then_drops(void **state)
{
    (void)state;
    const int64_t limit_bytes = 64 * 1024;
    struct spool *spool = open_spool(limit_bytes);
    /* two meters, a row each 15 minutes, 100 hours: 800 rows of 104 bytes are too many */
    for (int i = 0; i < 400; i++) {
        append(spool, 1, i * INT64_C(900000), 0, 1);
        append(spool, 2, i * INT64_C(900000) + 5, 0, 1);
    }
    struct spool_counts counts = spool_count(spool);
    assert_true(counts.bytes <= limit_bytes);
    assert_true(counts.thinned > 100);
    assert_int_equal(counts.dropped, 0);
    assert_int_equal(counts.rows + counts.thinned, 800);
    int64_t rows[3] = {0};
    assert_int_equal(spool_each(spool, count_rows, rows), RC_OK);
    assert_true(rows[1] >= 100 && rows[2] >= 100); /* every hour is still there */
    append(spool, 1, INT64_C(400) * 900000, INT64_C(3600000), 2000);
    counts = spool_count(spool);
    assert_true(counts.bytes <= limit_bytes);
    assert_true(counts.dropped > 0);
    spool_close(&spool);
    spool = open_spool(limit_bytes);
    assert_int_equal(spool_count(spool).rows, counts.rows);
    spool_close(&spool);
}

static void seventy_two_hours_fit(void **state)
{
    (void)state;
    int64_t bytes = INT64_C(72) * 4 * 375 * SPOOL_RECORD_BYTES;
    assert_true(bytes * 4 < INT64_C(256) << 20); /* the default of spool_mib, changes included */
}

static void state_file_keeps_the_latest(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/states.bin", folder);
    struct state_file *file = NULL;
    assert_int_equal(state_file_open(path, &file), RC_OK);
    struct reading_entry entry;
    memset(&entry, 0, sizeof(entry));
    for (int64_t i = 1; i <= 300; i++) {
        entry.reading.meter_id = 1 + i % 100;
        entry.reading.taken_at_ms = i * 1000;
        assert_int_equal(state_file_put(file, &entry), RC_OK);
    }
    state_file_close(&file);
    assert_int_equal(state_file_open(path, &file), RC_OK);
    assert_int_equal(state_file_count(file), 100);
    for (size_t n = 0; n < 100; n++) {
        assert_int_equal(state_file_get(file, n, &entry), RC_OK);
        assert_true(entry.reading.taken_at_ms > 200000);
    }
    assert_int_equal(state_file_clear(file), RC_OK);
    state_file_close(&file);
    assert_int_equal(state_file_open(path, &file), RC_OK);
    assert_int_equal(state_file_count(file), 0);
    state_file_close(&file);
}

static void state_file_survives_a_torn_slot(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/states.bin", folder);
    struct state_file *file = NULL;
    assert_int_equal(state_file_open(path, &file), RC_OK);
    struct reading_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.reading.meter_id = 9;
    entry.reading.taken_at_ms = 1000;
    assert_int_equal(state_file_put(file, &entry), RC_OK);
    entry.reading.taken_at_ms = 2000;
    assert_int_equal(state_file_put(file, &entry), RC_OK);
    state_file_close(&file);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - 10), 0); /* tears the second slot */
    assert_int_equal(state_file_open(path, &file), RC_OK);
    assert_int_equal(state_file_get(file, 0, &entry), RC_OK);
    assert_int_equal(entry.reading.taken_at_ms, 1000);
    state_file_close(&file);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rows_come_back_in_order),
        CASE(what_is_not_done_comes_again),
        CASE(torn_tail_is_cut),
        CASE(a_broken_record_is_skipped),
        CASE(foreign_files_are_set_aside),
        CASE(thins_to_hourly_then_drops),
        CASE(seventy_two_hours_fit),
        CASE(state_file_keeps_the_latest),
        CASE(state_file_survives_a_torn_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

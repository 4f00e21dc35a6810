/* paywattctl import FILE, import undo ID, import list */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/import.h"
#include "core/rules/csv.h"
#include "core/store/field_summary.h"
#include "core/store/wake.h"
#include "ctl/ctl.h"

#define PROBE_LOOK_MS 300
#define PROBE_GRACE_MS 5000 /* until an expired question is marked so */
#define POLLER_SILENT_MS 15000
#define ROWS_SHOWN_MAX 2000

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static enum rc file_read(struct ctl *ctl, const char *path, const char **ret_bytes, size_t *ret_len)
{
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)ctl_fail("%s: cannot be opened: %s", path, strerror(errno));
        return RC_IO;
    }
    char *bytes = arena_take(&ctl->arena, CSV_BYTES_MAX + 1);
    if (bytes == NULL) {
        return RC_MEMORY;
    }
    *ret_len = fread(bytes, 1, CSV_BYTES_MAX + 1, file);
    *ret_bytes = bytes;
    if (ferror(file)) {
        (void)ctl_fail("%s: cannot be read: %s", path, strerror(errno));
        return RC_IO;
    }
    return RC_OK;
}

/* Errors and changes with their sentence; what is new or the same only as a number. */
static enum rc rows_show(struct ctl *ctl, const char *file, int64_t id,
                         struct import_record *record)
{
    struct import_row *rows = NULL;
    size_t count = 0;
    TRY(import_record_read(ctl->db, &ctl->arena, id, false, record));
    TRY(import_rows_read(ctl->db, &ctl->arena, id, &rows, &count));
    size_t shown = 0;
    for (size_t i = 0; i < count && shown < ROWS_SHOWN_MAX; i++) {
        bool odd_probe =
            strcmp(rows[i].probe, "mismatch") == 0 || strcmp(rows[i].probe, "silent") == 0;
        bool odd = strcmp(rows[i].verdict, "error") == 0 || strcmp(rows[i].verdict, "change") == 0;
        if (odd) {
            (void)printf("%s:%lld: %s: %s %s: %s\n", file, (long long)rows[i].line, rows[i].verdict,
                         rows[i].noun, rows[i].key, rows[i].message_en);
        }
        if (odd_probe) {
            (void)printf("%s:%lld: probe %s: %s %s: %s\n", file, (long long)rows[i].line,
                         rows[i].probe, rows[i].noun, rows[i].key, rows[i].probe_text);
        }
        shown += odd || odd_probe;
    }
    (void)printf("import %lld: %lld new, %lld changed, %lld the same, %lld in error\n",
                 (long long)id, (long long)record->rows[IMPORT_NEW],
                 (long long)record->rows[IMPORT_CHANGE], (long long)record->rows[IMPORT_SAME],
                 (long long)record->rows[IMPORT_ERROR]);
    return RC_OK;
}

/* True if a poller gave a sign of life lately. */
bool ctl_poller_lives(struct ctl *ctl)
{
    struct program_state *programs = NULL;
    size_t count = 0;
    if (program_states_read(ctl->db, &ctl->arena, &programs, &count) != RC_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(programs[i].program, "poller") == 0 &&
            clock_now_ms() - programs[i].at_ms < POLLER_SILENT_MS) {
            return true;
        }
    }
    return false;
}

/* A hint only: without Redis the poller finds the question by itself. */
void ctl_wake_pollers(struct ctl *ctl)
{
    CLEANUP(redis_close) struct redis *redis = NULL;
    if (redis_open(config_text(ctl->config, CONFIG_redis_socket), &redis) != RC_OK) {
        return;
    }
    struct line_summary *lines = NULL;
    size_t count = 0;
    enum rc rc = line_summaries_read(ctl->db, &ctl->arena, &lines, &count);
    int64_t last = -1;
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        if (lines[i].shard != last) {
            last = lines[i].shard;
            rc = wake_poller(redis, (int32_t)last);
        }
    }
    if (count == 0 && wake_poller(redis, 0) != RC_OK) {
        return;
    }
}

static int probe_run(struct ctl *ctl, int64_t id)
{
    struct import_why why;
    int64_t asked = 0;
    enum rc rc = import_run_probe(ctl->db, &ctl->arena, &ctl->actor, id, &asked, &why);
    if (rc != RC_OK) {
        return ctl_fail("the field cannot be asked: %s",
                        why.en[0] == '\0' ? db_error(ctl->db) : why.en);
    }
    if (!ctl_poller_lives(ctl)) {
        return ctl_fail(
            "paywatt-poller does not run: nobody can ask the meters; start it and try again");
    }
    ctl_wake_pollers(ctl);
    int64_t deadline_ms =
        clock_monotonic_ms() + IMPORT_PROBE_BASE_MS + asked * IMPORT_PROBE_EACH_MS + PROBE_GRACE_MS;
    int64_t waiting = asked;
    while (waiting > 0 && clock_monotonic_ms() < deadline_ms) {
        if (!ctl_pause(PROBE_LOOK_MS)) {
            return ctl_fail("stopped");
        }
        rc = import_take_answers(ctl->db, &ctl->arena, id, &waiting);
        if (rc != RC_OK) {
            return ctl_fail("the answers cannot be read: %s", db_error(ctl->db));
        }
    }
    (void)printf("%lld addresses asked, %lld did not answer in time\n", (long long)asked,
                 (long long)waiting);
    return CTL_DONE;
}

static int import_file(struct ctl *ctl, const char *path)
{
    const char *bytes = NULL;
    size_t len = 0;
    if (file_read(ctl, path, &bytes, &len) != RC_OK || !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    struct import_why why;
    struct import_record record;
    int64_t id = 0;
    enum rc rc = import_run_check(ctl->db, &ctl->arena, &ctl->actor, path, bytes, len, &id, &why);
    if (rc != RC_OK) {
        return ctl_fail("%s: %s", path, why.en[0] == '\0' ? db_error(ctl->db) : why.en);
    }
    int status = ctl_option(ctl, "--probe") == NULL ? CTL_DONE : probe_run(ctl, id);
    if (rows_show(ctl, path, id, &record) != RC_OK) {
        return ctl_fail("the verdicts cannot be read: %s", db_error(ctl->db));
    }
    if (record.rows[IMPORT_ERROR] > 0) {
        return ctl_fail("%s: %lld rows are in error; nothing was changed", path,
                        (long long)record.rows[IMPORT_ERROR]);
    }
    if (status != CTL_DONE || ctl_option(ctl, "--commit") == NULL) {
        return status;
    }
    if (record.rows[IMPORT_NEW] + record.rows[IMPORT_CHANGE] == 0) {
        (void)printf("nothing to change\n");
        return CTL_DONE;
    }
    if (record.probes_bad > 0) {
        return ctl_fail(
            "%s: %lld meters did not prove themselves in the probe; nothing was changed", path,
            (long long)record.probes_bad);
    }
    rc = import_run_commit(ctl->db, &ctl->arena, &ctl->actor, id, &why);
    if (rc != RC_OK) {
        return ctl_fail("nothing was changed: %s", why.en[0] == '\0' ? db_error(ctl->db) : why.en);
    }
    (void)printf("import %lld committed; undo: paywattctl import undo %lld --reason TEXT\n",
                 (long long)id, (long long)id);
    ctl_wake_pollers(ctl);
    return CTL_DONE;
}

static int import_undo(struct ctl *ctl)
{
    int64_t id = 0;
    if (text_parse_int(ctl->words[1], strlen(ctl->words[1]), 1, INT64_MAX, &id) != RC_OK) {
        return ctl_fail("import undo needs the number of an import, not \"%s\"", ctl->words[1]);
    }
    const char *reason = ctl_reason(ctl);
    if (reason == NULL || !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    struct import_why why;
    enum rc rc = import_run_undo(ctl->db, &ctl->arena, &ctl->actor, id, reason, &why);
    if (rc == RC_NOT_FOUND) {
        return ctl_fail("there is no import %lld", (long long)id);
    }
    if (rc != RC_OK) {
        return ctl_fail("nothing was undone: %s", why.en[0] == '\0' ? db_error(ctl->db) : why.en);
    }
    (void)printf("import %lld undone\n", (long long)id);
    ctl_wake_pollers(ctl);
    return CTL_DONE;
}

static int import_list(struct ctl *ctl)
{
    struct import_record *records = NULL;
    size_t count = 0;
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    if (import_record_list(ctl->db, &ctl->arena, INT64_MAX, 100, &records, &count) != RC_OK) {
        return ctl_fail("imports cannot be read: %s", db_error(ctl->db));
    }
    for (size_t i = 0; i < count; i++) {
        char at[CLOCK_TEXT_MAX];
        (void)printf("%4lld  %-10s %s  %s\n", (long long)records[i].id, records[i].state,
                     clock_format_rfc3339(records[i].created_at_ms, at), records[i].file_name);
    }
    return CTL_DONE;
}

int ctl_import(struct ctl *ctl)
{
    if (ctl->words_count == 2) {
        return strcmp(ctl->words[0], "undo") == 0 ? import_undo(ctl) : CTL_USAGE;
    }
    if (strcmp(ctl->words[0], "list") == 0) {
        return import_list(ctl);
    }
    if (ctl_option(ctl, "--dry-run") != NULL && ctl_option(ctl, "--commit") != NULL) {
        return ctl_fail("--dry-run and --commit exclude each other");
    }
    return import_file(ctl, ctl->words[0]);
}

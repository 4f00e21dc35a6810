#include "core/flow/backup_manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/json.h"

#define FORMAT 1
#define FILE_BYTES_MAX ((size_t)1 << 20)
#define FILE_PATH_BYTES (BACKUP_PATH_BYTES + 40)

void backup_name_make(int64_t at_ms, char ret_name[BACKUP_NAME_BYTES])
{
    struct clock_parts parts = clock_utc_parts(at_ms);
    (void)snprintf(ret_name, BACKUP_NAME_BYTES, "%04u%02u%02uT%02u%02u%02uZ",
                   (unsigned)parts.year % 10000U, (unsigned)parts.month % 100U,
                   (unsigned)parts.day % 100U, (unsigned)parts.hour % 100U,
                   (unsigned)parts.minute % 100U, (unsigned)parts.second % 100U);
}

bool backup_name_is_plausible(const char *name)
{
    return strlen(name) == 16 && strspn(name, "0123456789") == 8 && name[8] == 'T' &&
           strspn(name + 9, "0123456789") == 6 && name[15] == 'Z';
}

int64_t backup_manifest_rows(const struct backup_manifest *manifest)
{
    int64_t rows = 0;
    for (size_t i = 0; i < manifest->tables_count; i++) {
        rows += manifest->tables[i].rows;
    }
    return rows;
}

/* ---- writing ---- */

static void add_text(struct text *json, const char *key, const char *value)
{
    text_printf(json, ",\n  \"%s\": ", key);
    text_add_json_string(json, value, strlen(value));
}

static void json_make(struct text *json, const struct backup_manifest *manifest)
{
    char at[CLOCK_TEXT_MAX];
    text_printf(json, "{\n  \"format\": %d", FORMAT);
    add_text(json, "name", manifest->name);
    add_text(json, "made_at", clock_format_rfc3339(manifest->made_at_ms, at));
    add_text(json, "site", manifest->site_code);
    add_text(json, "made_with", manifest->made_with);
    add_text(json, "server", manifest->server_version);
    add_text(json, "database", manifest->database);
    text_printf(json, ",\n  \"schema_number\": %lld", (long long)manifest->schema_number);
    add_text(json, "binlog_file", manifest->position.file);
    text_printf(json, ",\n  \"binlog_position\": %lld", (long long)manifest->position.position);
    text_printf(json, ",\n  \"dump_bytes\": %lld", (long long)manifest->dump.bytes);
    add_text(json, "dump_sha256", manifest->dump.sha256);
    text_printf(json, ",\n  \"audit_position\": %lld", (long long)manifest->chain_position);
    add_text(json, "audit_hash", manifest->chain_hash);
    text_printf(json, ",\n  \"verified\": %s", manifest->verified ? "true" : "false");
    add_text(json, "detail", manifest->detail);
    text_add_string(json, ",\n  \"tables\": [");
    for (size_t i = 0; i < manifest->tables_count; i++) {
        const struct table_sum *table = &manifest->tables[i];
        text_printf(json,
                    "%s\n    {\"name\": \"%s\", \"rows\": %lld, \"sum\": %lld, \"mix\": %lld}",
                    i == 0 ? "" : ",", table->name, (long long)table->rows, (long long)table->sum,
                    (long long)table->mix);
    }
    text_add_string(json, "\n  ]\n}\n");
}

static void fd_close(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static enum rc file_write(const char *path, const struct text *content, struct text *problem)
{
    TRY(text_result(content));
    CLEANUP(fd_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || write(fd, content->bytes, content->len) != (ssize_t)content->len ||
        fsync(fd) != 0) {
        text_printf(problem, "%s: %s", path, strerror(errno));
        return RC_IO;
    }
    return RC_OK;
}

enum rc backup_manifest_write(const char *folder, const struct backup_manifest *manifest,
                              struct text *problem)
{
    char path[FILE_PATH_BYTES];
    struct text json CLEANUP(text_release);
    struct text sums CLEANUP(text_release);
    text_init(&json, FILE_BYTES_MAX);
    text_init(&sums, 4096);
    json_make(&json, manifest);
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_MANIFEST, folder);
    TRY(file_write(path, &json, problem));
    struct archive_sums of_manifest;
    TRY(archive_sums_of(path, &of_manifest));
    text_printf(&sums, "%s  " BACKUP_DUMP "\n%s  " BACKUP_MANIFEST "\n", manifest->dump.sha256,
                of_manifest.sha256);
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_SUMS, folder);
    return file_write(path, &sums, problem);
}

/* ---- reading ---- */

static enum rc file_read(const char *path, struct arena *arena, struct text *problem,
                         const char **ret_bytes, size_t *ret_len)
{
    CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = fd < 0 ? NULL : arena_take(arena, FILE_BYTES_MAX + 1);
    ssize_t len = bytes == NULL ? -1 : read(fd, bytes, FILE_BYTES_MAX);
    if (len < 0) {
        text_printf(problem, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? RC_NOT_FOUND : RC_IO;
    }
    bytes[len] = '\0';
    *ret_bytes = bytes;
    *ret_len = (size_t)len;
    return RC_OK;
}

static enum rc tables_read(const struct json_object *json, struct arena *arena,
                           struct backup_manifest *out)
{
    const struct json_object *list = NULL;
    TRY(json_get_array(json, "tables", TABLE_SUMS_MAX, &list));
    out->tables_count = json_count(list);
    out->tables = arena_take_array(arena, out->tables_count + 1, sizeof(*out->tables));
    if (out->tables == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < out->tables_count; i++) {
        const struct json_object *one = json_at(list, i);
        const char *name = "";
        TRY(json_get_text(one, "name", 1, 64, &name));
        TRY(json_get_int(one, "rows", 0, INT64_MAX, &out->tables[i].rows));
        TRY(json_get_int(one, "sum", 0, INT64_MAX, &out->tables[i].sum));
        TRY(json_get_int(one, "mix", 0, INT64_MAX, &out->tables[i].mix));
        out->tables[i].name = arena_copy_string(arena, name);
        if (out->tables[i].name == NULL) {
            return RC_MEMORY;
        }
    }
    return RC_OK;
}

static enum rc text_read(const struct json_object *json, const char *key, struct arena *arena,
                         const char **ret_text)
{
    const char *text = "";
    TRY(json_get_text(json, key, 0, 1000, &text));
    *ret_text = arena_copy_string(arena, text);
    return *ret_text == NULL ? RC_MEMORY : RC_OK;
}

static enum rc fields_read(const struct json_object *json, struct arena *arena,
                           struct backup_manifest *out)
{
    int64_t format = 0;
    const char *text = "";
    TRY(json_get_int(json, "format", FORMAT, FORMAT, &format));
    TRY(json_get_text(json, "name", 1, sizeof(out->name) - 1, &text));
    text_copy(out->name, sizeof(out->name), text);
    TRY(json_get_text(json, "made_at", 1, 40, &text));
    TRY(clock_parse_rfc3339(text, strlen(text), &out->made_at_ms));
    TRY(text_read(json, "site", arena, &out->site_code));
    TRY(text_read(json, "made_with", arena, &out->made_with));
    TRY(text_read(json, "server", arena, &out->server_version));
    TRY(text_read(json, "database", arena, &out->database));
    TRY(json_get_int(json, "schema_number", 1, 9999, &out->schema_number));
    TRY(json_get_text(json, "binlog_file", 1, sizeof(out->position.file) - 1, &text));
    text_copy(out->position.file, sizeof(out->position.file), text);
    TRY(json_get_int(json, "binlog_position", 0, INT64_MAX, &out->position.position));
    TRY(json_get_int(json, "dump_bytes", 1, INT64_MAX, &out->dump.bytes));
    TRY(json_get_text(json, "dump_sha256", 64, 64, &text));
    text_copy(out->dump.sha256, sizeof(out->dump.sha256), text);
    TRY(json_get_int(json, "audit_position", 0, INT64_MAX, &out->chain_position));
    TRY(text_read(json, "audit_hash", arena, &out->chain_hash));
    TRY(json_get_bool(json, "verified", &out->verified));
    TRY(text_read(json, "detail", arena, &out->detail));
    return tables_read(json, arena, out);
}

/* A damaged file is named. */
static enum rc sum_check(const char *path, const char *sha256, struct text *problem)
{
    struct archive_sums found;
    enum rc rc = archive_sums_of(path, &found);
    if (rc != RC_OK) {
        text_printf(problem, "%s: %s", path, rc_sentence(rc));
        return rc;
    }
    if (strncmp(found.sha256, sha256, ARCHIVE_HEX_BYTES - 1) != 0) {
        text_printf(problem, "%s is damaged: its SHA-256 is not the one that was written down",
                    path);
        return RC_INVALID;
    }
    return RC_OK;
}

/* SHA256SUMS holds 64 digits, two blanks and the name, a line each. */
static enum rc sums_check(const char *folder, struct arena *arena, struct text *problem)
{
    static const char *const names[] = {BACKUP_MANIFEST, BACKUP_DUMP};
    char path[FILE_PATH_BYTES];
    const char *bytes = "";
    size_t len = 0;
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_SUMS, folder);
    TRY(file_read(path, arena, problem, &bytes, &len));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *at = strstr(bytes, names[i]);
        if (at == NULL || at - bytes < ARCHIVE_HEX_BYTES + 1) {
            text_printf(problem, "%s is damaged: it does not name %s", path, names[i]);
            return RC_INVALID;
        }
        char file[FILE_PATH_BYTES];
        (void)snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
        TRY(sum_check(file, at - (ARCHIVE_HEX_BYTES + 1), problem));
    }
    return RC_OK;
}

enum rc backup_manifest_read(const char *folder, bool whole, struct arena *arena,
                             struct text *problem, struct backup_manifest *ret_manifest)
{
    char path[FILE_PATH_BYTES];
    const char *bytes = "";
    size_t len = 0;
    if (whole) {
        TRY(sums_check(folder, arena, problem));
    }
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_MANIFEST, folder);
    TRY(file_read(path, arena, problem, &bytes, &len));
    CLEANUP(json_release) struct json_object *json = NULL;
    struct backup_manifest out = {.tables = NULL};
    enum rc rc = json_parse(bytes, len, 4, &json);
    rc = rc == RC_OK ? fields_read(json, arena, &out) : rc;
    if (rc != RC_OK) {
        text_printf(problem, "%s is damaged: it is not a manifest of format %d", path, FORMAT);
        return rc == RC_MEMORY ? rc : RC_INVALID;
    }
    *ret_manifest = out;
    return RC_OK;
}

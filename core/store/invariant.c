#include "core/store/invariant.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/store/script.h"

#define PATH_BYTES 900
#define FILE_BYTES_MAX 65536
#define ROWS_MAX 1000 /* what a query may bring at most */

static void folder_close(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

/* The rest of the line behind a mark such as "-- en: "; "" when there is none. */
static const char *sentence_of(struct arena *arena, const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    if (at == NULL) {
        return "";
    }
    at += strlen(mark);
    const char *copy = arena_copy(arena, at, strcspn(at, "\n"));
    return copy == NULL ? "" : copy;
}

static enum rc file_load(const char *path, const char *name, struct arena *arena,
                         struct text *problem, struct invariant *out)
{
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    if (file == NULL) {
        text_printf(problem, "%s: cannot be opened: %s", path, strerror(errno));
        return RC_IO;
    }
    char *bytes = arena_take(arena, FILE_BYTES_MAX + 1);
    if (bytes == NULL) {
        return RC_MEMORY;
    }
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    struct script script;
    struct script_statement statement;
    struct script_statement more;
    script_open(&script, bytes, len);
    if (len == FILE_BYTES_MAX || script_next(&script, &statement) != RC_OK ||
        script_next(&script, &more) != RC_NOT_FOUND) {
        text_printf(problem, "%s: an invariant is one query", path);
        return RC_INVALID;
    }
    *out = (struct invariant){.name = arena_copy(arena, name, strlen(name) - 4),
                              .zh = sentence_of(arena, bytes, "-- zh: "),
                              .en = sentence_of(arena, bytes, "-- en: "),
                              .sql = arena_copy(arena, statement.sql, statement.len)};
    if (out->name == NULL || out->sql == NULL) {
        return RC_MEMORY;
    }
    if (out->zh[0] == '\0' || out->en[0] == '\0') {
        text_printf(problem, "%s: an invariant says what it means (-- zh: and -- en:)", path);
        return RC_INVALID;
    }
    return RC_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct invariant *)a)->name, ((const struct invariant *)b)->name);
}

enum rc invariants_load(const char *folder, struct arena *arena, struct text *problem,
                        struct invariant **ret_invariants, size_t *ret_count)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/invariants", folder);
    CLEANUP(folder_close) DIR *open_folder = opendir(path);
    if (open_folder == NULL) {
        text_printf(problem, "%s: cannot be opened: %s", path, strerror(errno));
        return RC_IO;
    }
    struct invariant *out = arena_take_array(arena, INVARIANTS_MAX, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    size_t count = 0;
    for (struct dirent *entry = readdir(open_folder); entry != NULL; entry = readdir(open_folder)) {
        size_t len = strlen(entry->d_name);
        if (len < 5 || strcmp(entry->d_name + len - 4, ".sql") != 0 || count == INVARIANTS_MAX) {
            continue;
        }
        char file[PATH_BYTES + 257];
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        TRY(file_load(file, entry->d_name, arena, problem, &out[count]));
        count++;
    }
    qsort(out, count, sizeof(*out), by_name);
    *ret_invariants = out;
    *ret_count = count;
    return RC_OK;
}

static const char *row_text(const struct db_rows *rows, size_t row, struct arena *arena)
{
    struct text out __attribute__((cleanup(text_release)));
    text_init(&out, 4000);
    for (size_t i = 0; i < rows->columns; i++) {
        const struct db_value *value = db_at(rows, row, i);
        char at[CLOCK_TEXT_MAX];
        text_add_string(&out, i == 0 ? "" : ", ");
        if (value->kind == DB_INT) {
            text_add_int(&out, value->number);
        } else if (value->kind == DB_TIME) {
            text_add_string(&out, clock_format_rfc3339(value->number, at));
        } else {
            text_add_string(&out, value->kind == DB_NULL ? "null" : value->text);
        }
    }
    return text_result(&out) == RC_OK ? arena_copy_string(arena, text_string(&out)) : "...";
}

enum rc invariant_check(struct db *db, struct arena *arena, const struct invariant *invariant,
                        const char ***ret_offenders, size_t *ret_count)
{
    assert(db != NULL && invariant != NULL && ret_offenders != NULL && ret_count != NULL);
    const char **offenders = arena_take_array(arena, INVARIANT_OFFENDERS_MAX, sizeof(*offenders));
    if (offenders == NULL) {
        return RC_MEMORY;
    }
    struct db_rows rows;
    enum rc rc = db_query(db, arena, invariant->sql, DB_NO_ARGS, ROWS_MAX, &rows);
    if (rc == RC_TOO_LARGE) {
        offenders[0] = "more than 1000 offenders";
        *ret_offenders = offenders;
        *ret_count = 1;
        return RC_OK;
    }
    TRY(rc);
    size_t count = rows.count < INVARIANT_OFFENDERS_MAX ? rows.count : INVARIANT_OFFENDERS_MAX;
    for (size_t i = 0; i < count; i++) {
        offenders[i] = row_text(&rows, i, arena);
        if (offenders[i] == NULL) {
            return RC_MEMORY;
        }
    }
    *ret_offenders = offenders;
    *ret_count = count;
    return RC_OK;
}

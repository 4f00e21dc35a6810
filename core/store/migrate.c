#include "core/store/migrate.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/store/role.h"
#include "core/store/script.h"

#define PATH_BYTES 600
#define NAME_BYTES 121
#define ARENA_BYTES ((size_t)4 << 20)

struct migration {
    int64_t number;
    char name[NAME_BYTES]; /* of the file */
};

struct migrations {
    struct migration rows[MIGRATIONS_MAX];
    size_t count;
};

static bool is_plain_name(const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && name[len] == '\0';
}

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

/* The whole file into out. */
static enum rc file_read(const char *path, struct text *out, struct text *problem)
{
    CLEANUP(descriptor_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        text_printf(problem, "%s: cannot be opened: %s", path, strerror(errno));
        return RC_IO;
    }
    char bytes[8192];
    ssize_t got = 0;
    while ((got = read(descriptor, bytes, sizeof(bytes))) > 0) {
        text_add(out, bytes, (size_t)got);
    }
    if (got < 0) {
        text_printf(problem, "%s: cannot be read: %s", path, strerror(errno));
        return RC_IO;
    }
    enum rc rc = text_result(out);
    if (rc != RC_OK) {
        text_printf(problem, "%s: %s", path, rc_sentence(rc));
    }
    return rc;
}

enum rc migrate_make_database(struct db *db, const char *name, struct text *problem)
{
    assert(db != NULL && name != NULL && problem != NULL);
    if (!is_plain_name(name)) {
        text_add_string(problem, "[database] name may hold letters, digits and _ only");
        return RC_INVALID;
    }
    struct text sql;
    text_init(&sql, 1000);
    text_printf(&sql, "CREATE DATABASE IF NOT EXISTS %s CHARACTER SET utf8mb4", name);
    enum rc rc = text_result(&sql);
    if (rc == RC_OK) {
        rc = db_execute_text(db, sql.bytes, sql.len, NULL);
    }
    text_release(&sql);
    if (rc != RC_OK) {
        text_printf(problem, "database %s cannot be made: %s", name, db_error(db));
    }
    return rc;
}

enum rc migrate_lock(struct db *db, int64_t wait_s, struct text *problem)
{
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 65536);
    struct db_rows rows;
    enum rc rc = db_query(db, &arena, "SELECT GET_LOCK(CONCAT(DATABASE(), '.migrate'), ?)",
                          DB_ARGS(db_int(wait_s)), 1, &rows);
    if (rc != RC_OK) {
        text_printf(problem, "the lock of migrations cannot be taken: %s", db_error(db));
        return rc;
    }
    if (db_get_int(&rows, 0, 0) != 1) {
        text_add_string(problem, "another migration is running; try again when it is done");
        return RC_LOCKED;
    }
    return RC_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct migration *left = a;
    const struct migration *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

static void folder_close(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static enum rc files_find(const char *path, struct migrations *out, struct text *problem)
{
    CLEANUP(folder_close) DIR *folder = opendir(path);
    if (folder == NULL) {
        text_printf(problem, "%s: cannot be opened: %s", path, strerror(errno));
        return RC_IO;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t len = strlen(entry->d_name);
        if (len < 5 || strcmp(entry->d_name + len - 4, ".sql") != 0) {
            continue;
        }
        char *end = NULL;
        long number = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name + 4 || *end != '_' || number < 1 || len >= NAME_BYTES) {
            text_printf(problem, "%s/%s: a migration is named 0001_what.sql", path, entry->d_name);
            return RC_INVALID;
        }
        if (out->count == MIGRATIONS_MAX) {
            text_printf(problem, "%s: more than %d migrations", path, MIGRATIONS_MAX);
            return RC_TOO_LARGE;
        }
        struct migration *row = &out->rows[out->count++];
        row->number = number;
        text_copy(row->name, sizeof(row->name), entry->d_name);
    }
    qsort(out->rows, out->count, sizeof(out->rows[0]), by_number);
    for (size_t i = 1; i < out->count; i++) {
        if (out->rows[i].number == out->rows[i - 1].number) {
            text_printf(problem, "%s: %s and %s have the same number", path, out->rows[i - 1].name,
                        out->rows[i].name);
            return RC_INVALID;
        }
    }
    return RC_OK;
}

/* Where the records are. Kept apart from the migrations: it must be there before the first. */
static const char record_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    " number INT NOT NULL PRIMARY KEY, name VARCHAR(120) NOT NULL, sha256 BINARY(32) NOT NULL,"
    " ran_at DATETIME(3) NOT NULL) ENGINE=InnoDB";

/* Runs the statements of one text. what: the file's name for sentences. */
static enum rc statements_run(struct db *db, const char *what, const char *bytes, size_t len,
                              struct text *problem)
{
    struct script script;
    script_open(&script, bytes, len);
    for (;;) {
        struct script_statement statement;
        enum rc rc = script_next(&script, &statement);
        if (rc == RC_NOT_FOUND) {
            return RC_OK;
        }
        if (rc != RC_OK) {
            text_printf(problem, "%s:%d: a quote or comment is not closed", what, script.line);
            return rc;
        }
        rc = db_execute_text(db, statement.sql, statement.len, NULL);
        if (rc != RC_OK) {
            text_printf(problem, "%s:%d: %s", what, statement.line, db_error(db));
            return rc;
        }
    }
}

static enum rc record_find(const struct db_rows *rows, int64_t number, size_t *ret_row)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (db_get_int(rows, i, 0) == number) {
            *ret_row = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

/* Every record must still have its file: otherwise these programs are older than the database. */
static enum rc records_check(const struct db_rows *rows, const struct migrations *files,
                             struct text *problem)
{
    for (size_t i = 0; i < rows->count; i++) {
        bool found = false;
        for (size_t k = 0; k < files->count && !found; k++) {
            found = files->rows[k].number == db_get_int(rows, i, 0);
        }
        if (!found) {
            text_printf(
                problem,
                "migration %s ran in this database but is not in the folder: these programs are"
                " older than the database",
                db_get_text(rows, i, 1));
            return RC_CONFLICT;
        }
    }
    return RC_OK;
}

static enum rc one_run(struct db *db, const char *folder, const struct migration *file,
                       const struct db_rows *records, bool check_only, struct text *report,
                       struct text *problem, size_t *ran)
{
    char path[PATH_BYTES + NAME_BYTES + 1];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, file->name);
    struct text body __attribute__((cleanup(text_release)));
    text_init(&body, SCRIPT_BYTES_MAX);
    TRY(file_read(path, &body, problem));
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_sha256(text_string(&body), body.len, hash);
    size_t row = 0;
    if (record_find(records, file->number, &row) == RC_OK) {
        if (memcmp(db_at(records, row, 2)->text, hash, sizeof(hash)) == 0) {
            return RC_OK;
        }
        char at[CLOCK_TEXT_MAX];
        text_printf(
            problem,
            "%s: it was changed after it ran on %s; a migration that ran is never edited: restore"
            " it and put the change into a new file",
            path, clock_format_rfc3339(db_get_time(records, row, 3), at));
        return RC_CONFLICT;
    }
    if (check_only) {
        return RC_OK;
    }
    TRY(statements_run(db, path, text_string(&body), body.len, problem));
    enum rc rc = db_execute(
        db, "INSERT INTO schema_migration (number, name, sha256, ran_at) VALUES (?, ?, ?, ?)",
        DB_ARGS(db_int(file->number), db_text(file->name), db_bytes(hash, sizeof(hash)),
                db_time(clock_now_ms())),
        NULL);
    if (rc != RC_OK) {
        text_printf(problem, "%s ran, but its record cannot be written: %s", path, db_error(db));
        return rc;
    }
    text_printf(report, "%s\n", file->name);
    (*ran)++;
    return RC_OK;
}

enum rc migrate_run(struct db *db, const char *folder, struct text *report, struct text *problem,
                    size_t *ret_ran)
{
    assert(db != NULL && folder != NULL && report != NULL && problem != NULL && ret_ran != NULL);
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/migrations", folder);
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct migrations *files = arena_take(&arena, sizeof(*files));
    if (files == NULL) {
        return RC_MEMORY;
    }
    TRY(files_find(path, files, problem));
    struct db_rows records;
    enum rc rc = db_execute_text(db, record_table, sizeof(record_table) - 1, NULL);
    if (rc == RC_OK) {
        rc = db_query(db, &arena,
                      "SELECT number, name, sha256, ran_at FROM schema_migration ORDER BY number",
                      DB_NO_ARGS, MIGRATIONS_MAX, &records);
    }
    if (rc != RC_OK) {
        text_printf(problem, "the record of migrations cannot be read: %s", db_error(db));
        return rc;
    }
    TRY(records_check(&records, files, problem));
    size_t ran = 0;
    for (int pass = 0; pass < 2; pass++) { /* first all checks, then the work */
        for (size_t i = 0; i < files->count; i++) {
            TRY(one_run(db, path, &files->rows[i], &records, pass == 0, report, problem, &ran));
        }
    }
    *ret_ran = ran;
    return RC_OK;
}

struct names {
    const struct config *config;
    struct text *problem;
};

/* {prefix}, {database}, {password:ROLE} */
static enum rc name_fill(void *context, const char *name, struct text *out)
{
    struct names *names = context;
    if (strcmp(name, "prefix") == 0) {
        text_add_string(out, config_text(names->config, CONFIG_database_user_prefix));
        return RC_OK;
    }
    if (strcmp(name, "database") == 0) {
        text_add_string(out, config_text(names->config, CONFIG_database_name));
        return RC_OK;
    }
    if (strncmp(name, "password:", 9) != 0 || !is_plain_name(name + 9)) {
        return RC_NOT_FOUND;
    }
    char password[ROLE_PASSWORD_BYTES];
    enum rc rc = role_password(names->config, name + 9, names->problem, password);
    if (rc == RC_OK) {
        db_add_escaped(out, password, strlen(password));
    }
    crypto_wipe(password, sizeof(password));
    return rc == RC_NOT_FOUND ? RC_IO : rc;
}

enum rc migrate_grant(struct db *db, const struct config *config, const char *folder,
                      struct text *problem)
{
    assert(db != NULL && config != NULL && folder != NULL && problem != NULL);
    const char *prefix = config_text(config, CONFIG_database_user_prefix);
    if (!is_plain_name(config_text(config, CONFIG_database_name)) ||
        (prefix[0] != '\0' && !is_plain_name(prefix))) {
        text_add_string(problem,
                        "[database] name and user_prefix may hold letters, digits and _ only");
        return RC_INVALID;
    }
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/grants.sql", folder);
    struct text body __attribute__((cleanup(text_release)));
    struct text filled __attribute__((cleanup(text_release)));
    text_init(&body, SCRIPT_BYTES_MAX);
    text_init(&filled, SCRIPT_BYTES_MAX * 2);
    TRY(file_read(path, &body, problem));
    struct names names = {.config = config, .problem = problem};
    int line = 0;
    enum rc rc = script_fill(text_string(&body), body.len, name_fill, &names, &filled, &line);
    if (rc == RC_INVALID && problem->len == 0) {
        text_printf(problem, "%s:%d: unknown {name}", path, line);
    }
    if (rc == RC_OK) {
        rc = statements_run(db, path, text_string(&filled), filled.len, problem);
    }
    if (filled.bytes != NULL) {
        crypto_wipe(filled.bytes, filled.len); /* it holds the passwords */
    }
    TRY(rc);
    return migrate_check_grants(db, config, problem);
}

enum rc migrate_check_grants(struct db *db, const struct config *config, struct text *problem)
{
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 65536);
    struct db_rows rows;
    struct text like __attribute__((cleanup(text_release)));
    text_init(&like, 200);
    struct text migrator __attribute__((cleanup(text_release)));
    text_init(&migrator, 200);
    text_printf(&like, "'%s%%'@%%", config_text(config, CONFIG_database_user_prefix));
    text_printf(&migrator, "'%smigrate'@%%", config_text(config, CONFIG_database_user_prefix));
    const char *name = config_text(config, CONFIG_database_name);
    enum rc rc = db_query(
        db, &arena,
        "SELECT GRANTEE, PRIVILEGE_TYPE FROM ("
        " SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES"
        "  WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN ('audit', 'audit_chain', 'audit_seal', "
        "'transfer', 'proof', 'proof_line')"
        " UNION ALL SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES"
        "  WHERE ? LIKE TABLE_SCHEMA"
        " UNION ALL SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES) g"
        " WHERE GRANTEE LIKE ? AND GRANTEE NOT LIKE ? AND PRIVILEGE_TYPE IN ('UPDATE', 'DELETE')"
        " LIMIT 1",
        DB_ARGS(db_text(name), db_text(name), db_text(text_string(&like)),
                db_text(text_string(&migrator))),
        1, &rows);
    if (rc != RC_OK) {
        text_printf(problem, "the rights of database users cannot be read: %s", db_error(db));
        return rc;
    }
    if (rows.count > 0) {
        text_printf(problem, "database user %s has %s on tables that only grow (audit, transfer)",
                    db_get_text(&rows, 0, 0), db_get_text(&rows, 0, 1));
        return RC_REFUSED;
    }
    return RC_OK;
}

enum rc migrate_may_grant(struct db *db, bool *ret_may)
{
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 65536);
    struct db_rows rows;
    TRY(db_query(db, &arena,
                 "SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES"
                 " WHERE PRIVILEGE_TYPE = 'CREATE USER' AND IS_GRANTABLE = 'YES' AND GRANTEE ="
                 " CONCAT('\\'', REPLACE(CURRENT_USER(), '@', '\\'@\\''), '\\'')",
                 DB_NO_ARGS, 1, &rows));
    *ret_may = db_get_int(&rows, 0, 0) > 0;
    return RC_OK;
}

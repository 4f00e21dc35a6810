#include "core/flow/backup.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/zone.h"
#include "core/store/audit_chain.h"
#include "core/store/job_lock.h"
#include "core/store/role.h"
#include "core/store/site.h"

#define LOCK_LIMIT_S 3600
#define TRY_AGAIN_MS (INT64_C(3600) * 1000)
#define DAY_MS (INT64_C(86400) * 1000)
#define REMOVE_DESCRIPTORS 16

struct making {
    const struct backup_order *order;
    struct arena *arena;
    struct text *problem;
    const char *parent;            /* [backup] folder */
    char fresh[BACKUP_PATH_BYTES]; /* parent/.new-NAME, becomes the backup */
    char work[BACKUP_PATH_BYTES];  /* parent/.work-NAME, goes away */
    struct tool_place place;       /* of the running database */
    char password[ROLE_PASSWORD_BYTES];
    char user[64];
    struct backup_manifest manifest;
    struct db *hold; /* keeps commits waiting for a moment */
    bool ran;
};

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

void backup_folder_remove(const char *path)
{
    assert(path[0] == '/' && strlen(path) > 4);
    (void)nftw(path, remove_one, REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

static void folder_close(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static enum rc folder_make(const char *path, struct text *problem)
{
    if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST) {
        text_printf(problem, "%s: %s", path, strerror(errno));
        return RC_IO;
    }
    return RC_OK;
}

/* What a run that was cut off left behind; we hold the lock, so nobody is at it. */
static void leftovers_remove(const char *parent)
{
    char path[BACKUP_PATH_BYTES + 260];
    CLEANUP(folder_close) DIR *folder = opendir(parent);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        if (strncmp(entry->d_name, ".new-", 5) == 0 || strncmp(entry->d_name, ".work-", 6) == 0) {
            (void)snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
            backup_folder_remove(path);
        }
    }
}

/* Backups older than keep_days, but never the one just made. */
static void old_remove(const struct making *making)
{
    char oldest[BACKUP_NAME_BYTES];
    char path[BACKUP_PATH_BYTES + 260];
    int64_t keep_days = config_int(making->order->config, CONFIG_backup_keep_days);
    backup_name_make(making->manifest.made_at_ms - keep_days * DAY_MS, oldest);
    CLEANUP(folder_close) DIR *folder = opendir(making->parent);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        if (backup_name_is_plausible(entry->d_name) && strcmp(entry->d_name, oldest) < 0) {
            (void)snprintf(path, sizeof(path), "%s/%s", making->parent, entry->d_name);
            backup_folder_remove(path);
        }
    }
}

/* The names in it are on disk before it is called done. */
static enum rc folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return RC_IO;
    }
    int failed = fsync(fd);
    (void)close(fd);
    return failed == 0 ? RC_OK : RC_IO;
}

/* ---- the snapshot ---- */

static enum rc said(struct making *making, struct db *db, enum rc rc, const char *what)
{
    if (rc != RC_OK && making->problem->len == 0) {
        text_printf(making->problem, "%s: %s", what,
                    db_error(db)[0] == '\0' ? rc_sentence(rc) : db_error(db));
    }
    return rc;
}

/* Snapshot and dump begin while nothing commits, so they show the same; both say at which position
   of the binlog they are, which proves it. */
static enum rc begin_together(struct making *making, struct db *db, struct tool_dump *ret_dump)
{
    enum rc rc = said(making, making->hold, backup_hold(making->hold), "commits cannot be held");
    if (rc == RC_OK) {
        rc = said(making, db, backup_snapshot(db, making->arena, &making->manifest.position),
                  "no snapshot");
        making->manifest.made_at_ms = clock_now_ms();
        rc = rc == RC_OK ? tool_dump_start(&making->place, making->problem, ret_dump) : rc;
    }
    enum rc let_go = backup_let_go(making->hold);
    TRY(rc);
    const struct tool_position *ours = &making->manifest.position;
    if (let_go != RC_OK || ret_dump->position.position != ours->position ||
        strcmp(ret_dump->position.file, ours->file) != 0) {
        text_printf(making->problem, "snapshot and dump are not of one moment (%s %lld, %s %lld)",
                    ours->file, (long long)ours->position, ret_dump->position.file,
                    (long long)ret_dump->position.position);
        tool_dump_abandon(ret_dump);
        return RC_INTERNAL;
    }
    return RC_OK;
}

static enum rc facts_read(struct making *making, struct db *db)
{
    struct backup_manifest *manifest = &making->manifest;
    struct arena *arena = making->arena;
    struct site site;
    struct audit_link head;
    char *hex = arena_take(arena, 2 * AUDIT_HASH_BYTES + 1);
    if (hex == NULL) {
        return RC_MEMORY;
    }
    TRY(table_sums_read(db, arena, making->order->stop, &manifest->tables,
                        &manifest->tables_count));
    TRY(backup_versions(db, arena, &manifest->server_version, &manifest->schema_number));
    TRY(site_find(db, arena, &site));
    TRY(audit_chain_last(db, arena, false, &head));
    manifest->site_code = site.code;
    manifest->chain_position = head.position;
    manifest->chain_hash = crypto_hex(head.hash, AUDIT_HASH_BYTES, hex);
    return RC_OK;
}

static enum rc take_work(struct db *db, void *context)
{
    struct making *making = context;
    if (making->ran) {
        return RC_INTERNAL; /* it only reads: nothing makes it run again */
    }
    making->ran = true;
    char path[BACKUP_PATH_BYTES + 40];
    struct tool_dump dump;
    TRY(begin_together(making, db, &dump));
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_DUMP, making->fresh);
    TRY(tool_dump_finish(&making->place, &dump, path, making->problem, &making->manifest.dump));
    return said(making, db, facts_read(making, db), "the snapshot cannot be read");
}

/* The months of the history must stay as they are while they are read. */
static enum rc take(struct making *making)
{
    CLEANUP(db_close) struct db *db = NULL;
    TRY(db_open(&making->place.server, &making->hold));
    TRY(db_open(&making->place.server, &db));
    enum rc rc = job_lock_take(making->hold, "partitions", LOCK_LIMIT_S);
    if (rc == RC_LOCKED) {
        text_add_string(making->problem, "the months of the history are being made; try again");
        return rc;
    }
    TRY(rc);
    return db_transact(db, take_work, making);
}

/* ---- one backup ---- */

static enum rc prepare(struct making *making)
{
    const struct config *config = making->order->config;
    making->parent = config_text(config, CONFIG_backup_folder);
    if (strlen(making->parent) + BACKUP_NAME_BYTES + 8 > sizeof(making->fresh)) {
        text_add_string(making->problem, "[backup] folder is too long a path");
        return RC_INVALID;
    }
    TRY(folder_make(making->parent, making->problem));
    leftovers_remove(making->parent);
    (void)snprintf(making->fresh, sizeof(making->fresh), "%.450s/.new-%s", making->parent,
                   making->manifest.name);
    (void)snprintf(making->work, sizeof(making->work), "%.450s/.work-%s", making->parent,
                   making->manifest.name);
    TRY(folder_make(making->fresh, making->problem));
    TRY(folder_make(making->work, making->problem));
    TRY(role_password(config, "backup", making->problem, making->password));
    (void)snprintf(making->user, sizeof(making->user), "%sbackup",
                   config_text(config, CONFIG_database_user_prefix));
    making->place =
        (struct tool_place){.work = making->work,
                            .server = {.socket = config_text(config, CONFIG_database_socket),
                                       .name = config_text(config, CONFIG_database_name),
                                       .user = making->user,
                                       .password = making->password},
                            .gentle = making->order->gentle,
                            .stop = making->order->stop};
    making->manifest.made_with = making->order->made_with;
    making->manifest.database = making->place.server.name;
    making->manifest.detail = "";
    return RC_OK;
}

static enum rc finish(struct making *making)
{
    char done[BACKUP_PATH_BYTES];
    (void)snprintf(done, sizeof(done), "%.450s/%s", making->parent, making->manifest.name);
    TRY(backup_manifest_write(making->fresh, &making->manifest, making->problem));
    if (folder_sync(making->fresh) != RC_OK || rename(making->fresh, done) != 0 ||
        folder_sync(making->parent) != RC_OK) {
        text_printf(making->problem, "%s: %s", done, strerror(errno));
        return RC_IO;
    }
    if (making->manifest.verified) {
        old_remove(making);
    }
    return RC_OK;
}

static enum rc make_all(struct making *making)
{
    TRY(prepare(making));
    enum rc rc = take(making);
    db_close(&making->hold);
    crypto_wipe(making->password, sizeof(making->password));
    if (rc != RC_OK) {
        return rc;
    }
    TRY(backup_prove(making->order, making->fresh, making->work, making->arena, making->problem,
                     &making->manifest));
    return finish(making);
}

struct noting {
    const struct backup_run *run;
    const char *name;
    const char *made_by;
    int64_t started_at_ms;
};

static enum rc begin_work(struct db *db, void *context)
{
    const struct noting *noting = context;
    TRY(backup_runs_abandon(db));
    return backup_runs_insert(db, noting->name, noting->made_by, noting->started_at_ms);
}

static enum rc end_work(struct db *db, void *context)
{
    return backup_runs_end(db, ((const struct noting *)context)->run);
}

static enum rc note_end(struct db *db, const struct making *making, enum rc rc)
{
    const struct backup_manifest *manifest = &making->manifest;
    const char *state = rc != RC_OK ? "failed" : manifest->verified ? "verified" : "doubtful";
    const char *why = making->problem->len > 0 ? text_string(making->problem) : rc_sentence(rc);
    struct backup_run run = {.name = manifest->name,
                             .state = state,
                             .ended_at = clock_now_ms(),
                             .bytes = manifest->dump.bytes,
                             .tables_total = (int64_t)manifest->tables_count,
                             .rows_total = backup_manifest_rows(manifest),
                             .schema_number = manifest->schema_number,
                             .position = manifest->position,
                             .detail = rc != RC_OK ? why : manifest->detail};
    struct noting noting = {.run = &run};
    return db_transact(db, end_work, &noting);
}

enum rc backup_make(const struct backup_order *order, struct db *db, struct arena *arena,
                    struct text *problem, struct backup_manifest *ret_manifest)
{
    int64_t now_ms = clock_now_ms();
    struct making making = {.order = order, .arena = arena, .problem = problem};
    backup_name_make(now_ms, making.manifest.name);
    struct noting noting = {
        .name = making.manifest.name, .made_by = order->made_by, .started_at_ms = now_ms};
    enum rc rc = db_transact(db, begin_work, &noting);
    if (rc == RC_CONFLICT) {
        text_add_string(problem, "another backup began in this very second");
        return RC_LOCKED;
    }
    TRY(said(&making, db, rc, "backup_run"));
    rc = make_all(&making);
    crypto_wipe(making.password, sizeof(making.password));
    if (rc != RC_OK && making.fresh[0] != '\0') {
        backup_folder_remove(making.fresh);
    }
    if (making.work[0] != '\0') {
        backup_folder_remove(making.work);
    }
    enum rc noted = note_end(db, &making, rc);
    TRY(rc);
    TRY(said(&making, db, noted, "backup_run"));
    *ret_manifest = making.manifest;
    return RC_OK;
}

bool backup_is_due(int64_t now_ms, int64_t hour, int64_t since_ms, int64_t last_verified_at_ms,
                   int64_t last_started_at_ms)
{
    struct clock_parts parts;
    if (!zone_parts(now_ms, &parts)) {
        return false;
    }
    int64_t hours = parts.hour - hour + (parts.hour < hour ? 24 : 0);
    int64_t mark_ms = now_ms - ((hours * 60 + parts.minute) * 60 + parts.second) * 1000;
    if (last_started_at_ms == 0) {
        return mark_ms >= since_ms;
    }
    return last_verified_at_ms < mark_ms && last_started_at_ms <= now_ms - TRY_AGAIN_MS;
}

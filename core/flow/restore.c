#include "core/flow/restore.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/audit_anchor.h"
#include "core/flow/audit_chain.h"
#include "core/flow/step.h"
#include "core/store/migrate.h"
#include "core/store/restore.h"

#define PATH_BYTES (BACKUP_PATH_BYTES + 300)
#define CHAIN_BYTES ((size_t)64 << 20)

struct restoring {
    const struct restore_order *order;
    struct backup_order proof; /* for the comparisons */
    struct arena *arena;
    struct text *problem;
    struct text *doubts;
    struct restore_result result;
    struct backup_manifest manifest;
    const char *live;
    char fresh[80];
    char folder[BACKUP_PATH_BYTES];
    char work[BACKUP_PATH_BYTES];
    struct db *admin;  /* the server */
    struct db *db;     /* the database that is being restored */
    const char **logs; /* full paths of the binlogs to replay */
    size_t logs_count;
};

static enum rc said(struct restoring *restoring, const struct db *db, enum rc rc, const char *what)
{
    if (rc != RC_OK && restoring->problem->len == 0) {
        text_printf(restoring->problem, "%s: %s", what,
                    db == NULL || db_error(db)[0] == '\0' ? rc_sentence(rc) : db_error(db));
    }
    return rc;
}

static enum rc open_as_root(struct restoring *restoring, const char *database, struct db **ret_db)
{
    const struct db_options options = {
        .socket = config_text(restoring->order->config, CONFIG_database_socket),
        .name = database,
        .user = restoring->order->root,
        .password = ""};
    enum rc rc = db_open(&options, ret_db);
    rc = rc == RC_OK ? restore_unlogged(*ret_db) : rc;
    return said(restoring, *ret_db, rc, "the database server");
}

static void prepare(struct restoring *restoring, const struct restore_order *order)
{
    const char *parent = config_text(order->config, CONFIG_backup_folder);
    restoring->live = config_text(order->config, CONFIG_database_name);
    restoring->proof =
        (struct backup_order){.config = order->config, .made_by = "", .stop = order->stop};
    (void)snprintf(restoring->fresh, sizeof(restoring->fresh), "%.60s_restoring", restoring->live);
    (void)snprintf(restoring->folder, sizeof(restoring->folder), "%.450s/%.20s", parent,
                   order->name);
    (void)snprintf(restoring->work, sizeof(restoring->work), "%.450s/.work-restore", parent);
}

enum rc restore_look_at(const struct restore_order *order, struct arena *arena,
                        struct text *problem, struct backup_manifest *ret_manifest)
{
    struct restoring restoring = {.order = order, .arena = arena, .problem = problem};
    if (!backup_name_is_plausible(order->name)) {
        text_printf(problem, "\"%s\" is not the name of a backup; paywattctl backup list has them",
                    order->name);
        return RC_INVALID;
    }
    prepare(&restoring, order);
    return backup_manifest_read(restoring.folder, true, arena, problem, ret_manifest);
}

/* ---- binlogs ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void folder_close(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

/* Files of the folder that are of the backup's series, "binlog.000123", from its first on. */
static enum rc logs_find(struct restoring *restoring, const char *path)
{
    const char *first = restoring->manifest.position.file;
    size_t stem = strlen(first) - strlen(strrchr(first, '.') == NULL ? "" : strrchr(first, '.'));
    restoring->logs = arena_take_array(restoring->arena, TOOL_BINLOGS_MAX + 1, sizeof(char *));
    CLEANUP(folder_close) DIR *folder = opendir(path);
    if (folder == NULL || restoring->logs == NULL) {
        text_printf(restoring->problem, "%s: %s", path, strerror(errno));
        return RC_IO;
    }
    restoring->logs_count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *name = entry->d_name;
        if (strncmp(name, first, stem) != 0 || strlen(name) != strlen(first) ||
            strspn(name + stem + 1, "0123456789") != strlen(name + stem + 1) ||
            strcmp(name, first) < 0) {
            continue;
        }
        if (restoring->logs_count == TOOL_BINLOGS_MAX) {
            text_printf(restoring->problem, "more than %d binlogs: take a newer backup",
                        TOOL_BINLOGS_MAX);
            return RC_TOO_LARGE;
        }
        const char *full = arena_printf(restoring->arena, "%s/%s", path, name);
        if (full == NULL) {
            return RC_MEMORY;
        }
        restoring->logs[restoring->logs_count++] = full;
    }
    qsort(restoring->logs, restoring->logs_count, sizeof(char *), by_name);
    const char *found = restoring->logs_count == 0 ? "" : strrchr(restoring->logs[0], '/') + 1;
    if (strcmp(found, first) != 0) {
        text_printf(restoring->problem, "the binlog %s, in which the backup lies, is not in %s",
                    first, path);
        return RC_NOT_FOUND;
    }
    return RC_OK;
}

static struct tool_place place_of(const struct restoring *restoring, const char *database)
{
    return (struct tool_place){
        .work = restoring->work,
        .server = {.socket = config_text(restoring->order->config, CONFIG_database_socket),
                   .name = database,
                   .user = restoring->order->root,
                   .password = ""},
        .stop = restoring->order->stop};
}

/* A restore is not in the binlogs: they do not lead across one. */
static enum rc logs_lead(struct restoring *restoring)
{
    int64_t restored_at_ms = 0;
    CLEANUP(db_close) struct db *db = NULL;
    const struct tool_place place = place_of(restoring, restoring->live);
    if (db_open(&place.server, &db) != RC_OK) {
        return RC_OK; /* a new server */
    }
    TRY(said(
        restoring, db,
        restore_first_after(db, restoring->arena, restoring->manifest.made_at_ms, &restored_at_ms),
        "earlier restores"));
    int64_t until_at_ms = restoring->order->until_at_ms;
    if (restored_at_ms > 0 && (until_at_ms == 0 || until_at_ms >= restored_at_ms)) {
        char at[CLOCK_TEXT_MAX];
        text_printf(restoring->problem,
                    "there was a restore at %s, and binlogs do not lead across one: take a newer"
                    " backup or an earlier --until",
                    clock_format_rfc3339(restored_at_ms, at));
        return RC_REFUSED;
    }
    return RC_OK;
}

static enum rc logs_get(struct restoring *restoring)
{
    if (!restoring->order->replay) {
        return RC_OK;
    }
    TRY(logs_lead(restoring));
    if (restoring->order->binlogs != NULL) {
        return logs_find(restoring, restoring->order->binlogs);
    }
    const char **names = NULL;
    size_t count = 0;
    const char *first = restoring->manifest.position.file;
    TRY(said(restoring, restoring->admin,
             restore_binlogs(restoring->admin, restoring->arena, &names, &count), "binlogs"));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], first) == 0) {
            const struct tool_place place = place_of(restoring, restoring->live);
            TRY(tool_binlogs_fetch(&place, first, restoring->problem));
            return logs_find(restoring, restoring->work);
        }
    }
    text_printf(
        restoring->problem,
        "the server has no binlog %s any more: give a copy with --binlogs FOLDER, or restore"
        " without --replay",
        first);
    return RC_NOT_FOUND;
}

/* ---- into a database beside the live one ---- */

static enum rc load(struct restoring *restoring)
{
    char path[PATH_BYTES];
    const struct tool_place place = place_of(restoring, restoring->fresh);
    TRY(said(restoring, restoring->admin, restore_database_drop(restoring->admin, restoring->fresh),
             restoring->fresh));
    TRY(migrate_make_database(restoring->admin, restoring->fresh, restoring->problem));
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_DUMP, restoring->folder);
    TRY(tool_load(&place, path, restoring->problem));
    TRY(open_as_root(restoring, restoring->fresh, &restoring->db));
    TRY(backup_compare(&restoring->proof, restoring->db, restoring->arena, restoring->problem,
                       &restoring->manifest));
    if (!restoring->order->replay) {
        return RC_OK;
    }
    const struct tool_replay replay = {.from_database = restoring->manifest.database,
                                       .start = restoring->manifest.position,
                                       .until_at_ms = restoring->order->until_at_ms,
                                       .files = restoring->logs,
                                       .files_count = restoring->logs_count};
    return tool_replay(&place, &replay, restoring->problem);
}

/* The anchor of the lost time would be told as a chain that was cut off. */
static enum rc anchor_check(struct restoring *restoring)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    const char *why = "";
    struct audit_link anchor;
    struct audit_verification seen;
    const struct config *config = restoring->order->config;
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, CHAIN_BYTES);
    if (audit_anchor_read(config_text(config, CONFIG_paths_state), &anchor) != RC_OK ||
        config_secret_key(config, CONFIG_security_audit_key_file, key, &why) != RC_OK) {
        return RC_OK;
    }
    enum rc rc = audit_chain_verify(restoring->db, &arena, key, &anchor, &seen);
    crypto_wipe(key, sizeof(key));
    TRY(said(restoring, restoring->db, rc, "the audit chain"));
    restoring->result.anchor_moved = seen.verdict == AUDIT_SEAL_MISMATCH;
    if (seen.verdict == AUDIT_ALTERED || seen.verdict == AUDIT_CHAIN_LONGER) {
        text_printf(restoring->doubts, "%saudit chain %s: %s",
                    restoring->doubts->len == 0 ? "" : "; ", audit_verdict_name(seen.verdict),
                    seen.text_en);
    }
    return RC_OK;
}

static enum rc mark_work(struct db *db, void *context)
{
    struct restoring *restoring = context;
    const struct restore_order *order = restoring->order;
    const struct restore_run run = {.restored_at_ms = clock_now_ms(),
                                    .backup_name = restoring->manifest.name,
                                    .backup_at_ms = restoring->manifest.made_at_ms,
                                    .until_at_ms = order->replay ? order->until_at_ms : 0,
                                    .replayed = order->replay,
                                    .made_by = order->actor->name,
                                    .reason = order->reason};
    int64_t id = 0;
    TRY(restore_mark(db, &run, restoring->manifest.verified, &id, &restoring->result.checks));
    const char *after =
        arena_printf(restoring->arena, "{\"backup\":\"%s\",\"replayed\":%s,\"supplies\":%lld}",
                     restoring->manifest.name, order->replay ? "true" : "false",
                     (long long)restoring->result.checks);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, order->actor, AUDIT_ACTION_BACKUP_RESTORE, "backup", id,
                      restoring->manifest.name, order->reason, "", after);
}

static enum rc make_ready(struct restoring *restoring)
{
    const char *schema = config_text(restoring->order->config, CONFIG_paths_schema);
    struct text report CLEANUP(text_release);
    size_t ran = 0;
    text_init(&report, (size_t)1 << 20);
    TRY(migrate_run(restoring->db, schema, &report, restoring->problem, &ran));
    TRY(backup_doubts(&restoring->proof, restoring->db, restoring->arena, restoring->problem,
                      restoring->doubts));
    TRY(anchor_check(restoring));
    TRY(said(restoring, restoring->db, restore_jump_ids(restoring->db, restoring->arena),
             "ids cannot be raised"));
    return said(restoring, restoring->db, db_transact(restoring->db, mark_work, restoring),
                "the restore cannot be marked");
}

static void anchor_move(const struct restoring *restoring)
{
    char from[PATH_BYTES];
    char to[PATH_BYTES + 40];
    char name[BACKUP_NAME_BYTES];
    backup_name_make(clock_now_ms(), name);
    (void)snprintf(from, sizeof(from), "%s/audit_anchor",
                   config_text(restoring->order->config, CONFIG_paths_state));
    (void)snprintf(to, sizeof(to), "%s.before-%s", from, name);
    (void)rename(from, to);
}

static enum rc go_live(struct restoring *restoring)
{
    char name[BACKUP_NAME_BYTES];
    backup_name_make(clock_now_ms(), name);
    (void)snprintf(restoring->result.aside, sizeof(restoring->result.aside), "%.40s_before_%s",
                   restoring->live, name);
    db_close(&restoring->db);
    TRY(migrate_make_database(restoring->admin, restoring->live, restoring->problem));
    TRY(said(restoring, restoring->admin,
             restore_swap(restoring->admin, restoring->arena, restoring->fresh, restoring->live,
                          restoring->result.aside),
             "the restored database cannot take the place of the live one"));
    if (restoring->result.anchor_moved) {
        anchor_move(restoring);
    }
    TRY(open_as_root(restoring, restoring->live, &restoring->db));
    return migrate_grant(restoring->db, restoring->order->config,
                         config_text(restoring->order->config, CONFIG_paths_schema),
                         restoring->problem);
}

static enum rc with_programs_out(struct restoring *restoring)
{
    const char *prefix = config_text(restoring->order->config, CONFIG_database_user_prefix);
    const char *users = "";
    TRY(said(restoring, restoring->admin,
             restore_connected(restoring->admin, restoring->arena, prefix, &users), "processes"));
    if (users[0] != '\0') {
        text_printf(restoring->problem, "programs are connected (%s): stop them first", users);
        return RC_LOCKED;
    }
    enum rc rc = logs_get(restoring);
    rc = rc == RC_OK ? load(restoring) : rc;
    rc = rc == RC_OK ? make_ready(restoring) : rc;
    return rc == RC_OK ? go_live(restoring) : rc;
}

enum rc restore_do(const struct restore_order *order, struct arena *arena, struct text *problem,
                   struct text *doubts, struct restore_result *ret_result)
{
    struct restoring restoring = {
        .order = order, .arena = arena, .problem = problem, .doubts = doubts};
    TRY(restore_look_at(order, arena, problem, &restoring.manifest));
    prepare(&restoring, order);
    const char *prefix = config_text(order->config, CONFIG_database_user_prefix);
    CLEANUP(db_close) struct db *admin = NULL;
    TRY(open_as_root(&restoring, "information_schema", &admin));
    restoring.admin = admin;
    backup_folder_remove(restoring.work);
    if (mkdir(restoring.work, S_IRWXU) != 0) {
        text_printf(problem, "%s: %s", restoring.work, strerror(errno));
        return RC_IO;
    }
    enum rc rc = said(&restoring, admin, restore_lock_users(admin, arena, prefix, true), "users");
    rc = rc == RC_OK ? with_programs_out(&restoring) : rc;
    db_close(&restoring.db);
    enum rc unlocked = restore_lock_users(admin, arena, prefix, false);
    backup_folder_remove(restoring.work);
    TRY(rc);
    TRY(said(&restoring, admin, unlocked, "the database users are still locked"));
    *ret_result = restoring.result;
    return RC_OK;
}

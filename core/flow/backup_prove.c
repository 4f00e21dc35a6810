/* The proof of a backup: restored into a private server and compared there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/audit_chain.h"
#include "core/flow/backup.h"
#include "core/store/invariant.h"
#include "core/store/migrate.h"

#define TEXTS_BYTES ((size_t)64 << 20)

struct proving {
    const struct backup_order *order;
    struct backup_manifest *manifest;
    struct arena *arena;
    struct text *problem;
    struct db *db;      /* of the private server */
    struct text doubts; /* what does not hold in an equal copy */
};

static enum rc failed(struct proving *proving, enum rc rc, const char *what)
{
    text_printf(proving->problem, "%s: %s", what,
                proving->db == NULL || db_error(proving->db)[0] == '\0' ? rc_sentence(rc)
                                                                        : db_error(proving->db));
    return rc;
}

static enum rc compare(struct proving *proving)
{
    struct backup_manifest *manifest = proving->manifest;
    struct table_sum *sums = NULL;
    size_t count = 0;
    enum rc rc = table_sums_read(proving->db, proving->arena, proving->order->stop, &sums, &count);
    if (rc != RC_OK) {
        return failed(proving, rc, "the restored copy cannot be read");
    }
    const char *differ =
        table_sums_differ(proving->arena, manifest->tables, manifest->tables_count, sums, count);
    if (differ != NULL) {
        text_printf(proving->problem, "the restored copy is not what was backed up: %s", differ);
        return RC_CONFLICT;
    }
    const char *server = "";
    int64_t schema_number = 0;
    rc = backup_versions(proving->db, proving->arena, &server, &schema_number);
    if (rc != RC_OK || schema_number != manifest->schema_number) {
        return failed(proving, rc == RC_OK ? RC_CONFLICT : rc, "the version of the schema differs");
    }
    return RC_OK;
}

/* Rows that waited for their chain when the snapshot was taken are not late only because the proof
   took its time. */
static enum rc chain_is_late(struct proving *proving, struct arena *arena, bool *ret_late)
{
    int64_t count = 0;
    int64_t first_id = 0;
    int64_t oldest_at_ms = 0;
    TRY(audit_unchained_count(proving->db, arena, 0, &count, &first_id, &oldest_at_ms));
    *ret_late = count > 0 && proving->manifest->made_at_ms - oldest_at_ms > AUDIT_CHAIN_LATE_MS;
    return RC_OK;
}

static enum rc chain_check(struct proving *proving)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    const char *why = "";
    struct audit_verification seen;
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, TEXTS_BYTES);
    enum rc rc =
        config_secret_key(proving->order->config, CONFIG_security_audit_key_file, key, &why);
    if (rc != RC_OK) {
        text_printf(&proving->doubts, "%saudit chain not checked, its key: %s",
                    proving->doubts.len == 0 ? "" : "; ", why);
        return RC_OK;
    }
    rc = audit_chain_verify(proving->db, &arena, key, NULL, &seen);
    crypto_wipe(key, sizeof(key));
    if (rc != RC_OK) {
        return failed(proving, rc, "the audit chain of the copy cannot be read");
    }
    bool bad = seen.verdict != AUDIT_OK;
    if (seen.verdict == AUDIT_LOG_LONGER) {
        TRY(chain_is_late(proving, &arena, &bad));
    }
    if (bad) {
        text_printf(&proving->doubts, "%saudit chain %s: %s", proving->doubts.len == 0 ? "" : "; ",
                    audit_verdict_name(seen.verdict), seen.text_en);
    }
    return RC_OK;
}

static enum rc invariants_check(struct proving *proving)
{
    struct invariant *invariants = NULL;
    size_t count = 0;
    TRY(invariants_load(config_text(proving->order->config, CONFIG_paths_schema), proving->arena,
                        proving->problem, &invariants, &count));
    for (size_t i = 0; i < count; i++) {
        const char **offenders = NULL;
        size_t offenders_count = 0;
        enum rc rc = invariant_check(proving->db, proving->arena, &invariants[i], &offenders,
                                     &offenders_count);
        if (rc != RC_OK) {
            return failed(proving, rc, invariants[i].name);
        }
        if (offenders_count > 0) {
            text_printf(&proving->doubts, "%s%s: %s", proving->doubts.len == 0 ? "" : "; ",
                        invariants[i].name, offenders[0]);
        }
    }
    return RC_OK;
}

static enum rc look(struct proving *proving)
{
    TRY(compare(proving));
    TRY(backup_set_time(proving->db, proving->manifest->made_at_ms));
    TRY(chain_check(proving));
    return invariants_check(proving);
}

enum rc backup_compare(const struct backup_order *order, struct db *db, struct arena *arena,
                       struct text *problem, const struct backup_manifest *manifest)
{
    struct backup_manifest copy = *manifest;
    struct proving proving = {
        .order = order, .manifest = &copy, .arena = arena, .problem = problem, .db = db};
    return compare(&proving);
}

enum rc backup_doubts(const struct backup_order *order, struct db *db, struct arena *arena,
                      struct text *problem, struct text *doubts)
{
    struct backup_manifest manifest = {.made_at_ms = clock_now_ms()};
    struct proving proving = {
        .order = order, .manifest = &manifest, .arena = arena, .problem = problem, .db = db};
    text_init(&proving.doubts, BACKUP_DETAIL_BYTES * 4);
    enum rc rc = invariants_check(&proving);
    text_add_string(doubts, text_string(&proving.doubts));
    text_release(&proving.doubts);
    return rc;
}

static enum rc load_and_look(struct proving *proving, const struct scratch *scratch,
                             const char *folder, const char *work)
{
    char path[BACKUP_PATH_BYTES + 40];
    const char *name = proving->manifest->database;
    const struct tool_place place = {
        .work = work,
        .server = {.socket = scratch->socket, .name = name, .user = "root", .password = ""},
        .gentle = proving->order->gentle,
        .stop = proving->order->stop};
    struct db_options bare = place.server;
    bare.name = "information_schema";
    enum rc rc = db_open(&bare, &proving->db);
    rc = rc == RC_OK ? migrate_make_database(proving->db, name, proving->problem) : rc;
    db_close(&proving->db);
    if (rc != RC_OK) {
        return failed(proving, rc, "the private server");
    }
    (void)snprintf(path, sizeof(path), "%s/" BACKUP_DUMP, folder);
    TRY(tool_load(&place, path, proving->problem));
    rc = db_open(&place.server, &proving->db);
    return rc == RC_OK ? look(proving) : failed(proving, rc, "the private server");
}

enum rc backup_prove(const struct backup_order *order, const char *folder, const char *work,
                     struct arena *arena, struct text *problem, struct backup_manifest *manifest)
{
    char data[BACKUP_PATH_BYTES + 8];
    struct proving proving = {
        .order = order, .manifest = manifest, .arena = arena, .problem = problem};
    const struct tool_place place = {.work = work, .gentle = order->gentle, .stop = order->stop};
    (void)snprintf(data, sizeof(data), "%s/data", work);
    if (mkdir(data, S_IRWXU) != 0) {
        text_printf(problem, "%s: %s", data, strerror(errno));
        return RC_IO;
    }
    struct scratch scratch;
    TRY(scratch_start(&scratch, data, config_text(order->config, CONFIG_paths_run),
                      config_int(order->config, CONFIG_backup_verify_memory_mib), &place, problem));
    text_init(&proving.doubts, BACKUP_DETAIL_BYTES * 4);
    enum rc rc = load_and_look(&proving, &scratch, folder, work);
    db_close(&proving.db);
    scratch_stop(&scratch);
    if (rc == RC_OK) {
        manifest->verified = proving.doubts.len == 0;
        manifest->detail = arena_copy_string(arena, text_string(&proving.doubts));
        rc = manifest->detail == NULL ? RC_MEMORY : RC_OK;
    }
    text_release(&proving.doubts);
    return rc;
}

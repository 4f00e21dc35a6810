/* paywattctl backup, backup list. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/backup.h"
#include "core/store/job_lock.h"
#include "ctl/ctl.h"

#define LIMIT_S 3600
#define LIST_ARENA_BYTES ((size_t)16 << 20)

static bool stopped(void)
{
    return !ctl_pause(0);
}

struct note {
    struct ctl *ctl;
    const struct backup_manifest *manifest;
};

static enum rc note_work(struct db *db, void *context)
{
    const struct note *note = context;
    const char *after = arena_printf(
        &note->ctl->arena, "{\"verified\":%s,\"rows\":%lld,\"bytes\":%lld}",
        note->manifest->verified ? "true" : "false",
        (long long)backup_manifest_rows(note->manifest), (long long)note->manifest->dump.bytes);
    return ctl_audit(note->ctl, db, "backup.make", "backup", 0, note->manifest->name, "", "",
                     after == NULL ? "" : after);
}

int ctl_backup_make(struct ctl *ctl)
{
    struct text problem CLEANUP(text_release);
    text_init(&problem, 4096);
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    enum rc rc = job_lock_take(ctl->db, "backup", LIMIT_S);
    if (rc == RC_LOCKED) {
        return ctl_fail("another backup is being made");
    }
    const struct backup_order order = {.config = ctl->config,
                                       .made_with = "paywatt " PW_VERSION,
                                       .made_by = ctl->actor_name,
                                       .stop = stopped};
    struct backup_manifest manifest;
    rc = rc == RC_OK ? backup_make(&order, ctl->db, &ctl->arena, &problem, &manifest) : rc;
    job_lock_release(ctl->db, "backup");
    if (rc != RC_OK) {
        return ctl_fail("no backup was made: %s",
                        problem.len > 0 ? text_string(&problem) : rc_sentence(rc));
    }
    struct note note = {.ctl = ctl, .manifest = &manifest};
    if (db_transact(ctl->db, note_work, &note) != RC_OK) {
        return ctl_fail("the backup could not be noted in the audit log: %s", db_error(ctl->db));
    }
    (void)printf("%s %s/%s: %zu tables, %lld rows, %lld bytes, schema %04lld\n",
                 manifest.verified ? "verified" : "DOUBTFUL",
                 config_text(ctl->config, CONFIG_backup_folder), manifest.name,
                 manifest.tables_count, (long long)backup_manifest_rows(&manifest),
                 (long long)manifest.dump.bytes, (long long)manifest.schema_number);
    if (!manifest.verified) {
        (void)printf("    %s\n", manifest.detail);
    }
    return manifest.verified ? CTL_DONE : CTL_FAILED;
}

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

/* Names of backups in the folder, oldest first. */
static enum rc names_read(struct ctl *ctl, const char *parent, const char ***ret_names,
                          size_t *ret_count)
{
    const char **names = arena_take_array(&ctl->arena, BACKUP_LIST_MAX * 20, sizeof(*names));
    CLEANUP(folder_close) DIR *folder = opendir(parent);
    if (names == NULL || folder == NULL) {
        return names == NULL ? RC_MEMORY : RC_NOT_FOUND;
    }
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (backup_name_is_plausible(entry->d_name) && count < (size_t)BACKUP_LIST_MAX * 20) {
            names[count] = arena_copy_string(&ctl->arena, entry->d_name);
            count += names[count] != NULL ? 1 : 0;
        }
    }
    qsort(names, count, sizeof(*names), by_name);
    *ret_names = names;
    *ret_count = count;
    return RC_OK;
}

static bool show_one(const char *parent, const char *name, bool whole)
{
    char folder[BACKUP_PATH_BYTES];
    char at[CLOCK_TEXT_MAX];
    struct text problem CLEANUP(text_release);
    struct arena arena CLEANUP(arena_release);
    struct backup_manifest manifest;
    text_init(&problem, 4096);
    arena_init(&arena, LIST_ARENA_BYTES);
    (void)snprintf(folder, sizeof(folder), "%.450s/%s", parent, name);
    if (backup_manifest_read(folder, whole, &arena, &problem, &manifest) != RC_OK) {
        (void)printf("%-18s DAMAGED   %s\n", name, text_string(&problem));
        return false;
    }
    (void)printf("%-18s %-9s %s  %lld rows, %lld bytes, schema %04lld, binlog %s:%lld%s%s\n", name,
                 manifest.verified ? "verified" : "DOUBTFUL",
                 clock_format_rfc3339(manifest.made_at_ms, at),
                 (long long)backup_manifest_rows(&manifest), (long long)manifest.dump.bytes,
                 (long long)manifest.schema_number, manifest.position.file,
                 (long long)manifest.position.position, manifest.detail[0] == '\0' ? "" : "  ",
                 manifest.detail);
    return true;
}

/* Needs no database: it is asked when there is none. */
int ctl_backup_list(struct ctl *ctl)
{
    const char *parent = config_text(ctl->config, CONFIG_backup_folder);
    const char **names = NULL;
    size_t count = 0;
    bool good = true;
    if (names_read(ctl, parent, &names, &count) != RC_OK || count == 0) {
        (void)printf("no backups in %s\n", parent);
        return CTL_DONE;
    }
    for (size_t i = 0; i < count; i++) {
        good = show_one(parent, names[i], ctl_option(ctl, "--check") != NULL) && good;
    }
    return good ? CTL_DONE : CTL_FAILED;
}

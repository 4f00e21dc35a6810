/*
 * paywattctl: what its commands share. A command is a function in the file of its noun and a row in
 * main.c.
 *
 * A command prints facts on standard output and, when it fails, one clear sentence through
 * ctl_fail; it returns the exit status: 0 done, 1 refused or failed, 2 wrong usage.
 */
#ifndef PW_CTL_CTL_H
#define PW_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define CTL_DONE 0
#define CTL_FAILED 1
#define CTL_USAGE 2
#define CTL_WORDS_MAX 32

struct ctl {
    const char *config_path;
    struct config *config;
    struct db *db; /* NULL until ctl_database */
    struct arena arena;
    struct actor actor; /* operator = the Unix user */
    char actor_name[80];
    const char *words[CTL_WORDS_MAX]; /* behind the command's own words, without options */
    int words_count;
    const char *options[CTL_WORDS_MAX]; /* "--name" or "--name=value" as given, in order */
    int options_count;
    const struct ctl_command *command;
};

struct ctl_command {
    const char *name; /* "user add": one or two words */
    const char *usage;
    const char *options; /* allowed ones, blank between; "=" behind those with a value: "--commit
                            --line=" */
    const char *help;
    int words_min;
    int words_max;
    int (*run)(struct ctl *ctl);
};

/* Prints "paywattctl: sentence" on standard error; answers CTL_FAILED. */
int ctl_fail(const char *format, ...) PRINTF_LIKE(1, 2);
/* The value of an option, "" for one without value, NULL when it was not given. name: "--line". */
const char *ctl_option(const struct ctl *ctl, const char *name);
/* --reason, checked: 1 .. 200 characters. NULL after printing why. */
const char *ctl_reason(const struct ctl *ctl);
/* Opens the connection as the ctl user; false after printing why. */
bool ctl_database(struct ctl *ctl);
/* The same as the staff user, for acts of the counter that have no rights of their own here. */
bool ctl_database_of_staff(struct ctl *ctl);
/* One audit row of an operator's act; inside a transaction. */
enum rc ctl_audit(struct ctl *ctl, struct db *db, const char *action, const char *object_kind,
                  int64_t object_id, const char *object_label, const char *reason,
                  const char *before_json, const char *after_json) MUST_CHECK;
/* Sleeps; false when a signal asked us to end. */
bool ctl_pause(int64_t milliseconds);

/* The field key of the settings; false after printing why. */
bool ctl_field_key(struct ctl *ctl, uint8_t ret_key[32]);
/* A secret from a file, NUL terminated; false after printing why. */
bool ctl_secret(const char *path, char *ret_text, size_t size);
/* True if a poller gave a sign of life within 15 s. */
bool ctl_poller_lives(struct ctl *ctl);
/* Tells the pollers to look; a hint that may get lost. */
void ctl_wake_pollers(struct ctl *ctl);

/* The commands; what each does stands in its row in main.c. */
int ctl_config_print(struct ctl *ctl);
int ctl_migrate(struct ctl *ctl);
int ctl_import(struct ctl *ctl);
int ctl_proof(struct ctl *ctl);
int ctl_setting_set(struct ctl *ctl);
int ctl_line_list(struct ctl *ctl);
int ctl_line_writable(struct ctl *ctl);
int ctl_line_read_only(struct ctl *ctl);
int ctl_status(struct ctl *ctl);
int ctl_wait_read(struct ctl *ctl);
int ctl_take_over(struct ctl *ctl);
int ctl_tenant_password(struct ctl *ctl);
int ctl_user_add(struct ctl *ctl);
int ctl_user_list(struct ctl *ctl);
int ctl_user_state(struct ctl *ctl);
int ctl_user_role(struct ctl *ctl);
int ctl_user_reset(struct ctl *ctl);
int ctl_model_accept(struct ctl *ctl);
int ctl_model_list(struct ctl *ctl);
int ctl_model_check(struct ctl *ctl);
int ctl_model_test(struct ctl *ctl);
int ctl_model_register(struct ctl *ctl);
int ctl_audit_verify(struct ctl *ctl);
int ctl_backup_make(struct ctl *ctl);
int ctl_backup_list(struct ctl *ctl);
int ctl_restore(struct ctl *ctl);
int ctl_check(struct ctl *ctl);
int ctl_partition_show(struct ctl *ctl);

#endif

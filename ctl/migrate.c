/* paywattctl migrate: tables, meter models, database users and their rights. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/model.h"
#include "core/store/migrate.h"
#include "core/store/partition.h"
#include "core/store/role.h"
#include "ctl/ctl.h"

#define LOCK_WAIT_S 60

/* As root over the socket (without a password: the server trusts the Unix user), or as the
 * migration user. */
static enum rc admin_open(struct ctl *ctl, const char *root, const char *database,
                          struct text *problem, struct db **ret_db)
{
    char password[ROLE_PASSWORD_BYTES] = "";
    char user[64];
    if (root == NULL) {
        TRY(role_password(ctl->config, "migrate", problem, password));
        (void)snprintf(user, sizeof(user), "%smigrate",
                       config_text(ctl->config, CONFIG_database_user_prefix));
    } else {
        text_copy(user, sizeof(user), root);
    }
    const struct db_options options = {.socket = config_text(ctl->config, CONFIG_database_socket),
                                       .name = database,
                                       .user = user,
                                       .password = password};
    enum rc rc = db_open(&options, ret_db);
    explicit_bzero(password, sizeof(password));
    if (rc != RC_OK) {
        text_printf(problem, "the database at %s does not let %s in: %s", options.socket, user,
                    *ret_db == NULL ? rc_sentence(rc) : db_error(*ret_db));
    }
    return rc;
}

/* The database itself, when whoever we are may make it. */
static enum rc database_make(struct ctl *ctl, const char *root, struct text *problem)
{
    CLEANUP(db_close) struct db *db = NULL;
    TRY(admin_open(ctl, root, "information_schema", problem, &db));
    bool may = false;
    enum rc rc = migrate_may_grant(db, &may);
    if (rc != RC_OK) {
        text_add_string(problem, db_error(db));
        return rc;
    }
    return may ? migrate_make_database(db, config_text(ctl->config, CONFIG_database_name), problem)
               : RC_OK;
}

static enum rc server_check(struct ctl *ctl, struct text *problem)
{
    const char *why = "";
    enum rc rc = db_check_server(ctl->db, &why);
    if (rc == RC_REFUSED) {
        text_printf(problem,
                    "the database server may lose a committed transaction: %s is not as it must be "
                    "(innodb_flush_log_at_trx_commit=1, log_bin, sync_binlog=1, "
                    "innodb_snapshot_isolation=ON)",
                    why);
    } else if (rc != RC_OK) {
        text_add_string(problem, db_error(ctl->db));
    }
    return rc;
}

static enum rc migrate_all(struct ctl *ctl, const char *root, struct text *report,
                           struct text *problem)
{
    const char *folder = config_text(ctl->config, CONFIG_paths_schema);
    TRY(database_make(ctl, root, problem));
    TRY(admin_open(ctl, root, config_text(ctl->config, CONFIG_database_name), problem, &ctl->db));
    TRY(server_check(ctl, problem));
    TRY(migrate_lock(ctl->db, LOCK_WAIT_S, problem));
    size_t ran = 0;
    TRY(migrate_run(ctl->db, folder, report, problem, &ran));
    if (ran == 0) {
        text_add_string(report, "the tables are up to date\n");
    }
    TRY(model_register_folder(ctl->db, &ctl->arena, &ctl->actor,
                              config_text(ctl->config, CONFIG_paths_models), report, problem));
    size_t made = 0;
    enum rc rc =
        partitions_extend(ctl->db, &ctl->arena, clock_now_ms(),
                          config_int(ctl->config, CONFIG_jobs_partition_months_ahead), &made);
    if (rc != RC_OK) {
        text_printf(problem, "the months of the history cannot be made: %s", db_error(ctl->db));
        return rc;
    }
    bool may = false;
    TRY(migrate_may_grant(ctl->db, &may));
    if (!may) {
        text_add_string(report, "database users were not touched: that needs --root-socket-user\n");
        return RC_OK;
    }
    TRY(migrate_grant(ctl->db, ctl->config, folder, problem));
    text_add_string(report, "database users and their rights are in place\n");
    return RC_OK;
}

int ctl_migrate(struct ctl *ctl)
{
    struct text report __attribute__((cleanup(text_release)));
    struct text problem __attribute__((cleanup(text_release)));
    text_init(&report, 1 << 20);
    text_init(&problem, 65536);
    enum rc rc = migrate_all(ctl, ctl_option(ctl, "--root-socket-user"), &report, &problem);
    (void)fputs(text_string(&report), stdout);
    if (rc != RC_OK) {
        return ctl_fail("%s", problem.len > 0 ? text_string(&problem) : rc_sentence(rc));
    }
    return CTL_DONE;
}

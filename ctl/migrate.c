/* paywattctl migrate: tables, database users and their rights. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store/migrate.h"
#include "core/store/role.h"
#include "ctl/ctl.h"

#define LOCK_WAIT_S 60

/* As root over the socket (without a password: the server trusts the Unix user). */
static enum rc root_open(struct ctl *ctl, const char *user, const char *database,
                         struct text *problem, struct db **ret_db)
{
    const struct db_options options = {.socket = config_text(ctl->config, CONFIG_database_socket),
                                       .name = database,
                                       .user = user,
                                       .password = ""};
    enum rc rc = db_open(&options, ret_db);
    if (rc != RC_OK) {
        text_printf(problem, "the database at %s does not let %s in: %s", options.socket, user,
                    *ret_db == NULL ? rc_sentence(rc) : db_error(*ret_db));
    }
    return rc;
}

static enum rc database_make(struct ctl *ctl, const char *root, struct text *problem)
{
    CLEANUP(db_close) struct db *db = NULL;
    TRY(root_open(ctl, root, "mysql", problem, &db));
    return migrate_make_database(db, config_text(ctl->config, CONFIG_database_name), problem);
}

static enum rc migrate_all(struct ctl *ctl, const char *root, struct text *report,
                           struct text *problem, size_t *ret_ran)
{
    const char *folder = config_text(ctl->config, CONFIG_paths_schema);
    if (root != NULL) {
        TRY(database_make(ctl, root, problem));
        TRY(root_open(ctl, root, config_text(ctl->config, CONFIG_database_name), problem,
                      &ctl->db));
    } else {
        TRY(role_open(ctl->config, "migrate", problem, &ctl->db));
    }
    const char *why = "";
    enum rc rc = db_check_server(ctl->db, &why);
    if (rc == RC_REFUSED) {
        text_printf(
            problem,
            "the database server may lose a committed transaction: %s is not as it must be (docs:"
            " innodb_flush_log_at_trx_commit=1, log_bin, sync_binlog=1, "
            "innodb_snapshot_isolation=ON)",
            why);
    } else if (rc != RC_OK) {
        text_add_string(problem, db_error(ctl->db));
    }
    TRY(rc);
    TRY(migrate_lock(ctl->db, LOCK_WAIT_S, problem));
    TRY(migrate_run(ctl->db, folder, report, problem, ret_ran));
    return root == NULL ? RC_OK : migrate_grant(ctl->db, ctl->config, folder, problem);
}

int ctl_migrate(struct ctl *ctl)
{
    struct text report __attribute__((cleanup(text_release)));
    struct text problem __attribute__((cleanup(text_release)));
    text_init(&report, 1 << 20);
    text_init(&problem, 65536);
    const char *root = ctl_option(ctl, "--root-socket-user");
    size_t ran = 0;
    enum rc rc = migrate_all(ctl, root, &report, &problem, &ran);
    (void)fputs(text_string(&report), stdout);
    if (rc != RC_OK) {
        return ctl_fail("%s", problem.len > 0 ? text_string(&problem) : rc_sentence(rc));
    }
    (void)printf(ran == 0 ? "the tables are up to date\n" : "%zu migrations ran\n", ran);
    (void)printf(root == NULL ? "database users were not touched: that needs --root-socket-user\n"
                              : "database users and their rights are in place\n");
    return CTL_DONE;
}

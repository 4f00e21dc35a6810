#include "core/store/role.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/crypto.h"

#define PATH_BYTES 512

enum rc role_password(const struct config *config, const char *role, struct text *problem,
                      char ret_password[ROLE_PASSWORD_BYTES])
{
    assert(config != NULL && role != NULL && problem != NULL && ret_password != NULL);
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof(path), "%s/db_%s",
                       config_text(config, CONFIG_database_password_directory), role);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        text_add_string(problem, "[database] password_directory is too long a path");
        return RC_TOO_LARGE;
    }
    const char *why = "";
    size_t password_len = 0;
    enum rc rc = secret_read(path, ret_password, ROLE_PASSWORD_BYTES, &password_len, &why);
    if (rc != RC_OK) {
        text_printf(problem, "%s: %s", path, why);
    }
    return rc;
}

enum rc role_open(const struct config *config, const char *role, struct text *problem,
                  struct db **ret_db)
{
    assert(ret_db != NULL);
    char password[ROLE_PASSWORD_BYTES];
    char user[64];
    TRY(role_password(config, role, problem, password));
    (void)snprintf(user, sizeof(user), "%s%s", config_text(config, CONFIG_database_user_prefix),
                   role);
    const struct db_options options = {.socket = config_text(config, CONFIG_database_socket),
                                       .name = config_text(config, CONFIG_database_name),
                                       .user = user,
                                       .password = password};
    enum rc rc = db_open(&options, ret_db);
    crypto_wipe(password, sizeof(password));
    if (rc != RC_OK) {
        text_printf(problem, "the database at %s does not let %s in: %s", options.socket, user,
                    rc == RC_UNAVAILABLE ? db_error(*ret_db) : rc_sentence(rc));
    }
    return rc;
}

/*
 * The database user of a program: name and password from the settings, so that no program holds
 * more rights than its role in schema/grants.sql.
 */
#ifndef PW_STORE_ROLE_H
#define PW_STORE_ROLE_H

#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/db.h"

#define ROLE_PASSWORD_BYTES 129

/* Opens a connection as the database user of `role` ("staff", "poller", "jobs", "ctl", ...): user =
   [database] user_prefix + role, password from the file db_<role> in [database] password_directory.
   problem gets one sentence without a newline on failure. As db_open, *ret_db may be set with
   RC_UNAVAILABLE: the program may go on and the connection comes back by itself. RC_INVALID,
   RC_FORBIDDEN, RC_NOT_FOUND: the password file is not as it must be. */
enum rc role_open(const struct config *config, const char *role, struct text *problem,
                  struct db **ret_db) MUST_CHECK;
/* The password alone. Wipe it after use. */
enum rc role_password(const struct config *config, const char *role, struct text *problem,
                      char ret_password[ROLE_PASSWORD_BYTES]) MUST_CHECK;

#endif

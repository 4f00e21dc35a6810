/*
 * Settings of all programs: one typed table (config.def), one INI file.
 *
 * config_load reads the whole file before it answers and collects every problem as "file:line:
 * sentence", so an operator mends them in one go; on any problem nothing is returned. A struct
 * config may be read by many threads. config_reload, called by one thread, replaces only the values
 * marked RELOAD; texts handed out earlier stay valid until config_free.
 */
#ifndef PW_BASE_CONFIG_H
#define PW_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/log.h"
#include "core/base/rc.h"
#include "core/base/text.h"

#define CONFIG_PROBLEMS_MAX 50     /* problems named in one go */
#define CONFIG_FILE_LINES_MAX 5000 /* lines of a file */

/* CONFIG_database_socket, CONFIG_poller_shard, ... */
enum config_key {
#define SETTING(section, key, type, fallback, min, max, flags, help) CONFIG_##section##_##key,
#include "core/base/config.def"
#undef SETTING
    CONFIG__MAX
};

struct config;

/* Reads the file. RC_NOT_FOUND: no such file; RC_IO; RC_INVALID: problems holds one line each
   (prepared by the caller with text_init, 64 KiB is ample). Owned by the caller: config_free. */
enum rc config_load(const char *path, struct text *problems, struct config **ret_config) MUST_CHECK;
/* The defaults alone; for tests. */
enum rc config_defaults(struct config **ret_config) MUST_CHECK;
/* Reads the file again. On any problem nothing changes. Names of changed settings that only a
   restart takes are appended to `restart` as "[section] key" lines. */
enum rc config_reload(struct config *config, struct text *problems,
                      struct text *restart) MUST_CHECK;
/* Frees; accepts a pointer to NULL. Usable with CLEANUP. */
void config_free(struct config **config);

/* Typed readers; they assert that the setting has the type. */
int64_t config_int(const struct config *config, enum config_key key);
bool config_bool(const struct config *config, enum config_key key);
const char *config_text(const struct config *config,
                        enum config_key key); /* TEXT and PATH, never NULL */
/* [log] level. */
enum log_level config_log_level(const struct config *config);
/* Reads the key behind a SECRET setting: 32 bytes written as 64 hex digits in a file that only its
 *owner may read. ret_why (static text) says what is wrong on failure. */
enum rc config_secret_key(const struct config *config, enum config_key key, uint8_t ret_bytes[32],
                          const char **ret_why) MUST_CHECK;
/* Appends the whole table as an INI file: help, default, flags, present value. Secrets are paths
 * and shown as such. */
void config_print(const struct config *config, struct text *out);

/* The table, for documentation and lints. Names never NULL. */
const char *config_section(enum config_key key);
const char *config_name(enum config_key key);
bool config_is_reloadable(enum config_key key);

#endif

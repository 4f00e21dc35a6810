/*
 * What lies in the folder of a backup, and what a program may believe of it.
 *
 *   20261123T180000Z/            named by its moment, UTC; made as .new-20261123T180000Z
 *     dump.sql.gz                mariadb-dump of one snapshot, packed
 *     manifest.json              below; written last, after the proof
 *     SHA256SUMS                 of both, as sha256sum -c wants it
 *
 * No key and no password is in it: TOTP seeds and phone numbers are sealed with a key that is kept
 * elsewhere.
 */
#ifndef PW_FLOW_BACKUP_MANIFEST_H
#define PW_FLOW_BACKUP_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/archive.h"
#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/server_tool.h"
#include "core/store/table_sum.h"

#define BACKUP_NAME_BYTES 24 /* "20261123T180000Z" */
#define BACKUP_PATH_BYTES 512
#define BACKUP_DUMP "dump.sql.gz"
#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_SUMS "SHA256SUMS"

struct backup_manifest {
    char name[BACKUP_NAME_BYTES];
    int64_t made_at_ms;
    const char *site_code;
    const char *made_with;      /* the program and its version */
    const char *server_version; /* of MariaDB */
    const char *database;       /* as the binlog calls it */
    int64_t schema_number;
    struct tool_position position;
    struct archive_sums dump;
    int64_t chain_position; /* head of the audit chain in the snapshot, 0: none */
    const char *chain_hash; /* hex */
    bool verified;
    const char *detail; /* why it is doubtful, "" */
    struct table_sum *tables;
    size_t tables_count;
};

/* "20261123T180000Z" of a moment. */
void backup_name_make(int64_t at_ms, char ret_name[BACKUP_NAME_BYTES]);
bool backup_name_is_plausible(const char *name);
/* Writes manifest.json and SHA256SUMS into the folder, 0600, forced to disk. RC_IO with the reason.
 */
enum rc backup_manifest_write(const char *folder, const struct backup_manifest *manifest,
                              struct text *problem) MUST_CHECK;
/* Reads it; texts in the arena. whole: the sums of both files are computed and compared too; a file
   that is damaged is named. RC_NOT_FOUND, RC_INVALID, RC_IO with the reason. */
enum rc backup_manifest_read(const char *folder, bool whole, struct arena *arena,
                             struct text *problem, struct backup_manifest *ret_manifest) MUST_CHECK;
/* Rows of all tables. */
int64_t backup_manifest_rows(const struct backup_manifest *manifest);

#endif

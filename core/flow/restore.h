/*
 * Back to a backup, and safely on from there.
 *
 * What happened between the backup and the restore is lost, unless the binlogs are replayed; meters
 * keep what they got. So nothing is delivered to a meter before its first reading after the restore
 * was compared with what the restored database knows (restore_check_round); one that is ahead, or
 * whose balance cannot be, is frozen and waits for a person with the numbers of both sides. Ids go
 * on far above those that were lost, numbers of receipts and orders are random, sessions are over.
 */
#ifndef PW_FLOW_RESTORE_H
#define PW_FLOW_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/flow/backup.h"
#include "core/rules/restore_check.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/restore.h"

struct restore_order {
    const struct config *config;
    const char *root; /* database user with root's rights, without a password */
    const char *name; /* of the backup */
    const char *reason;
    const struct actor *actor;
    bool replay;         /* go on from the backup with the binlogs */
    int64_t until_at_ms; /* up to here; 0: all of it */
    const char *binlogs; /* folder of binlogs, NULL: those of the running server */
    bool (*stop)(void);
};

struct restore_result {
    int64_t checks;    /* supplies that wait for their check */
    char aside[80];    /* the database that was live, kept under this name; "" there was none */
    bool anchor_moved; /* the anchor of the audit chain was of the lost time */
};

/* Reads the backup and says what would be done; changes nothing. RC_INVALID: damaged, named. */
enum rc restore_look_at(const struct restore_order *order, struct arena *arena,
                        struct text *problem, struct backup_manifest *ret_manifest) MUST_CHECK;
/* Does it. RC_LOCKED: programs are connected, named. Whatever fails leaves the live database as it
   was; doubts gets what does not hold in the restored one. */
enum rc restore_do(const struct restore_order *order, struct arena *arena, struct text *problem,
                   struct text *doubts, struct restore_result *ret_result) MUST_CHECK;

/* What the rules ask about a check and the meter's newest reading. */
struct restore_facts restore_look_facts(const struct restore_look *look);
/* One round of comparing meters that were read since the restore; each in its own transaction with
   its audit row. */
enum rc restore_check_round(struct db *db, struct arena *arena, const struct actor *actor,
                            size_t *ret_passed, size_t *ret_frozen) MUST_CHECK;

#endif

/*
 * The record of acts. A row is written in the act's own transaction and never changed; paywatt-jobs
 * chains the rows.
 */
#ifndef PW_STORE_AUDIT_H
#define PW_STORE_AUDIT_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/db.h"

enum actor_kind { ACTOR_USER, ACTOR_TENANT, ACTOR_MACHINE, ACTOR_SYSTEM, ACTOR_OPERATOR };

/* Who acts. Borrowed strings; never NULL, "" where unknown. SYSTEM: poller and jobs. OPERATOR:
 * paywattctl. */
struct actor {
    enum actor_kind kind;
    int64_t id; /* user id; 0 for system and operator */
    const char *name;
    const char *role;
    const char *ip;
};

struct audit_entry {
    const struct actor *actor;
    const char *action;      /* "command.request", "lock_out.lift", "user.create": noun.verb */
    const char *object_kind; /* "supply", "line", "user" */
    int64_t object_id;
    const char *object_label; /* what people call it: "3F-215" */
    const char *reason;
    const char *before_json; /* "" where nothing was */
    const char *after_json;
    const char *result; /* "ok", or the name of the refusal */
};

/* Writes one row; asserts that a transaction is open. NULL strings in entry count as "". */
enum rc audit_write(struct db *db, const struct audit_entry *entry) MUST_CHECK;

#endif

#include "core/store/audit.h"

#include <assert.h>
#include <stddef.h>

#include "core/base/clock.h"

static const char *const kinds[] = {[ACTOR_USER] = "user",
                                    [ACTOR_TENANT] = "tenant",
                                    [ACTOR_MACHINE] = "machine",
                                    [ACTOR_SYSTEM] = "system",
                                    [ACTOR_OPERATOR] = "operator"};

static struct db_value text_of(const char *s)
{
    return db_text(s == NULL ? "" : s);
}

enum rc audit_write(struct db *db, const struct audit_entry *entry)
{
    assert(db != NULL && entry != NULL && entry->actor != NULL);
    assert(db_in_transaction(db));
    const struct actor *actor = entry->actor;
    assert((size_t)actor->kind < ARRAY_LEN(kinds));
    return db_execute(
        db,
        "INSERT INTO audit (at, actor_kind, actor_id, actor_name, role, ip, action, object_kind,"
        " object_id, object_label, reason, before_json, after_json, result)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_time(clock_now_ms()), db_text(kinds[actor->kind]), db_int(actor->id),
                text_of(actor->name), text_of(actor->role), text_of(actor->ip),
                text_of(entry->action), text_of(entry->object_kind), db_int(entry->object_id),
                text_of(entry->object_label), text_of(entry->reason), text_of(entry->before_json),
                text_of(entry->after_json), text_of(entry->result)),
        NULL);
}

#include "core/store/idempotency.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

static const char *kind_name(enum actor_kind kind)
{
    assert(kind == ACTOR_USER || kind == ACTOR_TENANT || kind == ACTOR_MACHINE);
    return kind == ACTOR_USER ? "user" : kind == ACTOR_TENANT ? "tenant" : "machine";
}

enum rc idempotency_claim(struct db *db, struct arena *arena, const struct idempotency *key,
                          struct idempotency_answer *ret_answer)
{
    assert(db_in_transaction(db) && key != NULL && ret_answer != NULL);
    enum rc rc = db_execute(
        db,
        "INSERT INTO idempotency (actor_kind, actor_id, route, key_text, body_hash, status,"
        " created_at) VALUES (?, ?, ?, ?, ?, 0, ?)",
        DB_ARGS(db_text(kind_name(key->actor_kind)), db_int(key->actor_id), db_text(key->route),
                db_text(key->key), db_bytes(key->body_hash, sizeof(key->body_hash)),
                db_time(clock_now_ms())),
        NULL);
    if (rc != RC_CONFLICT) {
        return rc;
    }
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT body_hash, status, answer FROM idempotency WHERE actor_kind = ? AND"
                 " actor_id = ? AND route = ? AND key_text = ? LOCK IN SHARE MODE",
                 DB_ARGS(db_text(kind_name(key->actor_kind)), db_int(key->actor_id),
                         db_text(key->route), db_text(key->key)),
                 1, &rows));
    if (rows.count == 0 || db_get_int(&rows, 0, 1) == 0) {
        return RC_RETRY; /* the twin rolled back in between */
    }
    if (memcmp(db_get_text(&rows, 0, 0), key->body_hash, sizeof(key->body_hash)) != 0) {
        return RC_CONFLICT;
    }
    *ret_answer = (struct idempotency_answer){.status = (int)db_get_int(&rows, 0, 1),
                                              .body = db_get_text(&rows, 0, 2),
                                              .len = db_at(&rows, 0, 2)->len};
    return RC_EXISTS;
}

enum rc idempotency_keep(struct db *db, const struct idempotency *key,
                         const struct idempotency_answer *answer)
{
    assert(db_in_transaction(db) && key != NULL && answer != NULL && answer->status > 0);
    return db_execute(
        db,
        "UPDATE idempotency SET status = ?, answer = ? WHERE actor_kind = ? AND actor_id = ? AND"
        " route = ? AND key_text = ?",
        DB_ARGS(db_int(answer->status),
                (struct db_value){.kind = DB_TEXT, .text = answer->body, .len = answer->len},
                db_text(kind_name(key->actor_kind)), db_int(key->actor_id), db_text(key->route),
                db_text(key->key)),
        NULL);
}

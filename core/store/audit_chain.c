#include "core/store/audit_chain.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"

#define APPEND_BYTES_MAX ((size_t)1 << 20)

#define ROW_COLUMNS                                                                                \
    "a.id, a.at, a.actor_kind, CAST(a.actor_id AS CHAR), a.actor_name, a.role, a.ip, a.action,"    \
    " a.object_kind, CAST(a.object_id AS CHAR), a.object_label, a.reason, a.before_json,"          \
    " a.after_json, a.result"

/* Row `row` of a result whose audit columns start at `from`. Numbers become text in the arena. */
static enum rc row_at(const struct db_rows *rows, size_t row, size_t from, struct arena *arena,
                      struct audit_text *out)
{
    out->id = db_get_int(rows, row, from);
    out->at_ms = db_get_time(rows, row, from + 1);
    out->columns[0] = arena_printf(arena, "%lld", (long long)out->id);
    out->columns[1] = arena_printf(arena, "%lld", (long long)out->at_ms);
    if (out->columns[0] == NULL || out->columns[1] == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 2; i < AUDIT_COLUMNS; i++) {
        out->columns[i] = db_get_text(rows, row, from + i);
    }
    for (size_t i = 0; i < AUDIT_COLUMNS; i++) {
        out->lens[i] = i < 2                             ? strlen(out->columns[i])
                       : db_is_null(rows, row, from + i) ? 0
                                                         : db_at(rows, row, from + i)->len;
    }
    return RC_OK;
}

static void hash_copy(uint8_t out[AUDIT_HASH_BYTES], const struct db_value *value)
{
    assert(value->len == AUDIT_HASH_BYTES);
    memcpy(out, value->text, AUDIT_HASH_BYTES);
}

enum rc audit_chain_last(struct db *db, struct arena *arena, bool lock, struct audit_link *ret_link)
{
    struct db_rows rows;
    if (lock) {
        assert(db_in_transaction(db));
        TRY(db_query(db, arena,
                     "SELECT position, audit_id, hash FROM audit_chain ORDER BY position DESC"
                     " LIMIT 1 FOR UPDATE",
                     DB_NO_ARGS, 1, &rows));
    } else {
        TRY(db_query(db, arena,
                     "SELECT position, audit_id, hash FROM audit_chain ORDER BY position DESC"
                     " LIMIT 1",
                     DB_NO_ARGS, 1, &rows));
    }
    struct audit_link link = {0};
    if (rows.count > 0) {
        link.position = db_get_int(&rows, 0, 0);
        link.audit_id = db_get_int(&rows, 0, 1);
        hash_copy(link.hash, db_at(&rows, 0, 2));
    }
    *ret_link = link;
    return RC_OK;
}

enum rc audit_unchained(struct db *db, struct arena *arena, int64_t after_id, size_t max,
                        struct audit_text **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT " ROW_COLUMNS " FROM audit a LEFT JOIN audit_chain c ON c.audit_id = a.id"
                 " WHERE a.id > ? AND c.audit_id IS NULL ORDER BY a.id LIMIT ?",
                 DB_ARGS(db_int(after_id), db_int((int64_t)max)), max, &rows));
    struct audit_text *out = arena_take_array(arena, rows.count + 1, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(row_at(&rows, i, 0, arena, &out[i]));
    }
    *ret_rows = out;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc audit_unchained_count(struct db *db, struct arena *arena, int64_t after_id,
                              int64_t *ret_count, int64_t *ret_first_id, int64_t *ret_oldest_at_ms)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT COUNT(*), MIN(a.id), MIN(a.at) FROM audit a"
                 " LEFT JOIN audit_chain c ON c.audit_id = a.id"
                 " WHERE a.id > ? AND c.audit_id IS NULL",
                 DB_ARGS(db_int(after_id)), 1, &rows));
    *ret_count = db_get_int(&rows, 0, 0);
    *ret_first_id = db_get_int(&rows, 0, 1);
    *ret_oldest_at_ms = db_get_time(&rows, 0, 2);
    return RC_OK;
}

enum rc audit_chain_append(struct db *db, const struct audit_link *links, size_t count)
{
    assert(db_in_transaction(db) && count > 0);
    struct text sql __attribute__((cleanup(text_release)));
    text_init(&sql, APPEND_BYTES_MAX);
    text_add_string(&sql, "INSERT INTO audit_chain (position, audit_id, hash, chained_at) VALUES ");
    char now[CLOCK_TEXT_MAX];
    (void)clock_format_datetime(clock_now_ms(), now);
    for (size_t i = 0; i < count; i++) {
        char hex[2 * AUDIT_HASH_BYTES + 1];
        text_printf(&sql, "%s(%lld, %lld, x'%s', '%s')", i == 0 ? "" : ",",
                    (long long)links[i].position, (long long)links[i].audit_id,
                    crypto_hex(links[i].hash, AUDIT_HASH_BYTES, hex), now);
    }
    TRY(text_result(&sql));
    return db_execute_text(db, text_string(&sql), sql.len, NULL);
}

enum rc audit_pairs(struct db *db, struct arena *arena, int64_t after_position, size_t max,
                    struct audit_pair **ret_pairs, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT c.position, c.audit_id, c.hash, " ROW_COLUMNS " FROM audit_chain c"
                 " LEFT JOIN audit a ON a.id = c.audit_id WHERE c.position > ?"
                 " ORDER BY c.position LIMIT ?",
                 DB_ARGS(db_int(after_position), db_int((int64_t)max)), max, &rows));
    struct audit_pair *out = arena_take_array(arena, rows.count + 1, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        out[i].link.position = db_get_int(&rows, i, 0);
        out[i].link.audit_id = db_get_int(&rows, i, 1);
        hash_copy(out[i].link.hash, db_at(&rows, i, 2));
        out[i].has_row = !db_is_null(&rows, i, 3);
        if (out[i].has_row) {
            TRY(row_at(&rows, i, 3, arena, &out[i].row));
        }
    }
    *ret_pairs = out;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc audit_seals(struct db *db, struct arena *arena, size_t max, struct audit_seal **ret_seals,
                    size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT day, position, hash FROM (SELECT CAST(day AS CHAR) AS day, position, hash"
                 " FROM audit_seal ORDER BY day DESC LIMIT ?) s ORDER BY day",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    struct audit_seal *out = arena_take_array(arena, rows.count + 1, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        text_copy(out[i].day, sizeof(out[i].day), db_get_text(&rows, i, 0));
        out[i].position = db_get_int(&rows, i, 1);
        hash_copy(out[i].hash, db_at(&rows, i, 2));
    }
    *ret_seals = out;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc audit_hash_at(struct db *db, struct arena *arena, int64_t position,
                      uint8_t ret_hash[AUDIT_HASH_BYTES])
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT hash FROM audit_chain WHERE position = ?",
                 DB_ARGS(db_int(position)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    hash_copy(ret_hash, db_at(&rows, 0, 0));
    return RC_OK;
}

enum rc audit_chain_before(struct db *db, struct arena *arena, int64_t before_ms,
                           struct audit_link *ret_link)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT position, audit_id, hash FROM audit_chain WHERE chained_at < ?"
                 " ORDER BY position DESC LIMIT 1",
                 DB_ARGS(db_time(before_ms)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    ret_link->position = db_get_int(&rows, 0, 0);
    ret_link->audit_id = db_get_int(&rows, 0, 1);
    hash_copy(ret_link->hash, db_at(&rows, 0, 2));
    return RC_OK;
}

enum rc audit_seal_add(struct db *db, const struct audit_seal *seal)
{
    return db_execute(db,
                      "INSERT INTO audit_seal (day, position, hash, sealed_at) VALUES (?, ?, ?, ?)",
                      DB_ARGS(db_text(seal->day), db_int(seal->position),
                              db_bytes(seal->hash, sizeof(seal->hash)), db_time(clock_now_ms())),
                      NULL);
}

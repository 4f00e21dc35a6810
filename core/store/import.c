#include "core/store/import.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"

#define ROWS_A_STATEMENT 200
#define STATEMENT_BYTES_MAX ((size_t)4 << 20)

enum rc import_lock(struct db *db)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO site_setting (name, value) VALUES ('import_serial', '1')"
                      " ON DUPLICATE KEY UPDATE value = CAST(value AS UNSIGNED) + 1,"
                      " changed_at = UTC_TIMESTAMP(3)",
                      DB_NO_ARGS, NULL);
}

static void row_add(struct text *sql, int64_t id, const struct import_item *row)
{
    const char *noun = row->noun < IMPORT_NOUN__MAX ? import_noun_info(row->noun)->name : "";
    text_printf(sql, "(%lld, %d, '%s', ", (long long)id, row->line, noun);
    db_add_escaped(sql, row->key, strlen(row->key));
    text_printf(sql, ", '%s', ", import_verdict_name(row->verdict));
    db_add_escaped(sql, row->message_zh, strlen(row->message_zh));
    text_add_char(sql, ',');
    db_add_escaped(sql, row->message_en, strlen(row->message_en));
    text_add_char(sql, ')');
}

static enum rc rows_add(struct db *db, int64_t id, const struct import_check *check)
{
    struct text sql __attribute__((cleanup(text_release)));
    text_init(&sql, STATEMENT_BYTES_MAX);
    for (size_t at = 0; at < check->count; at += ROWS_A_STATEMENT) {
        text_clear(&sql);
        text_add_string(&sql, "INSERT INTO import_row (import_id, line_number, noun, key_text,"
                              " verdict, message, message_en) VALUES ");
        for (size_t i = at; i < check->count && i < at + ROWS_A_STATEMENT; i++) {
            text_add_string(&sql, i == at ? "" : ",");
            row_add(&sql, id, &check->rows[i]);
        }
        TRY(text_result(&sql));
        TRY(db_execute_text(db, text_string(&sql), sql.len, NULL));
    }
    return RC_OK;
}

enum rc import_record_add(struct db *db, const char *file_name, const char *bytes, size_t len,
                          int64_t user_id, const struct import_check *check, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_sha256(bytes, len, hash);
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "INSERT INTO import (file_name, file_sha256, body, created_by, created_at)"
                   " VALUES (?, ?, ?, ?, ?)",
                   DB_ARGS(db_text(file_name), db_bytes(hash, sizeof(hash)), db_bytes(bytes, len),
                           db_int_or_null(user_id != 0, user_id), db_time(clock_now_ms())),
                   &outcome));
    TRY(rows_add(db, outcome.insert_id, check));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

#define RECORD_COLUMNS                                                                             \
    "SELECT i.id, i.file_name, i.state, i.file_sha256, COALESCE(u.display_name, ''),"              \
    " i.created_at, i.committed_at, i.undone_at,"                                                  \
    " (SELECT COUNT(*) FROM import_row r WHERE r.import_id = i.id AND r.verdict = 'new'),"         \
    " (SELECT COUNT(*) FROM import_row r WHERE r.import_id = i.id AND r.verdict = 'change'),"      \
    " (SELECT COUNT(*) FROM import_row r WHERE r.import_id = i.id AND r.verdict = 'same'),"        \
    " (SELECT COUNT(*) FROM import_row r WHERE r.import_id = i.id AND r.verdict = 'error'),"       \
    " (SELECT COUNT(*) FROM import_row r WHERE r.import_id = i.id"                                 \
    "   AND r.probe IN ('mismatch', 'silent'))"                                                    \
    " FROM import i LEFT JOIN user u ON u.id = i.created_by"

static struct import_record record_at(const struct db_rows *rows, size_t row)
{
    struct import_record record = {.id = db_get_int(rows, row, 0),
                                   .file_name = db_get_text(rows, row, 1),
                                   .state = db_get_text(rows, row, 2),
                                   .created_by_name = db_get_text(rows, row, 4),
                                   .created_at_ms = db_get_time(rows, row, 5),
                                   .committed_at_ms = db_get_time(rows, row, 6),
                                   .undone_at_ms = db_get_time(rows, row, 7),
                                   .probes_bad = db_get_int(rows, row, 12)};
    (void)crypto_hex(db_at(rows, row, 3)->text, CRYPTO_HASH_BYTES, record.sha256_hex);
    for (size_t i = 0; i < IMPORT_VERDICT__MAX; i++) {
        record.rows[i] = db_get_int(rows, row, 8 + i);
    }
    return record;
}

enum rc import_record_read(struct db *db, struct arena *arena, int64_t id, bool for_update,
                           struct import_record *ret_record)
{
    struct db_rows rows;
    if (for_update) {
        assert(db_in_transaction(db));
        TRY(db_query(db, arena, "SELECT id FROM import WHERE id = ? FOR UPDATE",
                     DB_ARGS(db_int(id)), 1, &rows));
    }
    TRY(db_query(db, arena, RECORD_COLUMNS " WHERE i.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_record = record_at(&rows, 0);
    return RC_OK;
}

enum rc import_record_list(struct db *db, struct arena *arena, int64_t below, size_t max,
                           struct import_record **ret_records, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, RECORD_COLUMNS " WHERE i.id < ? ORDER BY i.id DESC LIMIT ?",
                 DB_ARGS(db_int(below), db_int((int64_t)max)), max, &rows));
    struct import_record *records = arena_take_array(arena, rows.count + 1, sizeof(*records));
    if (records == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        records[i] = record_at(&rows, i);
    }
    *ret_records = records;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc import_record_body(struct db *db, struct arena *arena, int64_t id, const char **ret_bytes,
                           size_t *ret_len)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT body FROM import WHERE id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_bytes = db_at(&rows, 0, 0)->text;
    *ret_len = db_at(&rows, 0, 0)->len;
    return RC_OK;
}

enum rc import_record_undo(struct db *db, struct arena *arena, int64_t id, const char **ret_json)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT undo_json FROM import WHERE id = ?", DB_ARGS(db_int(id)), 1,
                 &rows));
    if (rows.count == 0 || db_is_null(&rows, 0, 0)) {
        return RC_NOT_FOUND;
    }
    *ret_json = db_get_text(&rows, 0, 0);
    return RC_OK;
}

enum rc import_record_move(struct db *db, int64_t id, const char *from, const char *to,
                           const char *undo_json)
{
    bool committed = strcmp(to, "committed") == 0;
    bool undone = strcmp(to, "undone") == 0;
    int64_t now_ms = clock_now_ms();
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE import SET state = ?, undo_json = COALESCE(?, undo_json),"
                   " committed_at = COALESCE(?, committed_at), undone_at = COALESCE(?, undone_at)"
                   " WHERE id = ? AND state = ?",
                   DB_ARGS(db_text(to), db_text_or_null(undo_json),
                           db_time_or_null(committed, now_ms), db_time_or_null(undone, now_ms),
                           db_int(id), db_text(from)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc import_rows_read(struct db *db, struct arena *arena, int64_t id,
                         struct import_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT line_number, noun, key_text, verdict, message, message_en, probe,"
                 " probe_text FROM import_row WHERE import_id = ? ORDER BY line_number",
                 DB_ARGS(db_int(id)), IMPORT_ROWS_MAX, &rows));
    struct import_row *out = arena_take_array(arena, rows.count + 1, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        out[i] = (struct import_row){.line = db_get_int(&rows, i, 0),
                                     .noun = db_get_text(&rows, i, 1),
                                     .key = db_get_text(&rows, i, 2),
                                     .verdict = db_get_text(&rows, i, 3),
                                     .message_zh = db_get_text(&rows, i, 4),
                                     .message_en = db_get_text(&rows, i, 5),
                                     .probe = db_get_text(&rows, i, 6),
                                     .probe_text = db_get_text(&rows, i, 7)};
    }
    *ret_rows = out;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc import_row_probe(struct db *db, int64_t id, int64_t line, const char *probe,
                         const char *probe_text)
{
    return db_execute(
        db,
        "UPDATE import_row SET probe = ?, probe_text = ? WHERE import_id = ? AND line_number = ?",
        DB_ARGS(db_text(probe), db_text(probe_text), db_int(id), db_int(line)), NULL);
}

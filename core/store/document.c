#include "core/store/document.h"

#include <assert.h>
#include <string.h>

#define PART_BYTES ((size_t)512 << 10)
#define PARTS_MAX 64

#define SELECT_DOCUMENTS                                                                           \
    "SELECT DISTINCT d.id, LOWER(HEX(d.sha256)), d.kind, d.bytes_total, d.file_name,"              \
    " COALESCE(u.display_name, ''), d.created_at FROM document d"                                  \
    " LEFT JOIN user u ON u.id = d.uploaded_by"

static void fill(const struct db_rows *rows, size_t at, struct document *document)
{
    *document = (struct document){.id = db_get_int(rows, at, 0),
                                  .sha256 = db_get_text(rows, at, 1),
                                  .kind = db_get_text(rows, at, 2),
                                  .bytes_total = db_get_int(rows, at, 3),
                                  .file_name = db_get_text(rows, at, 4),
                                  .uploaded_by_name = db_get_text(rows, at, 5),
                                  .created_at = db_get_time(rows, at, 6)};
}

static enum rc first(const struct db_rows *rows, struct document *ret_document)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    fill(rows, 0, ret_document);
    return RC_OK;
}

enum rc documents_insert(struct db *db, const uint8_t sha256[DOCUMENT_HASH_BYTES], const char *kind,
                         const char *file_name, int64_t uploaded_by, const char *bytes, size_t len,
                         int64_t *ret_id)
{
    assert(db_in_transaction(db) && len > 0);
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "INSERT INTO document (sha256, kind, bytes_total, file_name, uploaded_by)"
                   " VALUES (?, ?, ?, ?, ?)",
                   DB_ARGS(db_bytes(sha256, DOCUMENT_HASH_BYTES), db_text(kind),
                           db_int((int64_t)len), db_text(file_name),
                           db_int_or_null(uploaded_by > 0, uploaded_by)),
                   &outcome));
    for (size_t from = 0; from < len; from += PART_BYTES) {
        size_t some = len - from < PART_BYTES ? len - from : PART_BYTES;
        TRY(db_execute(
            db, "INSERT INTO document_part (document_id, position, content) VALUES (?, ?, ?)",
            DB_ARGS(db_int(outcome.insert_id), db_int((int64_t)(from / PART_BYTES)),
                    db_bytes(bytes + from, some)),
            NULL));
    }
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc documents_find(struct db *db, struct arena *arena,
                       const uint8_t sha256[DOCUMENT_HASH_BYTES], struct document *ret_document)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_DOCUMENTS " WHERE d.sha256 = ?",
                 DB_ARGS(db_bytes(sha256, DOCUMENT_HASH_BYTES)), 1, &rows));
    return first(&rows, ret_document);
}

enum rc documents_use(struct db *db, int64_t document_id, const char *object_kind,
                      int64_t object_id, int64_t account_id)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT IGNORE INTO document_use (document_id, object_kind, object_id,"
                      " account_id) VALUES (?, ?, ?, ?)",
                      DB_ARGS(db_int(document_id), db_text(object_kind), db_int(object_id),
                              db_int_or_null(account_id != 0, account_id)),
                      NULL);
}

enum rc documents_get(struct db *db, struct arena *arena, int64_t id, int64_t user_id,
                      struct document *ret_document)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_DOCUMENTS " WHERE d.id = ? AND (d.uploaded_by = ? OR EXISTS (SELECT 1"
                                  " FROM document_use n WHERE n.document_id = d.id))",
                 DB_ARGS(db_int(id), db_int(user_id)), 1, &rows));
    return first(&rows, ret_document);
}

enum rc documents_content(struct db *db, struct arena *arena, const struct document *document,
                          const char **ret_bytes)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT content FROM document_part WHERE document_id = ? ORDER BY position",
                 DB_ARGS(db_int(document->id)), PARTS_MAX, &rows));
    size_t total = (size_t)document->bytes_total;
    char *bytes = arena_take(arena, total + 1);
    if (bytes == NULL) {
        return RC_MEMORY;
    }
    size_t len = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const struct db_value *part = db_at(&rows, i, 0);
        if (part->len > total - len) {
            return RC_INTERNAL;
        }
        memcpy(bytes + len, part->text, part->len);
        len += part->len;
    }
    *ret_bytes = bytes;
    return len == total ? RC_OK : RC_INTERNAL;
}

enum rc documents_of_account(struct db *db, struct arena *arena, int64_t account_id,
                             struct document **ret_documents, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_DOCUMENTS " JOIN document_use n ON n.document_id = d.id"
                                  " WHERE n.account_id = ? ORDER BY d.id DESC LIMIT 200",
                 DB_ARGS(db_int(account_id)), DOCUMENT_LIST_MAX, &rows));
    struct document *list = arena_take_array(arena, rows.count + 1, sizeof(*list));
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill(&rows, i, &list[i]);
    }
    *ret_documents = list;
    *ret_count = rows.count;
    return RC_OK;
}

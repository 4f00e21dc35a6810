/*
 * Papers (document, document_part): added once, never changed.
 */
#ifndef PW_STORE_DOCUMENT_H
#define PW_STORE_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define DOCUMENT_HASH_BYTES 32
#define DOCUMENT_LIST_MAX 200

struct document {
    int64_t id;
    const char *sha256; /* hex */
    const char *kind;   /* core/rules/document.h */
    int64_t bytes_total;
    const char *file_name;
    const char *uploaded_by_name; /* "" a program */
    int64_t created_at;
};

/* Row and parts, in a transaction. RC_CONFLICT: the same file is there already. */
enum rc documents_insert(struct db *db, const uint8_t sha256[DOCUMENT_HASH_BYTES], const char *kind,
                         const char *file_name, int64_t uploaded_by, const char *bytes, size_t len,
                         int64_t *ret_id) MUST_CHECK;
enum rc documents_find(struct db *db, struct arena *arena,
                       const uint8_t sha256[DOCUMENT_HASH_BYTES],
                       struct document *ret_document) MUST_CHECK;
/* Notes that an act refers to it. object_kind: approval, adjustment, swap. account_id 0: nobody's.
   Once more changes nothing. */
enum rc documents_use(struct db *db, int64_t document_id, const char *object_kind,
                      int64_t object_id, int64_t account_id) MUST_CHECK;
/* One that this person may see: his own, or one that an act refers to. RC_NOT_FOUND. */
enum rc documents_get(struct db *db, struct arena *arena, int64_t id, int64_t user_id,
                      struct document *ret_document) MUST_CHECK;
/* The whole file, in the arena. RC_INTERNAL: parts are missing. */
enum rc documents_content(struct db *db, struct arena *arena, const struct document *document,
                          const char **ret_bytes) MUST_CHECK;
/* Papers of acts about an account, newest first. */
enum rc documents_of_account(struct db *db, struct arena *arena, int64_t account_id,
                             struct document **ret_documents, size_t *ret_count) MUST_CHECK;

#endif

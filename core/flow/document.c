#include "core/flow/document.h"

#include <assert.h>

#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/step.h"

#define NAME_BYTES 121

enum rc document_put(struct db *db, struct arena *arena, const struct actor *actor, int64_t user_id,
                     const char *file_name, const char *bytes, size_t len,
                     struct document *ret_document)
{
    assert(db_in_transaction(db));
    uint8_t sha256[DOCUMENT_HASH_BYTES];
    char name[NAME_BYTES];
    enum document_kind kind = DOCUMENT_JPEG;
    if (len > DOCUMENT_BYTES_MAX) {
        return RC_TOO_LARGE;
    }
    TRY(document_kind_find((const uint8_t *)bytes, len, &kind));
    crypto_sha256(bytes, len, sha256);
    enum rc rc = documents_find(db, arena, sha256, ret_document);
    if (rc != RC_NOT_FOUND) {
        return rc;
    }
    int64_t id = 0;
    text_copy(name, sizeof(name), file_name);
    rc = documents_insert(db, sha256, document_kind_name(kind), name, user_id, bytes, len, &id);
    if (rc == RC_CONFLICT) {
        return RC_RETRY; /* a twin was faster: the next look finds it */
    }
    TRY(rc);
    TRY(documents_find(db, arena, sha256, ret_document));
    const char *after = arena_printf(arena, "{\"sha256\":\"%s\",\"kind\":\"%s\",\"bytes\":%lld}",
                                     ret_document->sha256, ret_document->kind, (long long)len);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, AUDIT_ACTION_DOCUMENT_ADD, "document", id, name, "", "", after);
}

enum rc document_named(struct db *db, struct arena *arena, const uint8_t *sha256,
                       int64_t *ret_document_id, struct command_refusal *ret_refusal)
{
    struct document document;
    if (sha256 == NULL) {
        return step_refuse(RC_INVALID, "invalid_field", "evidence_sha256", ret_refusal);
    }
    enum rc rc = documents_find(db, arena, sha256, &document);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "no_document", "evidence_sha256", ret_refusal);
    }
    TRY(rc);
    *ret_document_id = document.id;
    return RC_OK;
}

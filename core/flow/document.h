/*
 * Papers that people give us as evidence. Inside the caller's transaction.
 */
#ifndef PW_FLOW_DOCUMENT_H
#define PW_FLOW_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/rules/document.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/document.h"

/* Keeps a file with its audit row; the same bytes again give the document that is there (RC_OK, no
   row). user_id: whose it is. RC_INVALID: no JPEG, PNG or PDF, or not whole; RC_TOO_LARGE. */
enum rc document_put(struct db *db, struct arena *arena, const struct actor *actor, int64_t user_id,
                     const char *file_name, const char *bytes, size_t len,
                     struct document *ret_document) MUST_CHECK;

/* The paper that an act names as its evidence. RC_INVALID "invalid_field", evidence_sha256: none
   was named; "no_document": it was not given to us. */
enum rc document_named(struct db *db, struct arena *arena, const uint8_t *sha256,
                       int64_t *ret_document_id, struct command_refusal *ret_refusal) MUST_CHECK;

#endif

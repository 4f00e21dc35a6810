/*
 * Papers that people give us as evidence. Inside the caller's transaction.
 */
#ifndef PW_FLOW_DOCUMENT_H
#define PW_FLOW_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/document.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/document.h"

/* Keeps a file with its audit row; the same bytes again give the document that is there (RC_OK, no
   row). user_id: whose it is. RC_INVALID: no JPEG, PNG or PDF, or not whole; RC_TOO_LARGE. */
enum rc document_put(struct db *db, struct arena *arena, const struct actor *actor, int64_t user_id,
                     const char *file_name, const char *bytes, size_t len,
                     struct document *ret_document) MUST_CHECK;

#endif

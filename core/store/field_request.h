/*
 * Questions to the field that are not orders: probe an address (import), try a model file on a
 * meter. Whoever asks writes a row; the poller of the shard takes it, asks, and writes the result.
 */
#ifndef PW_STORE_FIELD_REQUEST_H
#define PW_STORE_FIELD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define FIELD_REQUESTS_MAX 64 /* of one look */

struct field_request {
    int64_t id;
    bool model_test;       /* else a probe */
    int64_t line_id;       /* 0: see link */
    const char *link_json; /* "" when line_id is set */
    int32_t address;
    const char *model_json; /* the model under test, "" for a probe */
};

/* Pending questions of a shard, oldest first, at most FIELD_REQUESTS_MAX; those past their time are
   marked expired on the way. Strings live in the arena. */
enum rc field_request_scan(struct db *db, struct arena *arena, int32_t shard,
                           struct field_request **ret_requests, size_t *ret_count) MUST_CHECK;
/* pending -> taken. RC_CONFLICT: somebody else has it. */
enum rc field_request_take(struct db *db, int64_t id) MUST_CHECK;
/* taken -> done or failed. result_json: an object, see docs of the import. */
enum rc field_request_end(struct db *db, int64_t id, bool done, const char *result_json) MUST_CHECK;
/* Questions that an earlier process of this shard took and never ended become pending again. */
enum rc field_request_recover(struct db *db, int32_t shard) MUST_CHECK;

#endif

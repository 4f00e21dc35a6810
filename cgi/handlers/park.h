/*
 * What the handlers of park and orders share: questions to the store, cursors, refusals of flow.
 */
#ifndef PW_CGI_HANDLERS_PARK_H
#define PW_CGI_HANDLERS_PARK_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/request.h"
#include "core/base/clock.h"
#include "core/flow/command.h"
#include "core/store/meter_list.h"

#define PAGE_LIMIT 50 /* of a list when the request names none */
#define PAGE_LIMIT_MAX 200

/* The query of a list without filters. */
struct page_input {
    const char *cursor;
    int64_t limit;
};

extern const struct shape shape_meter_row;
extern const struct shape shape_command;
extern const struct shape shape_lock_out;
extern const struct shape shape_approval;

/* Now, and the age at which a reading is stale. */
struct meter_list_question park_question(const struct request *request);
/* A wall time as civil time of the site; month 0: the site or its zone is not known. */
struct clock_parts park_local_time(const struct request *request, int64_t at_ms);
/* The page size of a list's query: limit SHAPE_NULL takes the default. */
size_t park_limit(int64_t limit);
/* The id in a cursor that row_cursor made; NULL is 0. RC_INVALID refuses it by name. */
enum rc park_cursor(struct request *request, const char *cursor, int64_t *ret_id) MUST_CHECK;
/* Answers with flow's code and its sentence. */
enum rc park_refuse(struct request *request, enum rc rc,
                    const struct command_refusal *refusal) MUST_CHECK;
/* Wakes the poller of a shard after the commit. */
void park_wake_after_commit(struct request *request, int32_t shard);

#endif

/*
 * How many tasks wait, for the header: the same list that GET /tasks shows, counted by each worker
 * at most every few seconds.
 */
#ifndef PW_CGI_HANDLERS_TASKS_H
#define PW_CGI_HANDLERS_TASKS_H

#include <stdint.h>

#include "cgi/request.h"

#define TASKS_COUNT_AGE_MS 3000

/* RC_OK or what the database said. */
enum rc tasks_count(struct request *request, int64_t *ret_count) MUST_CHECK;

#endif

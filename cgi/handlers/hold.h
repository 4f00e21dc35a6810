/*
 * Approvals as the API shows them, for handlers that may answer with one.
 */
#ifndef PW_CGI_HANDLERS_HOLD_H
#define PW_CGI_HANDLERS_HOLD_H

#include <stdint.h>

#include "cgi/request.h"

struct approval_item {
    int64_t id;
    const char *kind;
    const char *summary_zh; /* what exactly will happen */
    const char *summary_en;
    const char *object_kind;
    int64_t object_id;
    const char *unit_number;
    const char *shop_name;
    int64_t meter_id;
    int64_t maker_id;
    const char *maker_name;
    int64_t made_at;
    int64_t expires_at;
    const char *state;
    const char *decided_by_name;
    int64_t decided_at;
    const char *reason;
    const char *decision_reason;
    int64_t command_id;
};

/* One approval with its sentences. RC_NOT_FOUND. */
enum rc hold_approval(struct request *request, int64_t id,
                      struct approval_item *ret_item) MUST_CHECK;

#endif

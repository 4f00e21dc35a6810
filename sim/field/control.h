/*
 * The control socket: one JSON object a line in, one JSON object a line out. docs/simulator.md
 * lists the ops.
 */
#ifndef PW_SIM_FIELD_CONTROL_H
#define PW_SIM_FIELD_CONTROL_H

#include "core/base/json.h"
#include "core/base/text.h"
#include "sim/field/facts.h"
#include "sim/field/field.h"

#define CONTROL_CLIENTS_MAX 32
#define CONTROL_REQUEST_MAX 8192
#define CONTROL_REPLY_MAX (8 << 20)
#define CONTROL_WAIT_MS_MAX 600000

enum control_scope { CONTROL_FIELD, CONTROL_GATEWAY, CONTROL_LINE, CONTROL_METER };

struct control_wait {
    bool active;
    enum control_scope scope;
    uint32_t index;
    struct condition condition;
};

struct control_call { /* one request being answered */
    struct field *field;
    const struct json_object *request;
    struct text *reply;        /* members behind "ok":true */
    char *error;               /* PARK_SENTENCE_MAX */
    struct control_wait *wait; /* `wait` leaves its condition here, */
    int64_t wait_ms;           /* and its time-out */
};

/* Runs a request's op. RC_OK with members in reply, or a failure with a sentence in error. */
enum rc control_run(struct control_call *call) MUST_CHECK;
/* The fact that a waiter looks at, and whether its condition holds. */
enum rc control_look(struct field *field, const struct control_wait *wait, struct fact *ret_fact,
                     bool *ret_holds) MUST_CHECK;
/* Fails a call with a sentence. */
enum rc control_refuse(struct control_call *call, const char *format, ...)
    PRINTF_LIKE(2, 3) MUST_CHECK;
/* Which meter, line or gateway a request names; CONTROL_FIELD when none. */
enum rc control_scope_of(struct control_call *call, enum control_scope *ret_scope,
                         uint32_t *ret_index) MUST_CHECK;
/* control_set.c: the ops that change meters and gateways. */
enum rc control_set(struct control_call *call) MUST_CHECK;

#endif

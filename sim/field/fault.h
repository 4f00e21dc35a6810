/*
 * Faults that the control socket puts into the field, and who they hit.
 *
 * A fault belongs to a meter, a line or a gateway, may ask for one function only, and lasts n times
 * or for ever.
 */
#ifndef PW_SIM_FIELD_FAULT_H
#define PW_SIM_FIELD_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

#define FAULTS_MAX 512
#define FAULT_DELAY_MS_MAX 600000

enum fault_kind {
    FAULT_SILENT,           /* no meter hears it */
    FAULT_LATE,             /* the answer comes delay_ms later */
    FAULT_FOREIGN,          /* another address answers */
    FAULT_STRAY,            /* a foreign frame comes before the right answer */
    FAULT_CORRUPT,          /* one bit is flipped; a Modbus TCP gateway throws such a frame away */
    FAULT_DOUBLED,          /* the answer comes twice */
    FAULT_TRUNCATED,        /* only its first half comes */
    FAULT_ECHO,             /* the adapter echoes the request first */
    FAULT_DROP_GATEWAY,     /* connections are closed and refused */
    FAULT_SLOW_QUEUE,       /* the gateway holds each request delay_ms before the line */
    FAULT_APPLY_NO_ANSWER,  /* a write is done, the answer is lost */
    FAULT_APPLY_THEN_ERROR, /* a write is done, the answer is an error */
    FAULT_POWER_CUT,        /* between purse and count of a purchase */
    FAULT_NO_GAP_MISSED,    /* a request within 3.5 characters after an answer is not heard */
    FAULT__MAX
};

enum fault_scope { FAULT_OF_METER, FAULT_OF_LINE, FAULT_OF_GATEWAY };

struct fault {
    int64_t id;
    enum fault_kind kind;
    enum fault_scope scope;
    uint32_t index; /* of the meter, line or gateway */
    int64_t delay_ms;
    int64_t left; /* -1 = for ever */
    int64_t hits;
    uint8_t function; /* 0 = any */
};

struct faults {
    struct fault list[FAULTS_MAX];
    uint32_t len;
    int64_t last_id;
};

struct fault_target {
    uint32_t meter; /* UINT32_MAX: none */
    uint32_t line;
    uint32_t gateway;
    uint8_t function;
};

/* Name of a kind: "apply_no_answer". */
const char *fault_name(enum fault_kind kind);
/* RC_NOT_FOUND: no such kind. */
enum rc fault_kind_of(const char *name, enum fault_kind *ret_kind) MUST_CHECK;
/* Adds a fault and gives it an id. RC_FULL. */
enum rc faults_add(struct faults *faults, const struct fault *fault, int64_t *ret_id) MUST_CHECK;
/* Removes fault id, or those of a scope and index, or (id 0, all true) all. Returns how many. */
uint32_t faults_clear(struct faults *faults, int64_t id, bool all, enum fault_scope scope,
                      uint32_t index);
/* Is there a fault of this kind for the target? Uses one of its times up. ret_delay_ms may be NULL.
 */
bool faults_take(struct faults *faults, enum fault_kind kind, const struct fault_target *target,
                 int64_t *ret_delay_ms);
/* The same without using it up. */
bool faults_stand(const struct faults *faults, enum fault_kind kind,
                  const struct fault_target *target);

#endif

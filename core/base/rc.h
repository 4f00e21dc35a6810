/*
 * Results. Every fallible function returns enum rc; the compiler insists that it is looked at.
 * Outputs come last, are named ret_x and are untouched unless the result is RC_OK.
 * RC_UNKNOWN means "asked, outcome not known": it is verified, never retried blindly.
 */
#ifndef PW_BASE_RC_H
#define PW_BASE_RC_H

enum rc {
#define RC(name, http, sentence) RC_##name,
#include "core/base/rc.def"
#undef RC
    RC__MAX
};

#define MUST_CHECK __attribute__((warn_unused_result))
/* Releases a foreign handle at the end of its scope: CLEANUP(file_close) FILE *f = ... */
#define CLEANUP(release) __attribute__((cleanup(release)))
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Returns early with any result but RC_OK. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum rc try_rc_ = (call);                                                                  \
        if (try_rc_ != RC_OK) {                                                                    \
            return try_rc_;                                                                        \
        }                                                                                          \
    } while (0)

/* The name without its prefix, as in rc.def: "STALE". Never NULL. */
const char *rc_name(enum rc rc);
/* The sentence of rc.def. Never NULL. */
const char *rc_sentence(enum rc rc);
/* The HTTP status of rc.def. */
int rc_http_status(enum rc rc);

#endif

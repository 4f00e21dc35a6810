/*
 * Failpoints: named places at which a test build can be made to die, stop or fail (reliability.md
 * 5.1). Without PW_FAILPOINTS the macro is the constant false and nothing of this is compiled.
 *
 *   PW_FAILPOINT=claim.post_commit=kill@1             the first time: SIGKILL to ourselves
 *   PW_FAILPOINT=mb.pre_write=stop@2,rb.pre=return@1  stop: SIGSTOP; return: FAILPOINT is true
 *
 * actions: kill, stop, term (SIGTERM to ourselves), return. @n: the n-th time only, 1 when left
 * out; @n+: from the n-th time on.
 */
#ifndef PW_BASE_FAILPOINT_H
#define PW_BASE_FAILPOINT_H

#include <stdbool.h>

#ifdef PW_FAILPOINTS
/* True when the caller has to fail here. Thread safe. */
bool failpoint_hit(const char *name);
#define FAILPOINT(name) failpoint_hit(name)
#else
#define FAILPOINT(name) false
#endif

#endif

/*
 * Failpoints: named places at which a test build can be made to die, stop or fail (reliability.md
 * 5.1). Without PW_FAILPOINTS the macro is the constant false and nothing of this is compiled.
 *
 *   PW_FAILPOINT=claim.post_commit=kill@1             the first time: SIGKILL to ourselves
 *   PW_FAILPOINT=mb.pre_write=stop@2,rb.pre=return@1  stop: SIGSTOP; return: FAILPOINT is true
 *
 * actions: kill, stop, term (SIGTERM to ourselves), return. @n: the n-th time only, 1 when left
 * out; @n+: from the n-th time on.
 *
 * A test of one thread may also arm one failure by itself: the n-th pass of any point from now on
 * fails, once, with a code of its choice. FAILPOINT_CODE says which, 0 for none, at these points:
 *
 *   db.statement      a server's error number, as if the statement had been answered with it
 *   db.commit         the same for COMMIT, which the server does not see
 *   db.commit_reply   the same for COMMIT, which the server carries out
 *   memory            any code: an arena or a text gets no memory
 */
#ifndef PW_BASE_FAILPOINT_H
#define PW_BASE_FAILPOINT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef PW_FAILPOINTS
/* True when the caller has to fail here. Thread safe. */
bool failpoint_hit(const char *name);
#define FAILPOINT(name) failpoint_hit(name)
/* Arms the nth (1 ..) pass of `name` from now on; NULL disarms. The name is borrowed. */
void failpoint_arm(const char *name, int64_t nth, unsigned code);
/* True from arming until the failure has happened. */
bool failpoint_is_armed(void);
/* The code when this pass is the armed one, else 0. */
unsigned failpoint_code(const char *name);
#define FAILPOINT_CODE(name) failpoint_code(name)
#else
#define FAILPOINT(name) false
#define FAILPOINT_CODE(name) 0u
#endif

#endif

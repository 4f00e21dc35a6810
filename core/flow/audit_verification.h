/*
 * The last verdict on the audit chain, kept in site_setting "audit_verification" for those who do
 * not hold the key.
 */
#ifndef PW_FLOW_AUDIT_VERIFICATION_H
#define PW_FLOW_AUDIT_VERIFICATION_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/audit_chain.h"
#include "core/store/db.h"

/* Keeps it; one transaction of its own. */
enum rc audit_verification_keep(struct db *db, const struct audit_verification *verification,
                                int64_t checked_at_ms) MUST_CHECK;
/* The one that was kept last. RC_NOT_FOUND: nobody has checked yet. */
enum rc audit_verification_last(struct db *db, struct arena *arena,
                                struct audit_verification *ret_verification,
                                int64_t *ret_checked_at_ms) MUST_CHECK;

#endif

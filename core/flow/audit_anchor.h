/*
 * The head of the audit chain, kept outside the database: a file "position hash" in [paths] state.
 * Whoever cuts the tail off both tables cannot reach it from the database.
 */
#ifndef PW_FLOW_AUDIT_ANCHOR_H
#define PW_FLOW_AUDIT_ANCHOR_H

#include "core/base/rc.h"
#include "core/store/audit_chain.h"

/* Replaces the file in one step. RC_IO. */
enum rc audit_anchor_write(const char *folder, const struct audit_link *link) MUST_CHECK;
/* RC_NOT_FOUND: there is none yet; RC_INVALID: it is not one; RC_IO. */
enum rc audit_anchor_read(const char *folder, struct audit_link *ret_link) MUST_CHECK;

#endif

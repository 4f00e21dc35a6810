/*
 * States of a refund (退款): money back to the payer of one payment. Its number is made once and
 * used in every try, so that a time-out is asked about and never becomes a second refund.
 *
 *   asked ---> rejected, expired, cancelled
 *     v second person
 *   approved -> cancelled                   (before the provider was asked)
 *     v committed before the call
 *   submitted -> succeeded                  (the provider says so, or the counter paid cash)
 *     |  ^  \--> failed                     (the provider says it never will: account closed, ...)
 *     |  +-/                                (unknown: asked again with the same number)
 *     v
 *   failed ---> submitted                   (again, same number)
 *     \-------> suspense                    (a person takes it: the money waits under its name)
 */
#ifndef PW_RULES_REFUND_STATE_H
#define PW_RULES_REFUND_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum refund_state {
    REFUND_ASKED,
    REFUND_APPROVED,
    REFUND_SUBMITTED,
    REFUND_SUCCEEDED,
    REFUND_FAILED,
    REFUND_SUSPENSE,
    REFUND_REJECTED,
    REFUND_EXPIRED,
    REFUND_CANCELLED,
    REFUND_STATE__MAX
};

/* Name as in the refund table's ENUM. Never NULL. */
const char *refund_state_name(enum refund_state state);
enum rc refund_state_find(const char *name, enum refund_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool refund_move_allowed(enum refund_state from, enum refund_state to);
/* True for states that never change again. */
bool refund_state_is_final(enum refund_state state);
/* True if the money is promised to the payer or with them: it counts against the payment. */
bool refund_takes_money(enum refund_state state);

#endif

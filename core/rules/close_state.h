/*
 * States of closing an account (销户). Each arrow is one transaction, and whoever finds a row in a
 * state can go on from there.
 *
 *   asked ---> cancelled                (withdrawn, rejected, nobody agreed in time)
 *     v second person: balance, deposit and refund on one screen
 *   emptying -> cancelled               (only while nothing was written into any meter)
 *     v every supply is off, emptied by adjustment or typed, and read once more; figures posted
 *   settled
 *     v refunds with the payers, the counter's part paid, nothing left anywhere
 *   closed
 */
#ifndef PW_RULES_CLOSE_STATE_H
#define PW_RULES_CLOSE_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum close_state {
    CLOSE_ASKED,
    CLOSE_EMPTYING,
    CLOSE_SETTLED,
    CLOSE_CLOSED,
    CLOSE_CANCELLED,
    CLOSE_STATE__MAX
};

/* Name as in the account_close table's ENUM. Never NULL. */
const char *close_state_name(enum close_state state);
enum rc close_state_find(const char *name, enum close_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool close_move_allowed(enum close_state from, enum close_state to);
/* True for states that never change again. */
bool close_state_is_final(enum close_state state);

#endif

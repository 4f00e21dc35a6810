/*
 * States of an adjustment (清退/调整): the absolute write of balance and count by which money
 * leaves a meter (refund 退电, reversal 冲正, wrong shop 充错户, correction 补正, swap, close).
 *
 *   asked ---> rejected, expired            (the second person said no, or nobody in time)
 *     |  \---> cancelled                    (by the maker)
 *     v second person: maker is not checker, both amounts on one screen
 *   approved --> cancelled                  (before anything was written)
 *     |  \-----> refused                    (trip not proved, serial number or old values differ)
 *     |   \----> typed                      (dead meter: typed reading with photo; nothing written)
 *     v forced trip proved, read; targets and expected old values committed
 *   writing ---> applied                    (read-back shows both targets; what left is posted)
 *     |  ^-\                                (unknown: the same absolute values are written again)
 *     v
 *   manual ----> writing | applied | refused (a person looked: neither old values nor targets)
 *
 * While it is writing it keeps the meter's slot. An absolute write that comes late undoes whatever
 * was done after it, so the slot is let go only when the read-back shows both targets *and* no copy
 * of the write can still be on its way: connection closed after any time-out, quiet time over
 * (tests/model/recharge_model.py: K loses a purchase, K2 does not).
 */
#ifndef PW_RULES_ADJUSTMENT_STATE_H
#define PW_RULES_ADJUSTMENT_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum adjustment_state {
    ADJUSTMENT_ASKED,
    ADJUSTMENT_APPROVED,
    ADJUSTMENT_WRITING,
    ADJUSTMENT_MANUAL,
    ADJUSTMENT_APPLIED,
    ADJUSTMENT_TYPED,
    ADJUSTMENT_REFUSED,
    ADJUSTMENT_REJECTED,
    ADJUSTMENT_EXPIRED,
    ADJUSTMENT_CANCELLED,
    ADJUSTMENT_STATE__MAX
};

/* Name as in the adjustment table's ENUM. Never NULL. */
const char *adjustment_state_name(enum adjustment_state state);
enum rc adjustment_state_find(const char *name, enum adjustment_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool adjustment_move_allowed(enum adjustment_state from, enum adjustment_state to);
/* True for states that never change again. */
bool adjustment_state_is_final(enum adjustment_state state);
/* True while it keeps the meter's slot: no delivery is claimed, another adjustment waits. */
bool adjustment_is_in_flight(enum adjustment_state state);
/* True if money left the meter's account for good: the ledger has its posting. */
bool adjustment_is_posted(enum adjustment_state state);

#endif

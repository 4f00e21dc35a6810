/*
 * States of a change of billing mode 切换计费方式 (design 2): meter (仪表计费) <-> platform
 * (平台计费).
 *
 *   asked ----> rejected, expired           (the second person said no, or nobody in time)
 *     |   \---> cancelled                   (by the maker)
 *     v second person: maker is not checker
 *   approved -> cancelled                   (while something else was in flight, by the maker)
 *     v nothing is in flight; an adjustment of kind mode is agreed
 *   moving ---> refused                     (the adjustment wrote nothing: all is as before)
 *     v the forced trip is proved, the meter was read, the money left it or reached it: posted
 *   switching <--> stuck                    (the meter does not take fee control; a person: again)
 *     v fee control stands as wanted, read back
 *   done
 *
 * From moving on it does not turn back by itself: the supply is tripped, so nothing is used, and
 * the money stands in adjustment_clearing or in the meter until the other side has it. A meter that
 * does not answer leaves it in moving or switching, with the reason in wait_code.
 *
 *   to platform  all money out of the meter (target 0) -> fee control off -> the ledger has it, the
 *                span begins with the reading that proves it
 *   to meter     use charged up to the reading, what the ledger has written into the meter -> fee
 *                control on (and the prices in force) -> the span ends at that reading
 */
#ifndef PW_RULES_MODE_CHANGE_STATE_H
#define PW_RULES_MODE_CHANGE_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum mode_change_state {
    MODE_CHANGE_ASKED,
    MODE_CHANGE_APPROVED,
    MODE_CHANGE_MOVING,
    MODE_CHANGE_SWITCHING,
    MODE_CHANGE_STUCK,
    MODE_CHANGE_DONE,
    MODE_CHANGE_REFUSED,
    MODE_CHANGE_REJECTED,
    MODE_CHANGE_EXPIRED,
    MODE_CHANGE_CANCELLED,
    MODE_CHANGE_STATE__MAX
};

/* Name as in the mode_change table's ENUM. Never NULL. */
const char *mode_change_state_name(enum mode_change_state state);
enum rc mode_change_state_find(const char *name, enum mode_change_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool mode_change_move_allowed(enum mode_change_state from, enum mode_change_state to);
/* True for states that never change again. */
bool mode_change_state_is_final(enum mode_change_state state);
/* True from the moment on at which no purchase may be claimed and none credited: money is between
   the meter and the ledger. */
bool mode_change_is_moving(enum mode_change_state state);

#endif

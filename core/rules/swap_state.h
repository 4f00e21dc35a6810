/*
 * Steps of a meter swap 换表.
 *
 *   asked ----> rejected, expired     (the second person said no, or nobody in time)
 *     |   \---> cancelled             (the account or the meter changed meanwhile)
 *     v second person
 *   emptying -> refused               (no trip, no write, another serial number: nothing left it)
 *     |   \---> cancelled             (before anything was written)
 *     v absolute write to nothing, read back; a dead meter's figures were typed and are agreed to
 *   emptied --> cancelled             (what was taken out goes back into the same meter)
 *     v one transaction: old epoch closed, old meter retired, new meter and epoch, money on its way
 *   exchanged -> undone               (same day of the site, nothing sold or delivered since)
 *     v all that was carried is in the new meter
 *   done -----> undone                (likewise: nothing had to be carried)
 *
 * From emptying on no purchase is claimed on the supply until the exchange: nothing may reach a
 * meter that is on its way out.
 */
#ifndef PW_RULES_SWAP_STATE_H
#define PW_RULES_SWAP_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum swap_state {
    SWAP_ASKED,
    SWAP_EMPTYING,
    SWAP_EMPTIED,
    SWAP_EXCHANGED,
    SWAP_DONE,
    SWAP_UNDONE,
    SWAP_REFUSED,
    SWAP_REJECTED,
    SWAP_EXPIRED,
    SWAP_CANCELLED,
    SWAP_STATE__MAX
};

/* Name as in the meter_swap table's ENUM. Never NULL. */
const char *swap_state_name(enum swap_state state);
enum rc swap_state_find(const char *name, enum swap_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool swap_move_allowed(enum swap_state from, enum swap_state to);
/* True for states that never change again. */
bool swap_state_is_final(enum swap_state state);

#endif

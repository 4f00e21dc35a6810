/*
 * States of a delivery (下发): bringing one paid purchase into the meter. The table in
 * delivery_state.c is the law; flow asks it before each UPDATE.
 *
 *   pending ----> cancelled                     (refund before any frame; no count was given)
 *    ^  ^ | \
 *    |  | |  +--> hold, manual                  (over-hoard foreseen; frozen, swapped, dead meter)
 *    |  | |         |
 *    |  +-|---------+  room again, person lets it go on: only while no count was given
 *    |    v claim: the count is given and committed before the frame leaves
 *    |  sending --> confirmed                   (read-back proves it: rules/readback)
 *    |   ^  | \
 *    |   |  |  +--> hold, manual                (meter refuses: over-hoard; both fit, or frozen)
 *    |   |  |         |
 *    |   +--|---------+  with the same count
 *    |      v intent committed first (G2)
 *    |  fencing --> fenced                      (zero purchase or adjustment burnt the count)
 *    |      |  \--> confirmed                   (the real frame was first)
 *    |      +-----> manual
 *
 *   hold ---> sending | fencing with a count, pending | cancelled without
 *   hold ---> manual
 *   manual -> sending | fencing | confirmed | fenced with a count, pending | cancelled without
 *
 * A count, once given, never goes away: it ends confirmed or fenced, whoever decides. While it is
 * undecided (sending, fencing, hold, manual) it keeps the meter's only slot.
 *
 * A meter swap (core/rules/swap.h) brings open deliveries without a count into the next epoch. One
 * with a count goes along only when its meter went away below that count, so that it never can
 * apply: it begins again there as pending, and the row keeps where it came from.
 */
#ifndef PW_RULES_DELIVERY_STATE_H
#define PW_RULES_DELIVERY_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum delivery_state {
    DELIVERY_PENDING,
    DELIVERY_SENDING,
    DELIVERY_CONFIRMED,
    DELIVERY_FENCING,
    DELIVERY_FENCED,
    DELIVERY_HOLD,
    DELIVERY_MANUAL,
    DELIVERY_CANCELLED,
    DELIVERY_STATE__MAX
};

/* Name as in the delivery table's ENUM. Never NULL. */
const char *delivery_state_name(enum delivery_state state);
enum rc delivery_state_find(const char *name, enum delivery_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to for a delivery that has, or has not, a count before
   the move (pending -> sending is the move that gives it). */
bool delivery_move_allowed(enum delivery_state from, enum delivery_state to, bool has_count);
/* True for states that never change again. */
bool delivery_state_is_final(enum delivery_state state);
/* True if a delivery in this state may, must or must not have a count. */
bool delivery_count_fits(enum delivery_state state, bool has_count);
/* True while the delivery keeps the meter's slot: a frame with its count may have left. */
bool delivery_is_in_flight(enum delivery_state state, bool has_count);
/* True while the purchase's money is neither in the meter nor free to go back. */
bool delivery_is_open(enum delivery_state state);
/* True if the payment may be refunded without touching the meter: its money can never reach it. */
bool delivery_frees_payment(enum delivery_state state);
/* True for states that wait for a person. */
bool delivery_waits_for_person(enum delivery_state state);

#endif

/*
 * States of an order to a meter (遥控). The table in command_state.c is the law; flow asks it
 * before each UPDATE.
 *
 *                 +--------> cancelled     (by a person, only while pending)
 *                 |  +-----> expired       (its time passed before the frame left)
 *                 |  |  +--> superseded    (a newer order for the supply; an automatic one never
 * supersedes a manual one) |  |  | pending --+---+--+--+ ^      | |      v  poller, row lock on the
 * supply: lock-out, freeze, read-only line, serial number, expiry rechecked
 *      +--- taken ---> refused             (a rule or the meter said no: nothing was written)
 *  (poller    |   \--> expired, superseded
 *   died      v  committed before the frame leaves
 *   before   sent ---> confirmed           (read-back shows the wanted state)
 *   sent)     |  \---> refused             (read-back shows, after the relay's travel, that it did
 * not happen)
 *             v
 *          unknown --> confirmed | refused (found out later by reading; never by sending again)
 */
#ifndef PW_RULES_COMMAND_STATE_H
#define PW_RULES_COMMAND_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum command_state {
    COMMAND_PENDING,
    COMMAND_TAKEN,
    COMMAND_SENT,
    COMMAND_CONFIRMED,
    COMMAND_REFUSED,
    COMMAND_UNKNOWN,
    COMMAND_SUPERSEDED,
    COMMAND_EXPIRED,
    COMMAND_CANCELLED,
    COMMAND_STATE__MAX
};

enum command_kind {
    COMMAND_TRIP,
    COMMAND_CLOSE,
    COMMAND_KEEP_ON,
    COMMAND_RELEASE,
    COMMAND_READ,
    COMMAND_KIND__MAX
};

enum command_origin {
    ORIGIN_MANUAL,
    ORIGIN_AUTOMATIC,
    ORIGIN_LOCK_OUT,
    ORIGIN_KEEP_ON_END,
    ORIGIN__MAX
};

/* Names as in the command table's ENUMs; *_find answers RC_NOT_FOUND. Never NULL. */
const char *command_state_name(enum command_state state);
const char *command_kind_name(enum command_kind kind);
const char *command_origin_name(enum command_origin origin);
enum rc command_state_find(const char *name, enum command_state *ret_state) MUST_CHECK;
enum rc command_kind_find(const char *name, enum command_kind *ret_kind) MUST_CHECK;
enum rc command_origin_find(const char *name, enum command_origin *ret_origin) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool command_move_allowed(enum command_state from, enum command_state to);
/* True for states that never change again. */
bool command_state_is_final(enum command_state state);
/* True for kinds that write to the meter (all but read). */
bool command_kind_writes(enum command_kind kind);
/* May a newer order of origin `newer` push aside an older pending one of origin `older`?
   Manual and lock-out push all; automatic and keep-on-end push only their like. */
bool command_supersedes(enum command_origin newer, enum command_origin older);

#endif

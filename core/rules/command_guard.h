/*
 * May this order be given, or still be sent? One table of guards in a fixed order; the first that
 * refuses names why. The desk (request), the poller (take, just before the frame leaves) and the
 * page that offers the buttons ask the same table, so a rule cannot hold at one of them only.
 *
 *   not_offered       the meter is out of service, its model lacks the action, or is experimental
 * and not accepted read_only_line    nothing may be written on this line frozen_supply     we do
 * not know which meter answers there locked_out        somebody may be working on the wires:
 * nothing that can close passes, only another trip close_by_hand     an external breaker opens by
 * order but a hand must close it protected_supply  no program trips a protected supply by itself
 *   conflict          the end of a keep-on finds a forced trip in the meter, which is not its to
 * lift stale             an automatic trip needs a fresh reading
 */
#ifndef PW_RULES_COMMAND_GUARD_H
#define PW_RULES_COMMAND_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/command_state.h"
#include "core/rules/supply_state.h"

/* Longest text of model.actions. */
#define COMMAND_ACTIONS_MAX 200

struct command_facts {
    const char *actions;        /* "trip,close,read": what the model offers; never NULL */
    bool in_service;            /* the meter, and its line is enabled */
    bool experimental;          /* model maturity */
    bool experimental_accepted; /* by the site's audited setting, and the site is simulated */
    bool writable_line;
    bool frozen;
    bool locked_out;
    bool external_control;
    bool close_by_hand; /* the supply's mark: a person confirms before power returns */
    bool protected_supply;
    bool fresh; /* the last reading is not stale */
    enum relay_state relay;
    enum forced_state forced;
    int64_t status_bits;
};

/* "" or the code of the first guard that refuses. Static text. */
const char *command_guard(const struct command_facts *facts, enum command_kind kind,
                          enum command_origin origin);
/* True if actions (comma separated) names the kind. */
bool command_is_offered(const char *actions, enum command_kind kind);
/* True if the order is meant to, or can be expected to, cut power: the unit's number must be typed.
   A release cuts when only the forced close keeps a supply in arrears on. */
bool command_cuts_power(const struct command_facts *facts, enum command_kind kind);
/* True if a second person must agree first. */
bool command_needs_second_person(const struct command_facts *facts, enum command_kind kind,
                                 enum command_origin origin);

#endif

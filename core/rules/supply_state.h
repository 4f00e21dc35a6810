/*
 * What a supply is called on every screen: one word from the meter's last reading and what people
 * ordered. The first that holds, from the top:
 *
 *   never          the meter was never read
 *   locked_out     a lock-out is active, whatever the meter says
 *   stale          the last reading is too old to believe
 *   keep_on        forced closed by order
 *   close_by_hand  nothing holds it open any more, but a hand must close the breaker
 *   tripped        a relay is open
 *   closed         the rest
 */
#ifndef PW_RULES_SUPPLY_STATE_H
#define PW_RULES_SUPPLY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

enum supply_state {
    SUPPLY_NEVER,
    SUPPLY_LOCKED_OUT,
    SUPPLY_STALE,
    SUPPLY_KEEP_ON,
    SUPPLY_CLOSE_BY_HAND,
    SUPPLY_TRIPPED,
    SUPPLY_CLOSED,
    SUPPLY_STATE__MAX
};

enum relay_state { RELAY_CLOSED, RELAY_OPEN, RELAY_PARTIAL, RELAY_UNKNOWN, RELAY__MAX };
enum forced_state { FORCED_NONE, FORCED_TRIP, FORCED_KEEP_ON, FORCED_UNKNOWN, FORCED__MAX };

/* Bits of register 0224 (meters.md 1.1). */
#define STATUS_BIT_FORCED (1 << 3)
#define STATUS_BIT_OVER_LIMIT (1 << 4)
#define STATUS_BIT_ARREARS (1 << 5)
#define STATUS_BIT_ALARM1 (1 << 6)
#define STATUS_BIT_ALARM2 (1 << 7)
#define STATUS_BIT_FAULT (1 << 8)

struct supply_facts {
    bool ever_read;
    bool locked_out;
    bool stale;          /* supply_is_stale of the last reading */
    bool closed_by_hand; /* external breaker, or marked so */
    bool no_load;        /* no current and no power in the last reading */
    enum relay_state relay;
    enum forced_state forced;
    int64_t status_bits; /* register 0224, 0 if not read */
};

enum supply_state supply_state_of(const struct supply_facts *facts);
/* Warning level of register 0224: 3 arrears, 2 second alarm, 1 first alarm, 0 none. */
int supply_warning_level(int64_t status_bits);
/* A reading counts as stale when it is older than stale_ms (> 0); a clock that went back makes none
 * stale. */
bool supply_is_stale(int64_t now_ms, int64_t taken_at_ms, int64_t stale_ms);
/* Names as in the API and the meter_state table. Never NULL. */
const char *supply_state_name(enum supply_state state);
const char *relay_state_name(enum relay_state relay);
const char *forced_state_name(enum forced_state forced);
/* From the table's ENUM text; what is not one of the names is unknown. */
enum relay_state relay_state_find(const char *name);
enum forced_state forced_state_find(const char *name);

#endif

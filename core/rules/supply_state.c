#include "core/rules/supply_state.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const state_names[SUPPLY_STATE__MAX] = {
    [SUPPLY_NEVER] = "never",     [SUPPLY_LOCKED_OUT] = "locked_out",
    [SUPPLY_STALE] = "stale",     [SUPPLY_KEEP_ON] = "keep_on",
    [SUPPLY_TRIPPED] = "tripped", [SUPPLY_CLOSE_BY_HAND] = "close_by_hand",
    [SUPPLY_CLOSED] = "closed",
};

static const char *const relay_names[RELAY__MAX] = {
    [RELAY_CLOSED] = "closed",
    [RELAY_OPEN] = "open",
    [RELAY_PARTIAL] = "partial",
    [RELAY_UNKNOWN] = "unknown",
};

static const char *const forced_names[FORCED__MAX] = {
    [FORCED_NONE] = "none",
    [FORCED_TRIP] = "trip",
    [FORCED_KEEP_ON] = "keep_on",
    [FORCED_UNKNOWN] = "unknown",
};

/* The relay bits show what the meter commands, not where the breaker stands: with an external
   breaker a closed command without load means that nobody has closed it yet. */
static bool waits_for_a_hand(const struct supply_facts *facts)
{
    if (!facts->closed_by_hand || facts->forced == FORCED_TRIP) {
        return false;
    }
    if ((facts->status_bits & STATUS_BIT_ARREARS) != 0) {
        return false;
    }
    return facts->relay == RELAY_OPEN || (facts->relay == RELAY_CLOSED && facts->no_load);
}

enum supply_state supply_state_of(const struct supply_facts *facts)
{
    assert(facts != NULL);
    if (!facts->ever_read) {
        return SUPPLY_NEVER;
    }
    if (facts->locked_out) {
        return SUPPLY_LOCKED_OUT;
    }
    if (facts->stale) {
        return SUPPLY_STALE;
    }
    if (facts->forced == FORCED_KEEP_ON) {
        return SUPPLY_KEEP_ON;
    }
    if (waits_for_a_hand(facts)) {
        return SUPPLY_CLOSE_BY_HAND;
    }
    if (facts->relay == RELAY_OPEN || facts->relay == RELAY_PARTIAL) {
        return SUPPLY_TRIPPED;
    }
    return SUPPLY_CLOSED;
}

int supply_warning_level(int64_t status_bits)
{
    if ((status_bits & STATUS_BIT_ARREARS) != 0) {
        return 3;
    }
    if ((status_bits & STATUS_BIT_ALARM2) != 0) {
        return 2;
    }
    return (status_bits & STATUS_BIT_ALARM1) != 0 ? 1 : 0;
}

bool supply_is_stale(int64_t now_ms, int64_t taken_at_ms, int64_t stale_ms)
{
    assert(stale_ms > 0);
    return now_ms - taken_at_ms > stale_ms;
}

const char *supply_state_name(enum supply_state state)
{
    assert(state >= 0 && state < SUPPLY_STATE__MAX);
    return state_names[state];
}

const char *relay_state_name(enum relay_state relay)
{
    assert(relay >= 0 && relay < RELAY__MAX);
    return relay_names[relay];
}

const char *forced_state_name(enum forced_state forced)
{
    assert(forced >= 0 && forced < FORCED__MAX);
    return forced_names[forced];
}

enum relay_state relay_state_find(const char *name)
{
    assert(name != NULL);
    for (int i = 0; i < RELAY__MAX; i++) {
        if (strcmp(relay_names[i], name) == 0) {
            return (enum relay_state)i;
        }
    }
    return RELAY_UNKNOWN;
}

enum forced_state forced_state_find(const char *name)
{
    assert(name != NULL);
    for (int i = 0; i < FORCED__MAX; i++) {
        if (strcmp(forced_names[i], name) == 0) {
            return (enum forced_state)i;
        }
    }
    return FORCED_UNKNOWN;
}

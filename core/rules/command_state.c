#include "core/rules/command_state.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const state_names[COMMAND_STATE__MAX] = {
    [COMMAND_PENDING] = "pending",
    [COMMAND_TAKEN] = "taken",
    [COMMAND_SENT] = "sent",
    [COMMAND_CONFIRMED] = "confirmed",
    [COMMAND_REFUSED] = "refused",
    [COMMAND_UNKNOWN] = "unknown",
    [COMMAND_SUPERSEDED] = "superseded",
    [COMMAND_EXPIRED] = "expired",
    [COMMAND_CANCELLED] = "cancelled",
};

static const char *const kind_names[COMMAND_KIND__MAX] = {
    [COMMAND_TRIP] = "trip",       [COMMAND_CLOSE] = "close", [COMMAND_KEEP_ON] = "keep_on",
    [COMMAND_RELEASE] = "release", [COMMAND_READ] = "read",
};

static const char *const origin_names[ORIGIN__MAX] = {
    [ORIGIN_MANUAL] = "manual",
    [ORIGIN_AUTOMATIC] = "automatic",
    [ORIGIN_LOCK_OUT] = "lock_out",
    [ORIGIN_KEEP_ON_END] = "keep_on_end",
};

#define TO(state) (1u << COMMAND_##state)

/* The arrows of the drawing in command_state.h: bit n of a row is set where an arrow leads to state
 * n. */
static const unsigned moves[COMMAND_STATE__MAX] = {
    [COMMAND_PENDING] = TO(TAKEN) | TO(CANCELLED) | TO(EXPIRED) | TO(SUPERSEDED),
    [COMMAND_TAKEN] = TO(PENDING) | TO(SENT) | TO(REFUSED) | TO(EXPIRED) | TO(SUPERSEDED),
    [COMMAND_SENT] = TO(CONFIRMED) | TO(REFUSED) | TO(UNKNOWN),
    [COMMAND_UNKNOWN] = TO(CONFIRMED) | TO(REFUSED),
};

static enum rc find(const char *const *names, int count, const char *name, int *ret_index)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_index = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

const char *command_state_name(enum command_state state)
{
    assert(state >= 0 && state < COMMAND_STATE__MAX);
    return state_names[state];
}

const char *command_kind_name(enum command_kind kind)
{
    assert(kind >= 0 && kind < COMMAND_KIND__MAX);
    return kind_names[kind];
}

const char *command_origin_name(enum command_origin origin)
{
    assert(origin >= 0 && origin < ORIGIN__MAX);
    return origin_names[origin];
}

enum rc command_state_find(const char *name, enum command_state *ret_state)
{
    assert(name != NULL && ret_state != NULL);
    int index = 0;
    TRY(find(state_names, COMMAND_STATE__MAX, name, &index));
    *ret_state = (enum command_state)index;
    return RC_OK;
}

enum rc command_kind_find(const char *name, enum command_kind *ret_kind)
{
    assert(name != NULL && ret_kind != NULL);
    int index = 0;
    TRY(find(kind_names, COMMAND_KIND__MAX, name, &index));
    *ret_kind = (enum command_kind)index;
    return RC_OK;
}

enum rc command_origin_find(const char *name, enum command_origin *ret_origin)
{
    assert(name != NULL && ret_origin != NULL);
    int index = 0;
    TRY(find(origin_names, ORIGIN__MAX, name, &index));
    *ret_origin = (enum command_origin)index;
    return RC_OK;
}

bool command_move_allowed(enum command_state from, enum command_state to)
{
    assert(from >= 0 && from < COMMAND_STATE__MAX);
    assert(to >= 0 && to < COMMAND_STATE__MAX);
    return (moves[from] >> to & 1) != 0;
}

bool command_state_is_final(enum command_state state)
{
    assert(state >= 0 && state < COMMAND_STATE__MAX);
    return moves[state] == 0;
}

bool command_kind_writes(enum command_kind kind)
{
    assert(kind >= 0 && kind < COMMAND_KIND__MAX);
    return kind != COMMAND_READ;
}

bool command_supersedes(enum command_origin newer, enum command_origin older)
{
    assert(newer >= 0 && newer < ORIGIN__MAX);
    assert(older >= 0 && older < ORIGIN__MAX);
    bool by_person = newer == ORIGIN_MANUAL || newer == ORIGIN_LOCK_OUT;
    bool of_person = older == ORIGIN_MANUAL || older == ORIGIN_LOCK_OUT;
    return by_person || !of_person;
}

#include "core/rules/refund_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define TO(state) (1u << REFUND_##state)

static const char *const names[REFUND_STATE__MAX] = {
    [REFUND_ASKED] = "asked",         [REFUND_APPROVED] = "approved",
    [REFUND_SUBMITTED] = "submitted", [REFUND_SUCCEEDED] = "succeeded",
    [REFUND_FAILED] = "failed",       [REFUND_SUSPENSE] = "suspense",
    [REFUND_REJECTED] = "rejected",   [REFUND_EXPIRED] = "expired",
    [REFUND_CANCELLED] = "cancelled",
};

static const unsigned moves[REFUND_STATE__MAX] = {
    [REFUND_ASKED] = TO(APPROVED) | TO(REJECTED) | TO(EXPIRED) | TO(CANCELLED),
    [REFUND_APPROVED] = TO(SUBMITTED) | TO(CANCELLED),
    [REFUND_SUBMITTED] = TO(SUBMITTED) | TO(SUCCEEDED) | TO(FAILED),
    [REFUND_FAILED] = TO(SUBMITTED) | TO(SUSPENSE),
};

static const struct state_table table = {REFUND_STATE__MAX, names, moves};

const char *refund_state_name(enum refund_state state)
{
    return state_table_name(&table, state);
}

enum rc refund_state_find(const char *name, enum refund_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&table, name, &state));
    *ret_state = (enum refund_state)state;
    return RC_OK;
}

bool refund_move_allowed(enum refund_state from, enum refund_state to)
{
    return state_table_allows(&table, from, to);
}

bool refund_state_is_final(enum refund_state state)
{
    return state_table_is_final(&table, state);
}

bool refund_takes_money(enum refund_state state)
{
    assert(state >= 0 && state < REFUND_STATE__MAX);
    return state == REFUND_SUBMITTED || state == REFUND_SUCCEEDED || state == REFUND_FAILED;
}

#include "core/rules/payment_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define PAYMENT_TO(state) (1u << PAYMENT_##state)
#define MONEY_TO(state) (1u << DISPOSITION_##state)
#define PURCHASE_TO(state) (1u << PURCHASE_##state)

static const char *const payment_names[PAYMENT_STATE__MAX] = {
    [PAYMENT_CREATING] = "creating", [PAYMENT_OPEN] = "open",     [PAYMENT_SETTLED] = "settled",
    [PAYMENT_CLOSED] = "closed",     [PAYMENT_FAILED] = "failed",
};
static const unsigned payment_moves[PAYMENT_STATE__MAX] = {
    [PAYMENT_CREATING] =
        PAYMENT_TO(OPEN) | PAYMENT_TO(SETTLED) | PAYMENT_TO(CLOSED) | PAYMENT_TO(FAILED),
    [PAYMENT_OPEN] = PAYMENT_TO(SETTLED) | PAYMENT_TO(CLOSED) | PAYMENT_TO(FAILED),
    [PAYMENT_CLOSED] = PAYMENT_TO(SETTLED),
    [PAYMENT_FAILED] = PAYMENT_TO(SETTLED),
};

static const char *const disposition_names[DISPOSITION__MAX] = {
    [DISPOSITION_NONE] = "none",           [DISPOSITION_PENDING] = "pending",
    [DISPOSITION_DELIVERED] = "delivered", [DISPOSITION_CREDITED] = "credited",
    [DISPOSITION_REFUNDED] = "refunded",   [DISPOSITION_SUSPENSE] = "suspense",
};
static const unsigned disposition_moves[DISPOSITION__MAX] = {
    [DISPOSITION_NONE] = MONEY_TO(PENDING) | MONEY_TO(SUSPENSE),
    [DISPOSITION_PENDING] =
        MONEY_TO(DELIVERED) | MONEY_TO(CREDITED) | MONEY_TO(REFUNDED) | MONEY_TO(SUSPENSE),
    [DISPOSITION_SUSPENSE] = MONEY_TO(PENDING) | MONEY_TO(REFUNDED),
};

static const char *const purchase_names[PURCHASE_STATE__MAX] = {
    [PURCHASE_OPEN] = "open",           [PURCHASE_PAID] = "paid",
    [PURCHASE_DELIVERED] = "delivered", [PURCHASE_CREDITED] = "credited",
    [PURCHASE_REFUNDED] = "refunded",   [PURCHASE_CANCELLED] = "cancelled",
};
static const unsigned purchase_moves[PURCHASE_STATE__MAX] = {
    [PURCHASE_OPEN] = PURCHASE_TO(PAID) | PURCHASE_TO(CANCELLED),
    [PURCHASE_PAID] = PURCHASE_TO(DELIVERED) | PURCHASE_TO(CREDITED) | PURCHASE_TO(REFUNDED),
    [PURCHASE_CANCELLED] = PURCHASE_TO(PAID),
};

static const struct state_table payments = {PAYMENT_STATE__MAX, payment_names, payment_moves};
static const struct state_table dispositions = {DISPOSITION__MAX, disposition_names,
                                                disposition_moves};
static const struct state_table purchases = {PURCHASE_STATE__MAX, purchase_names, purchase_moves};

const char *payment_state_name(enum payment_state state)
{
    return state_table_name(&payments, state);
}

const char *disposition_name(enum disposition disposition)
{
    return state_table_name(&dispositions, disposition);
}

const char *purchase_state_name(enum purchase_state state)
{
    return state_table_name(&purchases, state);
}

enum rc payment_state_find(const char *name, enum payment_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&payments, name, &state));
    *ret_state = (enum payment_state)state;
    return RC_OK;
}

enum rc disposition_find(const char *name, enum disposition *ret_disposition)
{
    assert(ret_disposition != NULL);
    int state = 0;
    TRY(state_table_find(&dispositions, name, &state));
    *ret_disposition = (enum disposition)state;
    return RC_OK;
}

enum rc purchase_state_find(const char *name, enum purchase_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&purchases, name, &state));
    *ret_state = (enum purchase_state)state;
    return RC_OK;
}

bool payment_move_allowed(enum payment_state from, enum payment_state to)
{
    return state_table_allows(&payments, from, to);
}

bool disposition_move_allowed(enum disposition from, enum disposition to)
{
    return state_table_allows(&dispositions, from, to);
}

bool purchase_move_allowed(enum purchase_state from, enum purchase_state to)
{
    return state_table_allows(&purchases, from, to);
}

bool payment_state_is_final(enum payment_state state)
{
    return state_table_is_final(&payments, state);
}

bool disposition_is_final(enum disposition disposition)
{
    return state_table_is_final(&dispositions, disposition);
}

bool purchase_state_is_final(enum purchase_state state)
{
    return state_table_is_final(&purchases, state);
}

bool payment_disposition_fits(enum payment_state state, enum disposition disposition)
{
    assert(state >= 0 && state < PAYMENT_STATE__MAX);
    assert(disposition >= 0 && disposition < DISPOSITION__MAX);
    return (state == PAYMENT_SETTLED) == (disposition != DISPOSITION_NONE);
}

/*
 * What the state tables of the money nouns share: names as in the database's ENUMs and one row of
 * bits per state (bit n set: an arrow leads to state n). The drawing stands in each noun's header.
 */
#ifndef PW_RULES_STATE_TABLE_H
#define PW_RULES_STATE_TABLE_H

#include <stdbool.h>

#include "core/base/rc.h"

#define STATE_TABLE_MAX 32 /* states of one noun: one 32-bit row */

struct state_table {
    int count;                /* 1 .. STATE_TABLE_MAX */
    const char *const *names; /* count of them */
    const unsigned *moves;    /* count of them */
};

/* Name of a state (0 .. count-1). Never NULL. */
const char *state_table_name(const struct state_table *table, int state);
/* The state with this name; RC_NOT_FOUND. */
enum rc state_table_find(const struct state_table *table, const char *name,
                         int *ret_state) MUST_CHECK;
/* True if an arrow leads from -> to. */
bool state_table_allows(const struct state_table *table, int from, int to);
/* True if no arrow leaves the state. */
bool state_table_is_final(const struct state_table *table, int state);

#endif

#include "core/rules/state_table.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

const char *state_table_name(const struct state_table *table, int state)
{
    assert(table != NULL && state >= 0 && state < table->count);
    return table->names[state];
}

enum rc state_table_find(const struct state_table *table, const char *name, int *ret_state)
{
    assert(table != NULL && name != NULL && ret_state != NULL);
    for (int i = 0; i < table->count; i++) {
        if (strcmp(table->names[i], name) == 0) {
            *ret_state = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

bool state_table_allows(const struct state_table *table, int from, int to)
{
    assert(table != NULL && table->count <= STATE_TABLE_MAX);
    assert(from >= 0 && from < table->count && to >= 0 && to < table->count);
    return (table->moves[from] >> to & 1) != 0;
}

bool state_table_is_final(const struct state_table *table, int state)
{
    assert(table != NULL && state >= 0 && state < table->count);
    return table->moves[state] == 0;
}

/* SQL scripts: statements lie inside the text, in order, and never hold a semicolon outside quotes
 * at their end. */
#include <assert.h>
#include <stdint.h>

#include "core/store/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script;
    struct script_statement statement;
    const char *end = (const char *)data;
    script_open(&script, (const char *)data, size);
    int line = 0;
    while (script_next(&script, &statement) == RC_OK) {
        assert(statement.sql >= end && statement.len > 0);
        end = statement.sql + statement.len;
        assert(end <= (const char *)data + size && statement.line >= line);
        line = statement.line;
    }
    return 0;
}

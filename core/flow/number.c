#include "core/flow/number.h"

#include <assert.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"

enum rc number_make(char letter, int64_t at_ms, char ret_number[NUMBER_BYTES])
{
    assert(letter >= 'A' && letter <= 'Z');
    uint32_t random = 0;
    TRY(crypto_random(&random, sizeof random));
    struct clock_parts parts = clock_utc_parts(at_ms);
    (void)snprintf(ret_number, NUMBER_BYTES, "%c%02d%02d%02d%02d%02d%02d%08u", letter,
                   parts.year % 100, parts.month, parts.day, parts.hour, parts.minute, parts.second,
                   (unsigned)(random % 100000000U));
    return RC_OK;
}

/*
 * Numbers that people read on receipts and providers repeat: a letter, the moment to the second
 * (UTC) and eight random digits, "P261122083205-48120377" without the dash. Unique by a key of the
 * table; a clash runs the transaction again.
 */
#ifndef PW_FLOW_NUMBER_H
#define PW_FLOW_NUMBER_H

#include <stdint.h>

#include "core/base/rc.h"

#define NUMBER_BYTES 24 /* 1 + 12 + 8 + NUL, rounded up */

/* letter: A .. Z. RC_IO without randomness. */
enum rc number_make(char letter, int64_t at_ms, char ret_number[NUMBER_BYTES]) MUST_CHECK;

#endif

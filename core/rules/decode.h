/*
 * Decode: registers of one block read -> values in canonical units. Table driven, integers only.
 * Plausibility (jumps, clocks) is judged elsewhere; here a value is as the meter said it.
 */
#ifndef PW_RULES_DECODE_H
#define PW_RULES_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/rc.h"
#include "core/rules/model.h"

#define SERIAL_NUMBER_MAX 24 /* bytes, NUL included */

/* Sets every point of the model that lies wholly in the block; leaves all others as they were.
   registers: block->count of them, host order. RC_PROTOCOL: a BCD point holds other digits (that
   point is not set, the others are). */
enum rc decode_block(const struct model *model, const struct plan_block *block,
                     const uint16_t *registers, struct reading *reading) MUST_CHECK;
/* Copies each part of the model's rate tables that lies wholly in the block, and notes it in
   bytes->parts. */
void decode_tables(const struct model *model, const struct plan_block *block,
                   const uint16_t *registers, struct rate_table_bytes *bytes);
/* Turns secondary values into real ones with the meter's own ratios (ratio.ct, ratio.pt): voltages
   times PT, currents times CT, powers, energies and demand times both. Does nothing for models with
   primary values. A ratio that is missing, 0 or above 10000 counts as 1. To be called once on a
   reading. */
void decode_apply_ratios(const struct model *model, struct reading *reading);
enum ratio_check { RATIO_NOT_KNOWN, RATIO_SAME, RATIO_DIFFERS };
/* The meter's own ratios against those it was imported with. A ratio of the meter that is 0 or
   above 10000 counts as 1, as in decode_apply_ratios. NOT_KNOWN: the reading holds neither. */
enum ratio_check decode_check_ratios(const struct reading *reading, int64_t ct_ratio,
                                     int64_t pt_ratio);
/* The 12 digits of a serial number point as text with its leading zeros. */
void decode_serial_number(int64_t value, char out[SERIAL_NUMBER_MAX]);
/* The meter clock as civil parts of the site. False: the reading lacks it, or it is no date. */
bool decode_clock(const struct reading *reading, struct clock_parts *ret_parts);

#endif

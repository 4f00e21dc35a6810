/*
 * What a meter answers to a request: functions 03, 10, 11 (identify) and Acrel's private 20.
 *
 * Frames here are address, function, data: the CRC or the MBAP header belongs to the link.
 */
#ifndef PW_SIM_FIELD_ANSWER_H
#define PW_SIM_FIELD_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "sim/field/meter.h"

#define ANSWER_MAX 254 /* bytes, address included, CRC not */

enum answer_exception {
    ANSWER_ILLEGAL_FUNCTION = 1,
    ANSWER_ILLEGAL_ADDRESS = 2,
    ANSWER_ILLEGAL_VALUE = 3,
    ANSWER_DEVICE_FAILURE = 4,
    ANSWER_QUEUE_FULL = 6,
    ANSWER_NO_REPLY = 0x0B,
};

/* Counts a frame that reached the meter's address, heard or not. */
void answer_count(struct meter *meter, uint8_t function);
/* Advances the meter, acts on the frame and writes the answer (ANSWER_MAX bytes).
   Returns its length, 0 when the meter stays silent. power_cut: let the power fail inside the next
   purchase of this frame. */
size_t answer_request(struct meter *meter, const struct meter_time *time, const uint8_t *request,
                      size_t len, bool power_cut, uint8_t *answer);
/* Writes an exception answer of 3 bytes; returns 3. */
size_t answer_exception(const uint8_t *request, enum answer_exception exception, uint8_t *answer);
/* True for functions that change a meter: 10 and 20. */
bool answer_is_write(uint8_t function);

#endif

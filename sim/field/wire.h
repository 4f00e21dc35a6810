/*
 * The RS-485 wire: CRC, time of characters, length of frames.
 *
 * Standards: Modbus over Serial Line 1.02 (2.5.1 framing, 6.2.2 CRC); function 0x20 is Acrel's
 * private one. Pure functions, no state. Times are nanoseconds.
 */
#ifndef PW_SIM_FIELD_WIRE_H
#define PW_SIM_FIELD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX 256 /* bytes of an RTU frame, address and CRC included */
#define WIRE_FRAME_MIN 4   /* address, function, CRC */

enum { WIRE_LENGTH_SHORT = 0, WIRE_LENGTH_SILENCE = -1 };

struct wire_speed {
    int64_t char_ns; /* one character: start, 8 data, parity, stop bits */
    int64_t gap_ns;  /* 3.5 characters up to 19200 baud, 1.75 ms above */
};

/* CRC of bytes; on the wire its low byte goes first. */
uint16_t wire_crc(const uint8_t *bytes, size_t len);
/* Appends the CRC; frame has room for len + 2. Returns len + 2. */
size_t wire_seal(uint8_t *frame, size_t len);
/* True if the last two bytes are the CRC of those before them. */
bool wire_is_sealed(const uint8_t *frame, size_t len);
/* baud 300 .. 1000000; parity 'N', 'E' or 'O'; stop_bits 1 or 2. */
struct wire_speed wire_speed_of(int64_t baud, char parity, int64_t stop_bits);
/* Length of the request frame that starts at bytes, CRC included; WIRE_LENGTH_SHORT while too few
   bytes are there to tell; WIRE_LENGTH_SILENCE when only the silence after it can tell. */
int wire_request_len(const uint8_t *bytes, size_t len);

#endif

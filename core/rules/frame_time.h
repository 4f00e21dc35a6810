/*
 * Wire time: how long a bus needs for one exchange (Modbus over Serial Line 1.02, 2.5.1.1;
 * reference meters.md 3). T = (request + reply) * bits / baud + max(turnaround, t3.5) + t3.5 t3.5
 * is 3.5 characters up to 19200 baud and 1.75 ms above. All results are microseconds, rounded up.
 */
#ifndef PW_RULES_FRAME_TIME_H
#define PW_RULES_FRAME_TIME_H

#include <stdint.h>

struct bus_speed {
    int32_t baud;          /* 300 .. 1000000 */
    char parity;           /* 'N', 'E', 'O' */
    int32_t stop_bits;     /* 1, 2 */
    int32_t turnaround_ms; /* what a meter needs before it answers; 0 .. 5000 */
};

/* Time of `bytes` characters without gaps. bytes: 0 .. 4096. */
int64_t frame_time_bytes_us(const struct bus_speed *speed, int64_t bytes);
/* The silence between frames, t3.5. */
int64_t frame_time_gap_us(const struct bus_speed *speed);
/* One exchange: request and reply in bytes on the bus (address and CRC included). */
int64_t frame_time_exchange_us(const struct bus_speed *speed, int64_t request_bytes,
                               int64_t reply_bytes);
/* One read of `registers` holding registers: 8 bytes there, 5 + 2n back. */
int64_t frame_time_read_us(const struct bus_speed *speed, int64_t registers);
/* One write of `registers` by function 0x10: 9 + 2n bytes there, 8 back. */
int64_t frame_time_write_us(const struct bus_speed *speed, int64_t registers);

#endif

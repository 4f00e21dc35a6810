#include "core/rules/frame_time.h"

#include <assert.h>
#include <stddef.h>

#define GAP_FAST_US 1750 /* t3.5 above GAP_FAST_BAUD is fixed */
#define GAP_FAST_BAUD 19200

static int64_t character_bits(const struct bus_speed *speed)
{
    return 9 + (speed->parity == 'N' ? 0 : 1) + speed->stop_bits; /* start + 8 data */
}

static int64_t divide_up(int64_t dividend, int64_t divisor)
{
    return (dividend + divisor - 1) / divisor;
}

int64_t frame_time_bytes_us(const struct bus_speed *speed, int64_t bytes)
{
    assert(speed != NULL && speed->baud >= 300 && speed->baud <= 1000000);
    assert(bytes >= 0 && bytes <= 4096);
    return divide_up(bytes * character_bits(speed) * 1000000, speed->baud);
}

int64_t frame_time_gap_us(const struct bus_speed *speed)
{
    assert(speed != NULL && speed->baud >= 300 && speed->baud <= 1000000);
    if (speed->baud > GAP_FAST_BAUD) {
        return GAP_FAST_US;
    }
    return divide_up(7 * character_bits(speed) * 1000000, 2 * (int64_t)speed->baud);
}

int64_t frame_time_exchange_us(const struct bus_speed *speed, int64_t request_bytes,
                               int64_t reply_bytes)
{
    int64_t gap_us = frame_time_gap_us(speed);
    int64_t turnaround_us = (int64_t)speed->turnaround_ms * 1000;
    return frame_time_bytes_us(speed, request_bytes + reply_bytes) +
           (turnaround_us > gap_us ? turnaround_us : gap_us) + gap_us;
}

int64_t frame_time_read_us(const struct bus_speed *speed, int64_t registers)
{
    return frame_time_exchange_us(speed, 8, 5 + 2 * registers);
}

int64_t frame_time_write_us(const struct bus_speed *speed, int64_t registers)
{
    return frame_time_exchange_us(speed, 9 + 2 * registers, 8);
}

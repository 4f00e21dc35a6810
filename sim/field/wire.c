#include "sim/field/wire.h"

#include <assert.h>

/* What four bits that leave the register put back into it. */
static const uint16_t crc_of_nibble[16] = {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00,
                                           0x2800, 0xE401, 0xA001, 0x6C00, 0x7800, 0xB401,
                                           0x5000, 0x9C01, 0x8801, 0x4400};

uint16_t wire_crc(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        crc = (uint16_t)((crc >> 4) ^ crc_of_nibble[crc & 15]);
        crc = (uint16_t)((crc >> 4) ^ crc_of_nibble[crc & 15]);
    }
    return crc;
}

size_t wire_seal(uint8_t *frame, size_t len)
{
    uint16_t crc = wire_crc(frame, len);
    frame[len] = (uint8_t)(crc & 0xFF);
    frame[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

bool wire_is_sealed(const uint8_t *frame, size_t len)
{
    if (len < WIRE_FRAME_MIN) {
        return false;
    }
    uint16_t crc = wire_crc(frame, len - 2);
    return frame[len - 2] == (crc & 0xFF) && frame[len - 1] == crc >> 8;
}

struct wire_speed wire_speed_of(int64_t baud, char parity, int64_t stop_bits)
{
    assert(baud >= 300 && baud <= 1000000);
    int64_t bits = 1 + 8 + (parity == 'N' ? 0 : 1) + stop_bits;
    struct wire_speed speed = {.char_ns = bits * 1000000000 / baud};
    speed.gap_ns = baud > 19200 ? 1750000 : speed.char_ns * 7 / 2;
    return speed;
}

int wire_request_len(const uint8_t *bytes, size_t len)
{
    if (len < 2) {
        return WIRE_LENGTH_SHORT;
    }
    switch (bytes[1]) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
        return 8;
    case 0x0F:
    case 0x10:
    case 0x20: /* address 20 start start registers registers bytes data crc: as function 10 */
        return len < 7 ? WIRE_LENGTH_SHORT : 9 + bytes[6];
    default:
        return WIRE_LENGTH_SILENCE;
    }
}

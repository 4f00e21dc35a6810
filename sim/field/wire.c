#include "sim/field/wire.h"

#include <assert.h>

uint16_t wire_crc(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? (uint16_t)((crc >> 1) ^ 0xA001) : (uint16_t)(crc >> 1);
        }
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

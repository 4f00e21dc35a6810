/* The wire of the simulated field: CRC, lengths and times against figures of the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/field/wire.h"

static void crc_of_golden_frames(void **state)
{
    (void)state;
    const uint8_t poll[] = {0x01, 0x03, 0x02, 0x00, 0x00, 0x30, 0x44, 0x66};
    const uint8_t trip[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                            0x00, 0x01, 0x00, 0x01, 0x27, 0x75};
    const uint8_t buy[] = {0x07, 0x20, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00,
                           0x27, 0x10, 0x00, 0x05, 0x00, 0x00, 0xD5, 0xDC};
    assert_true(wire_is_sealed(poll, sizeof poll));
    assert_true(wire_is_sealed(trip, sizeof trip));
    assert_true(wire_is_sealed(buy, sizeof buy));
    assert_int_equal(wire_request_len(poll, 2), 8);
    assert_int_equal(wire_request_len(trip, 6), WIRE_LENGTH_SHORT);
    assert_int_equal(wire_request_len(trip, 7), 13);
    assert_int_equal(wire_request_len(buy, 7), 17);
    const uint8_t odd[] = {0x01, 0xAA};
    assert_int_equal(wire_request_len(odd, 2), WIRE_LENGTH_SILENCE);
}

static void times_of_characters(void **state)
{
    (void)state;
    struct wire_speed speed = wire_speed_of(9600, 'N', 1);
    assert_int_equal(speed.char_ns, 1041666);
    assert_int_equal(speed.gap_ns, 3645831);
    assert_int_equal(wire_speed_of(2400, 'E', 1).char_ns, 4583333);
    assert_int_equal(wire_speed_of(38400, 'N', 1).gap_ns, 1750000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(crc_of_golden_frames),
                                       cmocka_unit_test(times_of_characters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Frames: the golden bytes of the reference, what counts as an answer, and the wire-time table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/frame.h"
#include "core/rules/frame_time.h"

static const uint8_t golden_poll[] = {0x01, 0x03, 0x02, 0x00, 0x00, 0x30, 0x44, 0x66};
static const uint8_t golden_trip[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                                      0x00, 0x01, 0x00, 0x01, 0x27, 0x75};
static const uint8_t golden_keep_on[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                                         0x00, 0x01, 0x00, 0x00, 0xE6, 0xB5};
static const uint8_t golden_automatic[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                                           0x00, 0x00, 0x00, 0x00, 0xB7, 0x75};
static const uint8_t golden_purchase[] = {0x07, 0x20, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00,
                                          0x27, 0x10, 0x00, 0x05, 0x00, 0x00, 0xD5, 0xDC};

static void assert_sealed(const struct frame_request *request, const uint8_t *golden, size_t len)
{
    uint8_t bytes[FRAME_ADU_MAX];
    assert_int_equal(frame_seal_rtu(request, bytes), len);
    assert_memory_equal(bytes, golden, len);
}

static void golden_requests(void **state)
{
    (void)state;
    struct frame_request request;
    const uint16_t trip[] = {1, 1};
    const uint16_t keep_on[] = {1, 0};
    const uint16_t automatic[] = {0, 0};
    const uint8_t purchase[] = {0x00, 0x00, 0x27, 0x10, 0x00, 0x05, 0x00, 0x00};
    assert_int_equal(frame_read(1, 0x0200, 48, &request), RC_OK);
    assert_sealed(&request, golden_poll, sizeof(golden_poll));
    assert_int_equal(frame_rtu_reply_bytes(&request), 101);
    assert_int_equal(frame_write(1, 0x0057, trip, 2, &request), RC_OK);
    assert_sealed(&request, golden_trip, sizeof(golden_trip));
    assert_int_equal(frame_rtu_reply_bytes(&request), 8);
    assert_int_equal(frame_write(1, 0x0057, keep_on, 2, &request), RC_OK);
    assert_sealed(&request, golden_keep_on, sizeof(golden_keep_on));
    assert_int_equal(frame_write(1, 0x0057, automatic, 2, &request), RC_OK);
    assert_sealed(&request, golden_automatic, sizeof(golden_automatic));
    assert_int_equal(frame_private(7, 0x0100, purchase, sizeof(purchase), &request), RC_OK);
    assert_sealed(&request, golden_purchase, sizeof(golden_purchase));
    assert_int_equal(frame_rtu_request_bytes(&request), 17);
    assert_int_equal(frame_rtu_reply_bytes(&request), 15);
}

static void mbap_request(void **state)
{
    (void)state;
    static const uint8_t golden[] = {0x12, 0x34, 0x00, 0x00, 0x00, 0x06,
                                     0x01, 0x03, 0x02, 0x00, 0x00, 0x30};
    struct frame_request request;
    uint8_t bytes[FRAME_ADU_MAX];
    assert_int_equal(frame_read(1, 0x0200, 48, &request), RC_OK);
    assert_int_equal(frame_seal_mbap(&request, 0x1234, bytes), sizeof(golden));
    assert_memory_equal(bytes, golden, sizeof(golden));
}

static void requests_out_of_range_are_refused(void **state)
{
    (void)state;
    struct frame_request request;
    const uint16_t values[124] = {0};
    const uint8_t data[242] = {0};
    assert_int_equal(frame_read(0, 0, 1, &request), RC_INVALID);
    assert_int_equal(frame_read(248, 0, 1, &request), RC_INVALID);
    assert_int_equal(frame_read(1, 0, 0, &request), RC_INVALID);
    assert_int_equal(frame_read(1, 0, 126, &request), RC_INVALID);
    assert_int_equal(frame_read(1, 0xFFFF, 2, &request), RC_INVALID);
    assert_int_equal(frame_write(1, 0, values, 124, &request), RC_INVALID);
    assert_int_equal(frame_private(1, 0, data, 3, &request), RC_INVALID);
    assert_int_equal(frame_private(1, 0, data, 242, &request), RC_INVALID);
}

/* Appends the CRC to len bytes of frame; returns the length with it. */
static size_t seal(uint8_t *frame, size_t len)
{
    uint16_t crc = frame_crc(frame, len);
    frame[len] = (uint8_t)crc;
    frame[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

static void assert_finding(const struct frame_finding *finding, enum frame_verdict verdict,
                           size_t skipped, size_t len)
{
    assert_int_equal(finding->verdict, verdict);
    assert_int_equal(finding->skipped, skipped);
    assert_int_equal(finding->len, len);
}

/* An answer to a read of two registers of meter 5. */
static size_t answer_of_5(uint8_t *bytes)
{
    const uint8_t head[] = {0x05, 0x03, 0x04, 0x00, 0x11, 0x22, 0x33};
    memcpy(bytes, head, sizeof(head));
    return seal(bytes, sizeof(head));
}

static void rtu_answer_in_pieces(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[16];
    uint16_t registers[2];
    size_t len = answer_of_5(bytes);
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    for (size_t part = 0; part < len; part++) {
        struct frame_finding finding = frame_scan_rtu(&request, bytes, part);
        assert_int_equal(finding.verdict, FRAME_MORE);
    }
    struct frame_finding finding = frame_scan_rtu(&request, bytes, len);
    assert_finding(&finding, FRAME_ANSWER, 0, len);
    struct frame_reply reply = {.pdu_len = finding.pdu_len};
    memcpy(reply.pdu, bytes + finding.pdu_at, finding.pdu_len);
    frame_registers(&reply, registers, 2);
    assert_int_equal(registers[0], 0x0011);
    assert_int_equal(registers[1], 0x2233);
}

static void rtu_answer_behind_others(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[64] = {0x06, 0x03, 0x04, 0x00, 0x11, 0x22, 0x33};
    size_t foreign = seal(bytes, 7);
    size_t ours = answer_of_5(bytes + foreign);
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    struct frame_finding finding = frame_scan_rtu(&request, bytes, foreign + ours);
    assert_finding(&finding, FRAME_FOREIGN, 0, foreign);
    assert_int_equal(finding.address, 6);
    finding = frame_scan_rtu(&request, bytes + foreign, ours);
    assert_finding(&finding, FRAME_ANSWER, 0, ours);
    /* noise in front */
    memmove(bytes + 3, bytes + foreign, ours);
    memset(bytes, 0x05, 3);
    finding = frame_scan_rtu(&request, bytes, 3 + ours);
    assert_finding(&finding, FRAME_ANSWER, 3, 3 + ours);
    assert_int_equal(finding.pdu_at, 4);
}

static void rtu_echo_before_answer(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[FRAME_ADU_MAX + 16];
    const uint16_t trip[] = {1, 1};
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    size_t echo = frame_seal_rtu(&request, bytes);
    size_t ours = answer_of_5(bytes + echo);
    struct frame_finding finding = frame_scan_rtu(&request, bytes, echo + ours);
    assert_finding(&finding, FRAME_ECHO, 0, echo);
    /* the first six bytes of a write's answer are those of its request */
    assert_int_equal(frame_write(1, 0x0057, trip, 2, &request), RC_OK);
    memcpy(bytes, golden_trip, sizeof(golden_trip));
    for (size_t part = 0; part < sizeof(golden_trip); part++) {
        assert_int_equal(frame_scan_rtu(&request, bytes, part).verdict, FRAME_MORE);
    }
    finding = frame_scan_rtu(&request, bytes, sizeof(golden_trip));
    assert_finding(&finding, FRAME_ECHO, 0, sizeof(golden_trip));
    memcpy(bytes, golden_trip, 6);
    assert_int_equal(seal(bytes, 6), 8);
    finding = frame_scan_rtu(&request, bytes, 8);
    assert_finding(&finding, FRAME_ANSWER, 0, 8);
}

static void rtu_exception(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[8] = {0x05, 0x83, 0x02};
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    size_t len = seal(bytes, 3);
    struct frame_finding finding = frame_scan_rtu(&request, bytes, len);
    assert_finding(&finding, FRAME_EXCEPTION, 0, 5);
    assert_int_equal(finding.exception, 2);
}

static void rtu_wrong_frames_are_no_answer(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[32];
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    size_t len = answer_of_5(bytes);
    for (size_t bit = 0; bit < len * 8; bit++) { /* any single bit */
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct frame_finding finding = frame_scan_rtu(&request, bytes, len);
        assert_int_not_equal(finding.verdict, FRAME_ANSWER);
        assert_int_not_equal(finding.verdict, FRAME_EXCEPTION);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* right meter and function, other length: the late answer of another block */
    const uint8_t other[] = {0x05, 0x03, 0x02, 0x00, 0x11};
    memcpy(bytes, other, sizeof(other));
    len = seal(bytes, sizeof(other));
    struct frame_finding finding = frame_scan_rtu(&request, bytes, len);
    assert_finding(&finding, FRAME_FOREIGN, 0, len);
    /* the answer to a write elsewhere */
    const uint16_t trip[] = {1, 1};
    const uint8_t elsewhere[] = {0x05, 0x10, 0x00, 0x58, 0x00, 0x02};
    assert_int_equal(frame_write(5, 0x0057, trip, 2, &request), RC_OK);
    memcpy(bytes, elsewhere, sizeof(elsewhere));
    len = seal(bytes, sizeof(elsewhere));
    assert_finding((finding = frame_scan_rtu(&request, bytes, len), &finding), FRAME_FOREIGN, 0,
                   len);
}

static void rtu_private_answer(void **state)
{
    (void)state;
    struct frame_request request;
    const uint8_t data[] = {0, 0, 0x27, 0x10, 0, 5, 0, 0};
    uint8_t bytes[32] = {0x07, 0x20, 0x01, 0x00};
    size_t len = seal(bytes, 13);
    assert_int_equal(len, FRAME_PRIVATE_REPLY);
    assert_int_equal(frame_private(7, 0x0100, data, sizeof(data), &request), RC_OK);
    struct frame_finding finding = frame_scan_rtu(&request, bytes, len);
    assert_finding(&finding, FRAME_ANSWER, 0, 15);
    assert_int_equal(finding.pdu_len, 12);
}

static void rest_names_what_was_left(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[32];
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    size_t len = answer_of_5(bytes);
    assert_int_equal(frame_rest_rtu(&request, bytes, 0), FRAME_REST_NONE);
    assert_int_equal(frame_rest_rtu(&request, bytes, len - 1), FRAME_REST_SHORT);
    assert_int_equal(frame_rest_rtu(&request, bytes, 1), FRAME_REST_SHORT);
    bytes[4] ^= 0x40;
    assert_int_equal(frame_rest_rtu(&request, bytes, len), FRAME_REST_CRC);
    memset(bytes, 0xEE, sizeof(bytes));
    assert_int_equal(frame_rest_rtu(&request, bytes, sizeof(bytes)), FRAME_REST_NOISE);
}

static void mbap_only_the_right_answer(void **state)
{
    (void)state;
    struct frame_request request;
    uint8_t bytes[] = {0x00, 0x07, 0, 0, 0, 7, 5, 0x03, 0x04, 0x00, 0x11, 0x22, 0x33};
    assert_int_equal(frame_read(5, 0x10, 2, &request), RC_OK);
    for (size_t part = 0; part < sizeof(bytes); part++) {
        assert_int_equal(frame_scan_mbap(&request, 7, bytes, part).verdict, FRAME_MORE);
    }
    struct frame_finding finding = frame_scan_mbap(&request, 7, bytes, sizeof(bytes));
    assert_finding(&finding, FRAME_ANSWER, 0, sizeof(bytes));
    assert_int_equal(frame_scan_mbap(&request, 8, bytes, sizeof(bytes)).verdict, FRAME_FOREIGN);
    bytes[6] = 6; /* unit */
    assert_int_equal(frame_scan_mbap(&request, 7, bytes, sizeof(bytes)).verdict, FRAME_FOREIGN);
    bytes[6] = 5;
    bytes[8] = 2; /* byte count */
    assert_int_equal(frame_scan_mbap(&request, 7, bytes, sizeof(bytes)).verdict, FRAME_FOREIGN);
    bytes[8] = 4;
    bytes[7] = 0x10; /* function */
    assert_int_equal(frame_scan_mbap(&request, 7, bytes, sizeof(bytes)).verdict, FRAME_FOREIGN);
    bytes[2] = 1; /* protocol */
    assert_int_equal(frame_scan_mbap(&request, 7, bytes, sizeof(bytes)).verdict, FRAME_BROKEN);
    uint8_t exception[] = {0x00, 0x07, 0, 0, 0, 3, 5, 0x83, 0x0B};
    finding = frame_scan_mbap(&request, 7, exception, sizeof(exception));
    assert_finding(&finding, FRAME_EXCEPTION, 0, sizeof(exception));
    assert_int_equal(finding.exception, 0x0B);
    exception[5] = 1; /* a length without a function */
    finding = frame_scan_mbap(&request, 7, exception, sizeof(exception));
    assert_int_equal(finding.verdict, FRAME_BROKEN);
}

/* Reference meters.md 3: the table of the 48-register poll, milliseconds. */
static void wire_time_table(void **state)
{
    (void)state;
    static const struct {
        struct bus_speed speed;
        int ms[3]; /* turnaround 0, 50, 200 */
    } rows[] = {
        {{2400, 'N', 1, 0}, {483, 519, 669}}, {{2400, 'E', 1, 0}, {532, 566, 716}},
        {{4800, 'N', 1, 0}, {242, 284, 434}}, {{9600, 'N', 1, 0}, {121, 167, 317}},
        {{9600, 'E', 1, 0}, {133, 179, 329}}, {{19200, 'N', 1, 0}, {60, 109, 259}},
    };
    static const int turnarounds[3] = {0, 50, 200};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int t = 0; t < 3; t++) {
            struct bus_speed speed = rows[i].speed;
            speed.turnaround_ms = turnarounds[t];
            int64_t us = frame_time_read_us(&speed, 48);
            assert_in_range(us, rows[i].ms[t] * 1000 - 600, rows[i].ms[t] * 1000 + 600);
        }
    }
    struct bus_speed speed = {9600, 'N', 1, 0};
    assert_in_range(frame_time_read_us(&speed, 2), 24500, 25500);
    assert_in_range(frame_time_read_us(&speed, 25), 72500, 73500);
    assert_in_range(frame_time_exchange_us(&speed, 17, 15), 40500, 41500);
    speed.turnaround_ms = 50;
    assert_in_range(32 * frame_time_read_us(&speed, 48), 5340000, 5360000);
}

static void gap_of_fast_buses(void **state)
{
    (void)state;
    struct bus_speed speed = {9600, 'N', 1, 0};
    assert_int_equal(frame_time_gap_us(&speed), 3646);
    assert_int_equal(frame_time_bytes_us(&speed, 96), 100000);
    speed.baud = 38400;
    assert_int_equal(frame_time_gap_us(&speed), 1750);
    speed.baud = 19200;
    speed.parity = 'E';
    assert_int_equal(frame_time_gap_us(&speed), 2006);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_requests),
        cmocka_unit_test(mbap_request),
        cmocka_unit_test(requests_out_of_range_are_refused),
        cmocka_unit_test(rtu_answer_in_pieces),
        cmocka_unit_test(rtu_answer_behind_others),
        cmocka_unit_test(rtu_echo_before_answer),
        cmocka_unit_test(rtu_exception),
        cmocka_unit_test(rtu_wrong_frames_are_no_answer),
        cmocka_unit_test(rtu_private_answer),
        cmocka_unit_test(rest_names_what_was_left),
        cmocka_unit_test(mbap_only_the_right_answer),
        cmocka_unit_test(wire_time_table),
        cmocka_unit_test(gap_of_fast_buses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

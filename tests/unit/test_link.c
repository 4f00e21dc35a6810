/*
 * Links against a scripted peer: whose answer is it? The seven ways in which libmodbus goes wrong
 * (features.md B10) are the cases named case_1 .. case_7; each is tried through RTU over TCP,
 * Modbus TCP or both.
 */
#include "tests/unit/link_fixture.h"

static void case_1_answer_of_another_slave(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_RTU_OVER_TCP, 80);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, 6, 2, 0x1111);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_TIMEOUT);
    assert_int_equal(f.event.error, LINK_ERROR_SILENT);
    assert_int_equal(f.counters.foreign, 1);
    assert_int_equal(f.counters.timeouts, 1);
    end(&f);

    begin(&f, LINK_MODBUS_TCP, 80);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, 6, 2, 0x1111, 0); /* right transaction, wrong unit */
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_TIMEOUT);
    assert_int_equal(f.counters.timeouts, 1);
    assert_int_equal(f.counters.foreign, 1);
    end(&f);
}

static void case_2_stray_frame_then_the_answer(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t noise[] = {0x00, METER, 0xFF};
    begin(&f, LINK_RTU_OVER_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, 6, 2, 0x1111);
    (void)peer_add(&f.peer, PEER_WAIT, 20);
    peer_add_send(&f.peer, noise, sizeof(noise));
    (void)peer_add(&f.peer, PEER_WAIT, 20);
    peer_add_rtu(&f.peer, METER, 2, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(f.registers[1], 0x2223);
    assert_int_equal(f.counters.foreign, 2);
    end(&f);

    begin(&f, LINK_MODBUS_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, METER, 2, 0x1111, -5 + 0x8000); /* a transaction nobody asked */
    (void)peer_add(&f.peer, PEER_WAIT, 20);
    peer_add_mbap(&f.peer, METER, 2, 0x2222, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(f.counters.foreign, 1);
    end(&f);
}

static void case_3_late_tcp_answer_keeps_step(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_MODBUS_TCP, 60);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES); /* it has given up and asks again */
    peer_add_mbap(&f.peer, METER, 2, 0x1111, 1);         /* now the first answer comes */
    peer_add_mbap(&f.peer, METER, 2, 0x2222, 0);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, METER, 2, 0x2222, 1); /* a double of the second */
    (void)peer_add(&f.peer, PEER_WAIT, 10);
    peer_add_mbap(&f.peer, METER, 2, 0x3333, 0);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, METER, 2, 0x4444, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_TIMEOUT);
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x3333);
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x4444);
    assert_int_equal(f.counters.late, 2);
    assert_int_equal(f.counters.timeouts, 1);
    end(&f);
}

/* Half a frame at the deadline: nobody can say where the next one begins, so the connection is made
 * new. */
static void case_3_cut_tcp_answer_makes_a_new_connection(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t late[PEER_BYTES_MAX];
    begin(&f, LINK_MODBUS_TCP, 400);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    size_t len = peer_mbap_answer(late, METER, 2, 0x1111);
    peer_add_send(&f.peer, late, len - 4);
    f.peer.acts[2].number = 0;
    (void)peer_add(&f.peer, PEER_WAIT, 450);
    (void)peer_add(&f.peer, PEER_CLOSE, 0);
    (void)peer_add(&f.peer, PEER_ACCEPT, 0);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, METER, 2, 0x2222, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_PROTOCOL);
    assert_int_equal(f.counters.short_frames, 1);
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(link_counters_of(f.link)->reconnects, 1);
    end(&f);
}

static void case_4_silence_between_frames(void **state)
{
    (void)state;
    struct fixture f;
    memset(&f, 0, sizeof(f));
    assert_true(peer_listen(&f.peer));
    struct link_settings settings = settings_for(LINK_RTU_OVER_TCP, f.peer.port, 500);
    settings.speed.baud = 1200; /* 3.5 characters are 29.2 ms */
    make_link(&f, &settings);
    (void)peer_add(&f.peer, PEER_ACCEPT, 0);
    for (int i = 0; i < 4; i++) {
        (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
        peer_add_rtu(&f.peer, (uint8_t)(METER + i), 2, 0x1111);
    }
    assert_true(peer_start(&f.peer));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(read_of(&f, (uint8_t)(METER + i), 0x10, 2), RC_OK);
    }
    assert_true(peer_join(&f.peer));
    for (int i = 0; i < 3; i++) {
        int64_t silence_us = f.peer.acts[3 + 2 * i].at_us - f.peer.acts[2 + 2 * i].at_us;
        assert_in_range(silence_us, 29000, 300000);
    }
    link_free(f.link);
    peer_end(&f.peer);
}

static void case_5_slow_answer_near_the_timeout(void **state)
{
    (void)state;
    static const enum link_kind kinds[] = {LINK_RTU_OVER_TCP, LINK_MODBUS_TCP};
    for (int k = 0; k < 2; k++) {
        struct fixture f;
        bool rtu = kinds[k] == LINK_RTU_OVER_TCP;
        begin(&f, kinds[k], 400);
        for (int i = 0; i < 2; i++) {
            (void)peer_add(&f.peer, PEER_READ, rtu ? READ_BYTES : MBAP_READ_BYTES);
            (void)peer_add(&f.peer, PEER_WAIT, i == 0 ? 300 : 600);
            if (rtu) {
                peer_add_rtu(&f.peer, (uint8_t)(METER + i), 2, 0x1111);
            } else {
                peer_add_mbap(&f.peer, (uint8_t)(METER + i), 2, 0x1111, 0);
            }
        }
        assert_true(peer_start(&f.peer));
        assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
        assert_in_range(event_ms(&f), 299, 430);
        assert_int_equal(read_of(&f, METER + 1, 0x10, 2), RC_TIMEOUT);
        assert_in_range(event_ms(&f), 400, 590);
        end(&f);
    }
}

static void case_6_traffic_of_another_master(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t other[PEER_BYTES_MAX] = {9, 0x03, 0x00, 0x10, 0x00, 0x02};
    size_t len = peer_seal(other, 6);
    begin(&f, LINK_RTU_OVER_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_send(&f.peer, other, len);
    peer_add_rtu(&f.peer, 9, 2, 0x9999);
    /* and a write to another slave, with its answer */
    const uint8_t write[] = {9, 0x10, 0x00, 0x57, 0x00, 0x02, 4, 0, 1, 0, 1};
    memcpy(other, write, sizeof(write));
    peer_add_send(&f.peer, other, peer_seal(other, sizeof(write)));
    peer_add_send(&f.peer, other, peer_seal(other, 6));
    peer_add_rtu(&f.peer, METER, 2, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(f.counters.foreign, 4);
    end(&f);
}

static void case_7_adapter_echo(void **state)
{
    (void)state;
    struct fixture f;
    struct frame_request write;
    struct frame_reply reply;
    uint8_t frame[FRAME_ADU_MAX];
    const uint16_t trip[] = {1, 1};
    uint8_t read[PEER_BYTES_MAX] = {METER, 0x03, 0x00, 0x10, 0x00, 0x02};
    size_t len = peer_seal(read, 6);
    begin(&f, LINK_RTU_OVER_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_send(&f.peer, read, len);
    (void)peer_add(&f.peer, PEER_WAIT, 10);
    peer_add_rtu(&f.peer, METER, 2, 0x2222);
    assert_int_equal(frame_write(METER, 0x57, trip, 2, &write), RC_OK);
    (void)peer_add(&f.peer, PEER_READ, 13);
    peer_add_send(&f.peer, frame, frame_seal_rtu(&write, frame));
    peer_add_send(&f.peer, frame, peer_seal(frame, 6));
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(ask(&f, &write, &reply), RC_OK);
    assert_int_equal(f.counters.echo, 2);
    assert_int_equal(f.counters.foreign, 0);
    end(&f);

    const uint8_t mbap[] = {0, 0, 0, 0, 0, 6, METER, 0x03, 0x00, 0x10, 0x00, 0x02};
    begin(&f, LINK_MODBUS_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_send(&f.peer, mbap, sizeof(mbap));
    f.peer.acts[2].number = 0;
    peer_add_mbap(&f.peer, METER, 2, 0x2222, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(f.counters.echo, 1);
    end(&f);
}

static void late_rtu_answer_is_never_the_next(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_RTU_OVER_TCP, 150);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    (void)peer_add(&f.peer, PEER_WAIT, 220);
    peer_add_rtu(&f.peer, METER, 1, 0xDEAD); /* 220 ms, after a time-out of 150 ms */
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, METER, 1, 0xBEEF);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x0224, 1), RC_TIMEOUT);
    int64_t gave_up_us = f.event.ended_at_us;
    assert_true(link_ready_at_us(f.link, METER) >= gave_up_us + 149000);
    assert_int_equal(read_of(&f, METER, 0x0058, 1), RC_OK);
    assert_int_equal(f.registers[0], 0xBEEF);
    assert_true(f.event.sent_at_us - gave_up_us >= 149000);
    assert_int_equal(f.counters.late, 1);
    end(&f);
}

static void others_need_not_wait_for_a_late_meter(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_RTU_OVER_TCP, 200);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, METER, 1, 0xDEAD);
    peer_add_rtu(&f.peer, METER + 1, 1, 0xBEEF);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x0224, 1), RC_TIMEOUT);
    int64_t gave_up_us = f.event.ended_at_us;
    assert_int_equal(read_of(&f, METER + 1, 0x0224, 1), RC_OK);
    assert_int_equal(f.registers[0], 0xBEEF);
    assert_true(f.event.sent_at_us - gave_up_us < 150000);
    assert_int_equal(f.counters.late, 1);
    end(&f);
}

static void doubled_answer_is_thrown_away(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_RTU_OVER_TCP, 300);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, METER, 1, 0x1111);
    peer_add_rtu(&f.peer, METER, 1, 0x1111);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, METER, 1, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x0224, 1), RC_OK);
    assert_int_equal(read_of(&f, METER, 0x0022, 1), RC_OK);
    assert_int_equal(f.registers[0], 0x2222);
    assert_int_equal(f.counters.foreign, 1);
    end(&f);
}

static void broken_answer_ends_the_wait_soon(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t broken[PEER_BYTES_MAX];
    size_t len = peer_rtu_answer(broken, METER, 2, 0x1111);
    broken[4] ^= 1;
    begin(&f, LINK_RTU_OVER_TCP, 2000);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_send(&f.peer, broken, len);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_PROTOCOL);
    assert_int_equal(f.event.error, LINK_ERROR_GARBLED);
    assert_int_equal(f.counters.crc, 1);
    assert_int_equal(f.counters.timeouts, 0);
    assert_true(event_ms(&f) < 500);
    end(&f);
}

static void cut_answer(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t cut[PEER_BYTES_MAX];
    size_t len = peer_rtu_answer(cut, METER, 2, 0x1111);
    begin(&f, LINK_RTU_OVER_TCP, 80);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_send(&f.peer, cut, len - 3);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_PROTOCOL);
    assert_int_equal(f.counters.short_frames, 1);
    end(&f);
}

static void exceptions_are_answers(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t mbap[] = {0, 0, 0, 0, 0, 3, METER, 0x83, 0x0B};
    begin(&f, LINK_MODBUS_TCP, 300);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_send(&f.peer, mbap, sizeof(mbap));
    f.peer.acts[2].number = 0;
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_REFUSED);
    assert_int_equal(f.event.error, LINK_ERROR_EXCEPTION);
    assert_int_equal(f.event.exception, 0x0B);
    assert_int_equal(f.counters.exceptions, 1);
    end(&f);
    uint8_t rtu[8] = {METER, 0x83, 0x02};
    begin(&f, LINK_RTU_OVER_TCP, 300);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_send(&f.peer, rtu, peer_seal(rtu, 3));
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_REFUSED);
    assert_int_equal(f.event.exception, 0x02);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_1_answer_of_another_slave),
        cmocka_unit_test(case_2_stray_frame_then_the_answer),
        cmocka_unit_test(case_3_late_tcp_answer_keeps_step),
        cmocka_unit_test(case_3_cut_tcp_answer_makes_a_new_connection),
        cmocka_unit_test(case_4_silence_between_frames),
        cmocka_unit_test(case_5_slow_answer_near_the_timeout),
        cmocka_unit_test(case_6_traffic_of_another_master),
        cmocka_unit_test(case_7_adapter_echo),
        cmocka_unit_test(late_rtu_answer_is_never_the_next),
        cmocka_unit_test(others_need_not_wait_for_a_late_meter),
        cmocka_unit_test(doubled_answer_is_thrown_away),
        cmocka_unit_test(broken_answer_ends_the_wait_soon),
        cmocka_unit_test(cut_answer),
        cmocka_unit_test(exceptions_are_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

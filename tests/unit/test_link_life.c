/*
 * Links against a scripted peer: opening, losing and reopening; serial ports; read-only; function
 * 0x20; limits; cost.
 */
#include <fcntl.h>
#include <modbus/modbus.h>
#include <pty.h>
#include <sys/resource.h>

#include "core/base/text.h"
#include "tests/unit/link_fixture.h"

static void read_only_lets_nothing_out(void **state)
{
    (void)state;
    struct fixture f;
    struct frame_request request;
    struct frame_reply reply;
    const uint16_t values[] = {1, 1};
    const uint8_t data[] = {0, 0, 0, 1, 0, 5, 0, 0};
    begin(&f, LINK_RTU_OVER_TCP, 100);
    link_set_writable(f.link, false);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES); /* the first bytes that come are the read */
    peer_add_rtu(&f.peer, METER, 1, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(frame_write(METER, 0x57, values, 2, &request), RC_OK);
    assert_int_equal(ask(&f, &request, &reply), RC_REFUSED);
    assert_int_equal(f.event.error, LINK_ERROR_READ_ONLY);
    assert_false(f.event.request_left);
    assert_int_equal(frame_private(METER, 0x0100, data, sizeof(data), &request), RC_OK);
    assert_int_equal(ask(&f, &request, &reply), RC_REFUSED);
    assert_false(link_is_open(f.link));
    assert_int_equal(read_of(&f, METER, 0x0224, 1), RC_OK);
    end(&f);
    assert_int_equal(f.peer.acts[1].bytes[1], 0x03);
}

static void private_function_then_libmodbus(void **state)
{
    (void)state;
    struct fixture f;
    struct frame_request request;
    struct frame_reply reply;
    const uint8_t data[] = {0x00, 0x00, 0x27, 0x10, 0x00, 0x05, 0x00, 0x00};
    uint8_t answer[PEER_BYTES_MAX] = {7, 0x20, 0x01, 0x00, 0x00, 0x04, 0x06};
    uint16_t registers[2];
    begin(&f, LINK_RTU_OVER_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, 17);
    peer_add_send(&f.peer, answer, peer_seal(answer, 13));
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, 7, 2, 0x2222);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, 7, 2, 0x3333);
    assert_true(peer_start(&f.peer));
    assert_int_equal(frame_private(7, 0x0100, data, sizeof(data), &request), RC_OK);
    assert_int_equal(ask(&f, &request, &reply), RC_OK);
    assert_int_equal(reply.pdu_len, 12);
    assert_memory_equal(reply.pdu, answer + 1, 12);
    modbus_t *library = modbus_new_rtu("/dev/null", 9600, 'N', 8, 1);
    assert_non_null(library);
    assert_int_equal(modbus_set_socket(library, link_descriptor(f.link)), 0);
    assert_int_equal(modbus_set_slave(library, 7), 0);
    assert_int_equal(modbus_read_registers(library, 0x10, 2, registers), 2);
    assert_int_equal(registers[0], 0x2222);
    modbus_free(library);
    assert_int_equal(read_of(&f, 7, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x3333);
    end(&f);
    static const uint8_t golden[] = {0x07, 0x20, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00,
                                     0x27, 0x10, 0x00, 0x05, 0x00, 0x00, 0xD5, 0xDC};
    assert_memory_equal(f.peer.acts[1].bytes, golden, sizeof(golden));
}

static void private_function_over_mbap(void **state)
{
    (void)state;
    struct fixture f;
    struct frame_request request;
    struct frame_reply reply;
    const uint8_t data[] = {0x00, 0x00, 0x27, 0x10, 0x00, 0x05, 0x00, 0x00};
    const uint8_t answer[19] = {0, 0, 0, 0, 0, 13, 7, 0x20, 0x01};
    begin(&f, LINK_MODBUS_TCP, 500);
    (void)peer_add(&f.peer, PEER_READ, 21);
    peer_add_send(&f.peer, answer, sizeof(answer));
    f.peer.acts[2].number = 0;
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, 7, 2, 0x3333, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(frame_private(7, 0x0100, data, sizeof(data), &request), RC_OK);
    assert_int_equal(ask(&f, &request, &reply), RC_OK);
    assert_int_equal(reply.pdu_len, 12);
    assert_int_equal(read_of(&f, 7, 0x10, 2), RC_OK);
    end(&f);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct fixture f;
    memset(&f, 0, sizeof(f));
    assert_true(peer_listen(&f.peer));
    peer_end(&f.peer); /* the port is free again: refused */
    struct link_settings settings = settings_for(LINK_MODBUS_TCP, f.peer.port, 100);
    make_link(&f, &settings);
    assert_int_equal(read_of(&f, METER, 0, 1), RC_UNAVAILABLE);
    assert_int_equal(f.event.error, LINK_ERROR_NO_LINK);
    assert_int_equal(f.event.os_error, ECONNREFUSED);
    assert_false(f.event.request_left);
    assert_in_range(link_retry_in_ms(f.link), 1, 250);
    int64_t before_us = peer_now_us();
    assert_int_equal(read_of(&f, METER, 0, 1), RC_UNAVAILABLE); /* not tried again so soon */
    assert_true(peer_now_us() - before_us < 20000);
    assert_int_equal(f.counters.transactions, 0);
    link_free(f.link);
}

static void idle_close_is_no_loss(void **state)
{
    (void)state;
    static const enum link_kind kinds[] = {LINK_RTU_OVER_TCP, LINK_MODBUS_TCP};
    for (int k = 0; k < 2; k++) {
        struct fixture f;
        bool rtu = kinds[k] == LINK_RTU_OVER_TCP;
        begin(&f, kinds[k], 500);
        for (int i = 0; i < 2; i++) {
            (void)peer_add(&f.peer, PEER_READ, rtu ? READ_BYTES : MBAP_READ_BYTES);
            if (rtu) {
                peer_add_rtu(&f.peer, METER, 1, 0x2222);
            } else {
                peer_add_mbap(&f.peer, METER, 1, 0x2222, 0);
            }
            (void)peer_add(&f.peer, PEER_CLOSE, 0);
            (void)peer_add(&f.peer, PEER_ACCEPT, 0);
        }
        f.peer.count--; /* no third connection */
        assert_true(peer_start(&f.peer));
        assert_int_equal(read_of(&f, METER, 0, 1), RC_OK);
        peer_sleep_ms(30);
        assert_int_equal(read_of(&f, METER, 0, 1), RC_OK);
        assert_int_equal(link_counters_of(f.link)->reconnects, 1);
        end(&f);
    }
}

static void connection_lost_during_an_exchange(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_MODBUS_TCP, 2000);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    (void)peer_add(&f.peer, PEER_CLOSE, 0);
    (void)peer_add(&f.peer, PEER_ACCEPT, 0);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, METER, 1, 0x2222, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0, 1), RC_UNAVAILABLE);
    assert_int_equal(f.event.error, LINK_ERROR_LOST);
    assert_true(f.event.request_left);
    assert_true(event_ms(&f) < 500);
    assert_int_equal(link_retry_in_ms(f.link), 0); /* the first loss may be mended at once */
    assert_int_equal(read_of(&f, METER, 0, 1), RC_OK);
    end(&f);
}

static void mbap_garbage_breaks_the_connection(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t garbage[] = "HTTP/1.0 400 Bad Request\r\n";
    begin(&f, LINK_MODBUS_TCP, 2000);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_send(&f.peer, garbage, sizeof(garbage));
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0, 1), RC_UNAVAILABLE);
    assert_int_equal(f.event.error, LINK_ERROR_LOST);
    assert_false(link_is_open(f.link));
    end(&f);
}

static void a_dead_connection_is_made_new(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_MODBUS_TCP, 20);
    for (int i = 0; i < 8; i++) {
        (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    }
    (void)peer_add(&f.peer, PEER_ACCEPT, 0);
    (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
    peer_add_mbap(&f.peer, METER, 1, 0x2222, 0);
    assert_true(peer_start(&f.peer));
    for (int i = 0; i < 8; i++) {
        assert_int_equal(read_of(&f, METER, 0, 1), RC_TIMEOUT);
    }
    f.event.error = LINK_ERROR__MAX;
    enum rc rc = read_of(&f, METER, 0, 1);
    assert_true(rc == RC_OK || rc == RC_TIMEOUT); /* 20 ms may be short on a busy machine */
    assert_int_equal(link_counters_of(f.link)->reconnects, 1);
    end(&f);
}

/* Noise that never stops while the link waits for silence: nothing is sent into it. */
static void babbling_bus(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t noise[] = {0xAA, 0xAA, 0xAA, 0xAA};
    memset(&f, 0, sizeof(f));
    assert_true(peer_listen(&f.peer));
    struct link_settings settings = settings_for(LINK_RTU_OVER_TCP, f.peer.port, 40);
    settings.speed.baud = 300; /* 3.5 characters are 117 ms */
    make_link(&f, &settings);
    (void)peer_add(&f.peer, PEER_ACCEPT, 0);
    for (int i = 0; i < 15; i++) {
        peer_add_send(&f.peer, noise, sizeof(noise));
        (void)peer_add(&f.peer, PEER_WAIT, 20);
    }
    assert_true(peer_start(&f.peer));
    assert_int_equal(link_open(f.link), RC_OK);
    peer_sleep_ms(40);
    assert_int_equal(read_of(&f, METER, 0, 1), RC_PROTOCOL);
    assert_int_equal(f.event.error, LINK_ERROR_GARBLED);
    assert_false(f.event.request_left);
    assert_int_equal(f.counters.foreign, 1);
    end(&f);
}

static void serial_line_over_a_pty(void **state)
{
    (void)state;
    struct fixture f;
    char name[128];
    int slave = -1;
    memset(&f, 0, sizeof(f));
    f.peer.listener = -1;
    assert_int_equal(openpty(&f.peer.descriptor, &slave, name, NULL, NULL), 0);
    struct link_settings settings = {
        .kind = LINK_SERIAL,
        .speed = {.baud = 9600, .parity = 'E', .stop_bits = 1, .turnaround_ms = 0},
        .response_timeout_ms = 300,
    };
    text_copy(settings.device, sizeof(settings.device), name);
    make_link(&f, &settings);
    assert_int_equal(link_open(f.link), RC_OK);
    (void)peer_add(&f.peer, PEER_READ, READ_BYTES);
    peer_add_rtu(&f.peer, 6, 2, 0x1111);
    peer_add_rtu(&f.peer, METER, 2, 0x0A0D); /* bytes that a terminal would change */
    (void)peer_add(&f.peer, PEER_READ, 13);
    uint8_t frame[PEER_BYTES_MAX] = {METER, 0x10, 0x00, 0x57, 0x00, 0x02};
    peer_add_send(&f.peer, frame, peer_seal(frame, 6));
    assert_true(peer_start(&f.peer));
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_OK);
    assert_int_equal(f.registers[0], 0x0A0D);
    assert_int_equal(f.counters.foreign, 1);
    struct frame_request request;
    struct frame_reply reply;
    const uint16_t trip[] = {1, 1};
    assert_int_equal(frame_write(METER, 0x57, trip, 2, &request), RC_OK);
    assert_int_equal(ask(&f, &request, &reply), RC_OK);
    assert_true(peer_join(&f.peer));
    assert_int_equal(close(f.peer.descriptor), 0); /* the adapter is pulled out */
    assert_int_equal(close(slave), 0);
    assert_int_equal(read_of(&f, METER, 0x10, 2), RC_UNAVAILABLE);
    assert_false(link_is_open(f.link));
    link_free(f.link);
}

static void high_descriptors_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    if (old.rlim_max < LINK_DESCRIPTOR_MAX + 16) {
        skip();
    }
    struct rlimit more = {LINK_DESCRIPTOR_MAX + 16, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
    begin(&f, LINK_MODBUS_TCP, 100);
    int first = dup(f.peer.listener);
    int last = first;
    while (last < LINK_DESCRIPTOR_MAX - 1) {
        last = dup(f.peer.listener);
        assert_true(last >= 0);
    }
    assert_int_equal(link_open(f.link), RC_FULL);
    assert_int_equal(link_open(f.link), RC_UNAVAILABLE); /* back-off */
    for (int descriptor = first; descriptor <= last; descriptor++) {
        (void)close(descriptor);
    }
    link_free(f.link);
    peer_end(&f.peer);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void settings_out_of_range(void **state)
{
    (void)state;
    struct link *link = NULL;
    struct link_settings good = settings_for(LINK_MODBUS_TCP, 502, 100);
    struct link_settings bad = good;
    bad.port = 0;
    assert_int_equal(link_create(&bad, &link), RC_INVALID);
    bad = good;
    bad.host[0] = '\0';
    assert_int_equal(link_create(&bad, &link), RC_INVALID);
    bad = good;
    bad.speed.parity = 'X';
    assert_int_equal(link_create(&bad, &link), RC_INVALID);
    bad = good;
    bad.response_timeout_ms = 0;
    assert_int_equal(link_create(&bad, &link), RC_INVALID);
    bad = good;
    bad.kind = LINK_SERIAL;
    assert_int_equal(link_create(&bad, &link), RC_INVALID);
    enum link_kind kind = LINK_MODBUS_TCP;
    assert_int_equal(link_kind_find("rtu_over_tcp", &kind), RC_OK);
    assert_int_equal(kind, LINK_RTU_OVER_TCP);
    assert_int_equal(link_kind_find("smoke", &kind), RC_NOT_FOUND);
}

/* What one read of 48 registers costs beyond the peer's own time. */
static void a_read_is_cheap(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, LINK_MODBUS_TCP, 500);
    for (int i = 0; i < 14; i++) {
        (void)peer_add(&f.peer, PEER_READ, MBAP_READ_BYTES);
        peer_add_mbap(&f.peer, METER, 48, 0x1000, 0);
    }
    assert_true(peer_start(&f.peer));
    struct timespec start;
    struct timespec stop;
    int64_t best_us = INT64_MAX;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    for (int i = 0; i < 14; i++) {
        assert_int_equal(read_of(&f, METER, 0x0200, 48), RC_OK);
        int64_t took_us = f.event.ended_at_us - f.event.sent_at_us;
        best_us = took_us < best_us ? took_us : best_us;
    }
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &stop);
    int64_t cpu_us = (stop.tv_sec - start.tv_sec) * 1000000 + (stop.tv_nsec - start.tv_nsec) / 1000;
    print_message("48 registers: %d us of CPU, %d us of time\n", (int)(cpu_us / 14), (int)best_us);
    assert_true(cpu_us / 14 < 1000);
    assert_true(best_us < 2000);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_only_lets_nothing_out),
        cmocka_unit_test(private_function_then_libmodbus),
        cmocka_unit_test(private_function_over_mbap),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(idle_close_is_no_loss),
        cmocka_unit_test(connection_lost_during_an_exchange),
        cmocka_unit_test(mbap_garbage_breaks_the_connection),
        cmocka_unit_test(a_dead_connection_is_made_new),
        cmocka_unit_test(babbling_bus),
        cmocka_unit_test(serial_line_over_a_pty),
        cmocka_unit_test(high_descriptors_are_refused),
        cmocka_unit_test(settings_out_of_range),
        cmocka_unit_test(a_read_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

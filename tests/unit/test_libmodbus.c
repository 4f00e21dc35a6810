/*
 * What Debian's libmodbus does by itself when the bus is not clean. These cases are the reason why
 * links judge frames with core/rules/frame.h (poller/link.h says who does what). Should a case fail
 * after an update of the library, it may have learnt better: look at poller/link.h again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <modbus/modbus.h>

#include "tests/unit/peer.h"

#define METER 5

struct fixture {
    struct peer peer;
    modbus_t *library;
    int descriptor;
};

static void begin(struct fixture *f, bool rtu)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    memset(f, 0, sizeof(*f));
    assert_true(peer_listen(&f->peer));
    (void)peer_add(&f->peer, PEER_ACCEPT, 0);
    f->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)f->peer.port);
    assert_int_equal(connect(f->descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    f->library = rtu ? modbus_new_rtu("/dev/null", 9600, 'N', 8, 1) : modbus_new_tcp("x", 502);
    assert_non_null(f->library);
    assert_int_equal(modbus_set_socket(f->library, f->descriptor), 0);
    assert_int_equal(modbus_set_slave(f->library, METER), 0);
    assert_int_equal(modbus_set_response_timeout(f->library, 0, 200000), 0);
}

static void end(struct fixture *f)
{
    assert_true(peer_join(&f->peer));
    modbus_free(f->library);
    (void)close(f->descriptor);
    peer_end(&f->peer);
}

static void a_clean_answer_is_read(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t registers[2];
    begin(&f, true);
    (void)peer_add(&f.peer, PEER_READ, 8);
    peer_add_rtu(&f.peer, METER, 2, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(modbus_read_registers(f.library, 0x10, 2, registers), 2);
    assert_int_equal(registers[0], 0x2222);
    end(&f);
}

static void a_stray_frame_ends_the_request(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t registers[2];
    begin(&f, true);
    (void)peer_add(&f.peer, PEER_READ, 8);
    peer_add_rtu(&f.peer, 6, 2, 0x1111);
    peer_add_rtu(&f.peer, METER, 2, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(modbus_read_registers(f.library, 0x10, 2, registers), -1);
    end(&f);
}

static void an_echo_ends_the_request(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t registers[2];
    uint8_t echo[PEER_BYTES_MAX] = {METER, 0x03, 0x00, 0x10, 0x00, 0x02};
    begin(&f, true);
    (void)peer_add(&f.peer, PEER_READ, 8);
    peer_add_send(&f.peer, echo, peer_seal(echo, 6));
    peer_add_rtu(&f.peer, METER, 2, 0x2222);
    assert_true(peer_start(&f.peer));
    assert_int_equal(modbus_read_registers(f.library, 0x10, 2, registers), -1);
    end(&f);
}

static void the_unit_is_not_compared_on_tcp(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t registers[2];
    begin(&f, false);
    (void)peer_add(&f.peer, PEER_READ, 12);
    peer_add_mbap(&f.peer, 6, 2, 0x1111, 0);
    assert_true(peer_start(&f.peer));
    assert_int_equal(modbus_read_registers(f.library, 0x10, 2, registers), 2);
    assert_int_equal(registers[0], 0x1111); /* another meter's value, as a success */
    end(&f);
}

static void one_late_tcp_answer_puts_it_out_of_step(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t registers[2];
    begin(&f, false);
    (void)peer_add(&f.peer, PEER_READ, 12);
    for (int i = 0; i < 3; i++) {
        (void)peer_add(&f.peer, PEER_READ, 12);
        peer_add_mbap(&f.peer, METER, 2, 0x1111, 1); /* always the answer before */
    }
    assert_true(peer_start(&f.peer));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(modbus_read_registers(f.library, 0x10, 2, registers), -1);
    }
    end(&f);
}

static void a_late_rtu_answer_is_taken_for_the_next(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t registers[1];
    begin(&f, true);
    (void)peer_add(&f.peer, PEER_READ, 8);
    (void)peer_add(&f.peer, PEER_WAIT, 300);
    peer_add_rtu(&f.peer, METER, 1, 0xDEAD);
    (void)peer_add(&f.peer, PEER_READ, 8);
    assert_true(peer_start(&f.peer));
    assert_int_equal(modbus_read_registers(f.library, 0x0224, 1, registers), -1);
    peer_sleep_ms(200);
    assert_int_equal(modbus_read_registers(f.library, 0x0022, 1, registers), 1);
    assert_int_equal(registers[0], 0xDEAD);
    end(&f);
}

static void it_loses_its_place_behind_function_20(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t answer[PEER_BYTES_MAX] = {METER, 0x20, 0x01, 0x00, 0x00, 0x04, 0x06};
    const uint8_t request[] = {METER, 0x20, 0x01, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00};
    uint8_t reply[MODBUS_RTU_MAX_ADU_LENGTH];
    begin(&f, true);
    (void)peer_add(&f.peer, PEER_READ, 11);
    peer_add_send(&f.peer, answer, peer_seal(answer, 13));
    assert_true(peer_start(&f.peer));
    assert_int_equal(modbus_send_raw_request(f.library, request, sizeof(request)), 11);
    assert_int_equal(modbus_receive_confirmation(f.library, reply), -1);
    assert_int_equal(errno, EMBBADCRC);
    assert_true(recv(f.descriptor, reply, sizeof(reply), MSG_DONTWAIT) > 0); /* left behind */
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_answer_is_read),
        cmocka_unit_test(a_stray_frame_ends_the_request),
        cmocka_unit_test(an_echo_ends_the_request),
        cmocka_unit_test(the_unit_is_not_compared_on_tcp),
        cmocka_unit_test(one_late_tcp_answer_puts_it_out_of_step),
        cmocka_unit_test(a_late_rtu_answer_is_taken_for_the_next),
        cmocka_unit_test(it_loses_its_place_behind_function_20),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Devices: the shipped model spoken over both TCP doors to a meter whose Modbus is libmodbus (an
 * independent slave), and the meaning of each failure against a scripted peer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <modbus/modbus.h>

#include "poller/device.h"
#include "poller/models_check.h"
#include "tests/unit/peer.h"

#define METER 5
#define REGISTERS 0x2030
#define TRAVEL_MS 300
#define STATUS 0x0224

static struct model dtsy;

static int load(void **state)
{
    (void)state;
    char error[MODELS_ERROR_MAX];
    enum rc rc =
        models_load_file(PW_SOURCE_DIR "/poller/models/acrel-dtsy1352.json", &dtsy, NULL, error);
    return rc == RC_OK ? 0 : -1;
}

/* A meter of libmodbus: registers, and a relay that needs its time. */
struct meter {
    struct peer door; /* only its listener is used */
    pthread_t thread;
    bool rtu;
    pthread_mutex_t lock; /* of map */
    modbus_mapping_t *map;
};

static void meter_move_relay(struct meter *meter, int64_t ordered_us)
{
    uint16_t *r = meter->map->tab_registers;
    bool travelled = peer_now_us() - ordered_us >= TRAVEL_MS * 1000;
    uint16_t forced = (uint16_t)(r[0x57] == 0 ? 0 : r[0x58] == 1 ? 0x0008 : 0x000F);
    uint16_t relay = (uint16_t)(r[0x57] == 1 && r[0x58] == 1 ? 0 : 0xE000);
    r[STATUS] = (uint16_t)(forced | (travelled ? relay : r[STATUS] & 0xE000));
}

static void *meter_run(void *argument)
{
    struct meter *meter = argument;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int64_t ordered_us = 0;
    int descriptor = accept(meter->door.listener, NULL, NULL);
    modbus_t *slave =
        meter->rtu ? modbus_new_rtu("/dev/null", 9600, 'N', 8, 1) : modbus_new_tcp("x", 502);
    (void)modbus_set_socket(slave, descriptor);
    (void)modbus_set_slave(slave, METER);
    for (;;) {
        int len = modbus_receive(slave, query);
        if (len < 0) {
            break;
        }
        int function = query[modbus_get_header_length(slave)];
        (void)pthread_mutex_lock(&meter->lock);
        if (len > 0 && function == 0x10) {
            ordered_us = peer_now_us();
        }
        meter_move_relay(meter, ordered_us);
        (void)modbus_reply(slave, query, len, meter->map);
        (void)pthread_mutex_unlock(&meter->lock);
    }
    modbus_free(slave);
    (void)close(descriptor);
    return NULL;
}

static void meter_begin(struct meter *meter, bool rtu)
{
    memset(meter, 0, sizeof(*meter));
    assert_true(peer_listen(&meter->door));
    meter->rtu = rtu;
    assert_int_equal(pthread_mutex_init(&meter->lock, NULL), 0);
    meter->map = modbus_mapping_new(0, 0, REGISTERS, 0);
    assert_non_null(meter->map);
    uint16_t *r = meter->map->tab_registers;
    r[0x0022] = 0x0001;
    r[0x0043] = 0x0023;
    r[0x0044] = 0x0415;
    r[0x0045] = 0x0987;
    r[0x0200] = 5;
    r[0x0201] = 2203;
    r[0x0204] = 1250;
    r[0x0216] = 5000;
    r[0x0220] = 12345;
    r[0x0221] = 7;
    r[STATUS] = 0xE000;
    r[0x0400] = 1;
    r[0x0403] = 12000;
    r[0x002D] = 10;     /* last byte of the zones */
    r[0x2014] = 23;     /* of day table 1 */
    r[0x2015] = 0x0400; /* first byte of day table 2 */
    assert_int_equal(pthread_create(&meter->thread, NULL, meter_run, meter), 0);
}

static void meter_set(struct meter *meter, uint16_t at, uint16_t value)
{
    (void)pthread_mutex_lock(&meter->lock);
    meter->map->tab_registers[at] = value;
    (void)pthread_mutex_unlock(&meter->lock);
}

static struct link *link_to(enum link_kind kind, int port, int32_t timeout_ms)
{
    struct link *link = NULL;
    struct link_settings settings = {
        .kind = kind,
        .host = "127.0.0.1",
        .port = port,
        .speed = {.baud = 115200, .parity = 'N', .stop_bits = 1, .turnaround_ms = 0},
        .response_timeout_ms = timeout_ms,
    };
    assert_int_equal(link_create(&settings, &link), RC_OK);
    link_set_writable(link, true);
    return link;
}

static void meter_end(struct meter *meter, struct link *link)
{
    link_free(link); /* the slave sees the end of the connection */
    assert_int_equal(pthread_join(meter->thread, NULL), 0);
    modbus_mapping_free(meter->map);
    (void)pthread_mutex_destroy(&meter->lock);
    peer_end(&meter->door);
}

static int64_t value_of(const struct reading *reading, enum point point)
{
    int64_t value = INT64_MIN;
    assert_true(reading_get(reading, point, &value));
    return value;
}

static void read_everything(const struct device *device)
{
    struct reading reading = {.meter_id = 9};
    struct device_event event;
    struct device_identity identity;
    char serial[SERIAL_NUMBER_MAX];
    assert_int_equal(device_read_fast(device, &reading, &event), RC_OK);
    assert_int_equal(event.exchanges, 1);
    assert_int_equal(event.wire_bound_us, device_fast_bound_us(device));
    assert_int_equal(reading.meter_id, 9);
    assert_true(reading.taken_at_ms > 0);
    assert_int_equal(value_of(&reading, POINT_voltage_a), 220300);
    assert_int_equal(value_of(&reading, POINT_current_a), 12500);
    assert_int_equal(value_of(&reading, POINT_energy), 50000);
    assert_int_equal(value_of(&reading, POINT_balance), 12345);
    assert_int_equal(model_status(&dtsy, &reading).relay, RELAY_CLOSED);
    struct rate_table_bytes tables = {.parts = 0};
    assert_int_equal(device_slow_blocks(device), 5);
    assert_int_equal(device_table_blocks(device), 2);
    assert_int_equal(device_read_slow(device, 0, &reading, &tables, &event), RC_OK);
    assert_int_equal(value_of(&reading, POINT_price_sharp), 12000); /* money comes first */
    for (size_t i = 1; i < 5; i++) {
        assert_int_equal(device_read_slow(device, i, &reading, &tables, &event), RC_OK);
        assert_int_equal(event.exchanges, 1);
    }
    assert_int_equal(tables.parts, RATE_TABLE_ALL);
    assert_int_equal(tables.zones[11], 10);
    assert_int_equal(tables.days[0][41], 23);
    assert_int_equal(tables.days[1][0], 4);
    assert_int_equal(value_of(&reading, POINT_run_word), 1);
    assert_int_equal(value_of(&reading, POINT_voltage_a), 220300); /* kept */
    assert_int_equal(device_read_identity(device, &identity, &event), RC_OK);
    assert_string_equal(identity.serial_number, "002304150987");
    assert_int_equal(identity.model_code, 5);
    assert_int_equal(identity.run_word, 1);
    assert_true(identity.model_matches);
    assert_false(identity.external_control || identity.encrypted);
    assert_int_equal(device_read_serial(device, serial, &event), RC_OK);
    assert_string_equal(serial, "002304150987");
    assert_int_equal(event.exchanges, 1);
}

/* Writes an order and reads back until it is proved; answers how many looks it took. */
static int carry_out(const struct device *device, enum command_kind kind,
                     struct device_facts *facts)
{
    struct device_event event;
    assert_int_equal(device_write_action(device, kind, false, &event), RC_OK);
    assert_true(event.write_left);
    int64_t until_us = peer_now_us() + (int64_t)dtsy.actions[kind].travel_ms * 1000;
    int looks = 0;
    do {
        looks++;
        assert_int_equal(device_confirm(device, kind, false, facts, &event), RC_OK);
        if (!facts->proved) {
            peer_sleep_ms(10);
        }
    } while (!facts->proved && peer_now_us() < until_us);
    return looks;
}

static void all_orders(const struct device *device)
{
    struct device_facts facts;
    int looks = carry_out(device, COMMAND_TRIP, &facts);
    assert_true(facts.proved);
    assert_true(looks > 1); /* the relay was still closed at first */
    assert_int_equal(facts.relay, RELAY_OPEN);
    assert_int_equal(facts.forced, FORCED_TRIP);
    assert_int_equal(facts.forced_word, 0x00010001);
    assert_int_equal(facts.status_bits, 0x0008);
    assert_int_equal(facts.current_ma[0], -1);
    (void)carry_out(device, COMMAND_CLOSE, &facts);
    assert_true(facts.proved);
    assert_int_equal(facts.relay, RELAY_CLOSED);
    assert_int_equal(facts.forced, FORCED_NONE);
    (void)carry_out(device, COMMAND_KEEP_ON, &facts);
    assert_true(facts.proved);
    assert_int_equal(facts.forced, FORCED_KEEP_ON);
    assert_int_equal(carry_out(device, COMMAND_RELEASE, &facts), 1);
    assert_true(facts.proved);
}

static void a_meter_of_libmodbus(void **state)
{
    (void)state;
    for (int rtu = 0; rtu < 2; rtu++) {
        struct meter meter;
        struct link_counters counters = {0};
        meter_begin(&meter, rtu == 1);
        struct link *link =
            link_to(rtu == 1 ? LINK_RTU_OVER_TCP : LINK_MODBUS_TCP, meter.door.port, 2000);
        struct device device = {link, &dtsy, &counters, METER};
        read_everything(&device);
        all_orders(&device);
        assert_int_equal(counters.timeouts + counters.crc + counters.foreign + counters.late +
                             counters.exceptions + counters.short_frames,
                         0);
        meter_end(&meter, link);
    }
}

static void looking_stops_at_the_relay(void **state)
{
    (void)state;
    struct meter meter;
    struct device_facts facts;
    struct device_event event;
    meter_begin(&meter, false);
    struct link *link = link_to(LINK_MODBUS_TCP, meter.door.port, 2000);
    struct device device = {link, &dtsy, NULL, METER};
    assert_int_equal(device_confirm(&device, COMMAND_TRIP, false, &facts, &event), RC_OK);
    assert_false(facts.proved);
    assert_int_equal(event.exchanges, 1);
    assert_int_equal(facts.forced_word, -1);
    assert_int_equal(device_confirm(&device, COMMAND_RELEASE, false, &facts, &event), RC_OK);
    assert_true(facts.proved);
    assert_int_equal(event.exchanges, 2);
    /* external control: the order alone is no proof, the current is */
    meter_set(&meter, 0x57, 1);
    meter_set(&meter, 0x58, 1);
    assert_int_equal(device_confirm(&device, COMMAND_TRIP, true, &facts, &event), RC_OK);
    assert_false(facts.proved);
    assert_int_equal(facts.current_ma[0], 12500);
    meter_set(&meter, 0x0204, 0);
    assert_int_equal(device_confirm(&device, COMMAND_TRIP, true, &facts, &event), RC_OK);
    assert_true(facts.proved);
    meter_end(&meter, link);
}

static void what_is_not_offered_writes_nothing(void **state)
{
    (void)state;
    struct device_event event;
    struct device_facts facts;
    struct peer door;
    assert_true(peer_listen(&door));
    struct link *link = link_to(LINK_MODBUS_TCP, door.port, 100);
    struct device device = {link, &dtsy, NULL, METER};
    assert_int_equal(device_write_action(&device, COMMAND_CLOSE, true, &event), RC_NOT_FOUND);
    assert_int_equal(device_write_action(&device, COMMAND_KEEP_ON, true, &event), RC_NOT_FOUND);
    assert_int_equal(device_write_action(&device, COMMAND_READ, false, &event), RC_NOT_FOUND);
    assert_int_equal(device_confirm(&device, COMMAND_READ, false, &facts, &event), RC_NOT_FOUND);
    link_set_writable(link, false);
    assert_int_equal(device_write_action(&device, COMMAND_TRIP, false, &event), RC_REFUSED);
    assert_int_equal(event.error, DEVICE_ERROR_READ_ONLY);
    assert_false(event.write_left);
    assert_false(link_is_open(link));
    link_free(link);
    peer_end(&door);
}

/* An MBAP exception as the script's next answer. */
static void add_exception(struct peer *peer, uint8_t function, uint8_t code)
{
    const uint8_t bytes[] = {0, 0, 0, 0, 0, 3, METER, (uint8_t)(function | 0x80), code};
    peer_add_send(peer, bytes, sizeof(bytes));
    peer->acts[peer->count - 1].number = 0;
}

static void each_failure_has_its_meaning(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        enum rc rc;
        enum device_error error;
    } rows[] = {
        {0x0A, RC_TIMEOUT, DEVICE_ERROR_METER_SILENT},
        {0x0B, RC_TIMEOUT, DEVICE_ERROR_METER_SILENT},
        {0x05, RC_FULL, DEVICE_ERROR_GATEWAY_BUSY},
        {0x06, RC_FULL, DEVICE_ERROR_GATEWAY_BUSY},
        {0x01, RC_REFUSED, DEVICE_ERROR_EXCEPTION},
        {0x04, RC_REFUSED, DEVICE_ERROR_EXCEPTION},
    };
    struct peer peer;
    struct device_event event;
    struct reading reading = {.present = 0};
    struct link_counters counters = {0};
    assert_true(peer_listen(&peer));
    (void)peer_add(&peer, PEER_ACCEPT, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)peer_add(&peer, PEER_READ, 12);
        add_exception(&peer, 0x03, rows[i].code);
    }
    (void)peer_add(&peer, PEER_READ, 17); /* a write that is answered by an error */
    add_exception(&peer, 0x10, 0x04);
    (void)peer_add(&peer, PEER_READ, 17); /* a write that is not answered */
    (void)peer_add(&peer, PEER_READ, 17); /* a write that breaks the connection */
    (void)peer_add(&peer, PEER_CLOSE, 0);
    assert_true(peer_start(&peer));
    struct link *link = link_to(LINK_MODBUS_TCP, peer.port, 150);
    struct device device = {link, &dtsy, &counters, METER};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(device_read_fast(&device, &reading, &event), rows[i].rc);
        assert_int_equal(event.error, rows[i].error);
        assert_int_equal(event.exception, rows[i].code);
    }
    assert_int_equal(reading.present, 0);
    assert_int_equal(device_write_action(&device, COMMAND_TRIP, false, &event), RC_UNKNOWN);
    assert_int_equal(event.error, DEVICE_ERROR_EXCEPTION);
    assert_int_equal(device_write_action(&device, COMMAND_TRIP, false, &event), RC_UNKNOWN);
    assert_int_equal(event.error, DEVICE_ERROR_METER_SILENT);
    assert_true(event.write_left);
    assert_int_equal(device_write_action(&device, COMMAND_TRIP, false, &event), RC_UNKNOWN);
    assert_int_equal(event.error, DEVICE_ERROR_GATEWAY_SILENT);
    assert_true(peer_join(&peer));
    (void)close(peer.listener); /* now nobody listens: nothing can have left */
    peer.listener = -1;
    assert_int_equal(device_write_action(&device, COMMAND_TRIP, false, &event), RC_UNAVAILABLE);
    assert_false(event.write_left);
    assert_int_equal(device_read_fast(&device, &reading, &event), RC_UNAVAILABLE);
    assert_int_equal(event.error, DEVICE_ERROR_GATEWAY_SILENT);
    assert_int_equal(counters.exceptions, 7);
    assert_int_equal(counters.timeouts, 1);
    link_free(link);
    peer_end(&peer);
}

static void a_short_read_that_the_meter_does_not_know(void **state)
{
    (void)state;
    struct peer peer;
    struct device_event event;
    struct device_identity identity;
    assert_true(peer_listen(&peer));
    (void)peer_add(&peer, PEER_ACCEPT, 0);
    (void)peer_add(&peer, PEER_READ, 12);
    peer_add_mbap(&peer, METER, 1, 0x0001, 0); /* run word */
    (void)peer_add(&peer, PEER_READ, 12);
    peer_add_mbap(&peer, METER, 3, 0x0001, 0); /* serial number 000100020003 */
    (void)peer_add(&peer, PEER_READ, 12);
    add_exception(&peer, 0x03, 0x02); /* 0200 x 1: unknown */
    (void)peer_add(&peer, PEER_READ, 12);
    peer_add_mbap(&peer, METER, 48, 5, 0); /* 0200 x 48 */
    assert_true(peer_start(&peer));
    struct link *link = link_to(LINK_MODBUS_TCP, peer.port, 500);
    struct device device = {link, &dtsy, NULL, METER};
    assert_int_equal(device_read_identity(&device, &identity, &event), RC_OK);
    assert_int_equal(event.error, DEVICE_ERROR_NONE);
    assert_int_equal(event.exchanges, 4);
    assert_string_equal(identity.serial_number, "000100020003");
    assert_true(identity.model_matches);
    assert_true(peer_join(&peer));
    link_free(link);
    peer_end(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_meter_of_libmodbus),
        cmocka_unit_test(looking_stops_at_the_relay),
        cmocka_unit_test(what_is_not_offered_writes_nothing),
        cmocka_unit_test(each_failure_has_its_meaning),
        cmocka_unit_test(a_short_read_that_the_meter_does_not_know),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}

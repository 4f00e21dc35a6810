/* A fake meter for the cases of orders: what it answers and when, and what the order asked of it.
 */
#ifndef PW_TESTS_FAKE_METER_H
#define PW_TESTS_FAKE_METER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "poller/line_order.h"
#include "poller/models_check.h"

#define SERIAL "230901969121"
#define CLOSED 0xE000
#define FORCED_OPEN 0x0008
#define ARREARS 0x0020

struct fake {
    /* the meter */
    bool silent_reads;   /* answers no read */
    int silent_after_ms; /* answers no read from so long after the write; 0: always answers */
    bool deaf;           /* takes no write */
    enum rc write_rc;    /* what the write answers, applied or not */
    int64_t travel_ms;
    int64_t status;
    int64_t wanted; /* status after the travel */
    int64_t moves_at_ms;
    int64_t forced_word;
    const char *serial;
    bool model_matches;
    bool run_word_external;
    int64_t current_ma;
    /* the database */
    enum rc take_rc;
    enum rc mark_rc;
    enum rc end_rc;
    struct command_order order;
    /* what happened */
    int64_t now_ms;
    int64_t written_ms;
    int writes;
    int marks;
    int identity_reads;
    int serial_reads;
    int fast_reads;
    int looks;
    int ends;
    struct command_result result;
    char code[40];
    char evidence[ORDER_EVIDENCE_MAX];
    char serial_read[SERIAL_NUMBER_MAX];
    bool stopping;
    bool stop_after_write;
};

static struct model model;

static void pass(struct fake *fake, int64_t ms, struct device_event *event)
{
    fake->now_ms += ms;
    event->wire_bound_us += ms * 1000;
    if (fake->moves_at_ms > 0 && fake->now_ms >= fake->moves_at_ms) {
        fake->status = fake->wanted;
        fake->moves_at_ms = 0;
    }
}

static bool answers(const struct fake *fake)
{
    bool later = fake->silent_after_ms > 0 && fake->writes > 0 &&
                 fake->now_ms - fake->written_ms >= fake->silent_after_ms;
    return !fake->silent_reads && !later;
}

static enum rc fake_take(void *context, int64_t id, struct command_order *ret_order)
{
    struct fake *fake = context;
    if (fake->take_rc == RC_OK) {
        *ret_order = fake->order;
        ret_order->id = id;
    }
    return fake->take_rc;
}

static enum rc fake_mark(void *context, int64_t id)
{
    struct fake *fake = context;
    (void)id;
    fake->marks++;
    return fake->mark_rc;
}

static enum rc fake_end(void *context, int64_t id, const struct command_result *result)
{
    struct fake *fake = context;
    (void)id;
    fake->ends++;
    fake->result = *result;
    (void)snprintf(fake->code, sizeof(fake->code), "%s", result->result_code);
    (void)snprintf(fake->evidence, sizeof(fake->evidence), "%s", result->evidence_json);
    (void)snprintf(fake->serial_read, sizeof(fake->serial_read), "%s", result->serial_number_read);
    return fake->end_rc;
}

static enum rc fake_identity(void *context, struct device_identity *identity,
                             struct device_event *event)
{
    struct fake *fake = context;
    fake->identity_reads++;
    pass(fake, answers(fake) ? 200 : 400, event);
    if (!answers(fake)) {
        return RC_TIMEOUT;
    }
    (void)snprintf(identity->serial_number, sizeof(identity->serial_number), "%s", fake->serial);
    identity->model_matches = fake->model_matches;
    identity->external_control = fake->run_word_external;
    return RC_OK;
}

static enum rc fake_serial(void *context, char serial[SERIAL_NUMBER_MAX],
                           struct device_event *event)
{
    struct fake *fake = context;
    fake->serial_reads++;
    pass(fake, answers(fake) ? 73 : 400, event);
    if (!answers(fake)) {
        return RC_TIMEOUT;
    }
    (void)snprintf(serial, SERIAL_NUMBER_MAX, "%s", fake->serial);
    return RC_OK;
}

static enum rc fake_fast(void *context, struct reading *reading, struct device_event *event)
{
    struct fake *fake = context;
    fake->fast_reads++;
    pass(fake, answers(fake) ? 167 : 400, event);
    if (!answers(fake)) {
        return RC_TIMEOUT;
    }
    reading_set(reading, POINT_status_bits, fake->status);
    reading_set(reading, POINT_balance, 5);
    return RC_OK;
}

static enum rc fake_write(void *context, enum command_kind kind, bool external,
                          struct device_event *event)
{
    struct fake *fake = context;
    (void)external;
    pass(fake, 75, event);
    fake->writes++;
    fake->written_ms = fake->now_ms;
    if (!fake->deaf) {
        static const int64_t wanted[] = {[COMMAND_TRIP] = FORCED_OPEN,
                                         [COMMAND_CLOSE] = CLOSED,
                                         [COMMAND_KEEP_ON] = 0xE00F,
                                         [COMMAND_RELEASE] = CLOSED};
        static const int64_t words[] = {[COMMAND_TRIP] = 0x10001,
                                        [COMMAND_CLOSE] = 0,
                                        [COMMAND_KEEP_ON] = 0x10000,
                                        [COMMAND_RELEASE] = 0};
        fake->forced_word = words[kind];
        fake->wanted = wanted[kind];
        fake->moves_at_ms = fake->now_ms + fake->travel_ms;
    }
    if (fake->stop_after_write) {
        fake->stopping = true;
    }
    return fake->write_rc;
}

static enum rc fake_confirm(void *context, enum command_kind kind, bool external,
                            struct reading *held, struct device_facts *facts,
                            struct device_event *event)
{
    struct fake *fake = context;
    (void)held;
    fake->looks++;
    pass(fake, answers(fake) ? 140 : 400, event);
    if (!answers(fake)) {
        return RC_TIMEOUT;
    }
    struct reading *reading = &facts->reading;
    reading_set(reading, POINT_status_bits, fake->status);
    reading_set(reading, POINT_forced_enable, fake->forced_word >> 16);
    reading_set(reading, POINT_forced_trip, fake->forced_word & 0xFFFF);
    reading_set(reading, POINT_current_a, fake->current_ma);
    reading_set(reading, POINT_current_b, fake->current_ma);
    reading_set(reading, POINT_current_c, fake->current_ma);
    const struct model_action *action = &model.actions[kind];
    facts->proved = external
                        ? model_conditions_hold(action->confirm_external,
                                                action->confirm_external_count, reading)
                        : model_conditions_hold(action->confirm, action->confirm_count, reading);
    struct meter_status status = model_status(&model, reading);
    facts->relay = status.relay;
    facts->forced = status.forced;
    facts->status_bits = fake->status;
    facts->forced_word = fake->forced_word;
    facts->current_ma[0] = facts->current_ma[1] = facts->current_ma[2] = fake->current_ma;
    return RC_OK;
}

static int64_t fake_now(void *context)
{
    return ((struct fake *)context)->now_ms;
}

static void fake_pause(void *context, int64_t ms)
{
    ((struct fake *)context)->now_ms += ms;
}

static bool fake_stopping(void *context)
{
    return ((struct fake *)context)->stopping;
}

static struct fake fake_of(enum command_kind kind)
{
    struct fake fake = {.travel_ms = 300,
                        .status = CLOSED,
                        .serial = SERIAL,
                        .model_matches = true,
                        .current_ma = 4000,
                        .now_ms = 1000000,
                        .order = {.supply_id = 5,
                                  .meter_id = 6,
                                  .line_id = 7,
                                  .kind = kind,
                                  .origin = ORIGIN_MANUAL,
                                  .serial_number = SERIAL}};
    return fake;
}

static struct order_meter meter_of(void)
{
    return (struct order_meter){
        .model = &model, .relay_before = "closed", .writable = true, .travel_max_ms = 5000};
}

static struct order_ports ports_of(struct fake *fake)
{
    return (struct order_ports){.context = fake,
                                .take = fake_take,
                                .mark_sent = fake_mark,
                                .end = fake_end,
                                .read_identity = fake_identity,
                                .read_serial = fake_serial,
                                .read_fast = fake_fast,
                                .write = fake_write,
                                .confirm = fake_confirm,
                                .now_ms = fake_now,
                                .pause = fake_pause,
                                .stopping = fake_stopping};
}

static struct order_report run(struct fake *fake, struct order_meter meter)
{
    struct order_ports ports = ports_of(fake);
    struct order_report report;
    order_run(&ports, &meter, 812, &report);
    return report;
}

static void assert_ended(const struct fake *fake, enum command_state state, const char *code)
{
    assert_int_equal(fake->ends, 1);
    assert_int_equal(fake->result.state, state);
    assert_string_equal(fake->code, code);
}

#endif

/*
 * An order from taking it to its end, with a fake meter, a fake database and a fake clock: every
 * outcome of design 6.4 and 6.5, time-outs, errors that prove nothing, and orders found sent after
 * a restart.
 */
#include "tests/unit/fake_meter.h"

static void trip_is_confirmed(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    struct order_report report = run(&fake, meter_of());
    assert_ended(&fake, COMMAND_CONFIRMED, "");
    assert_int_equal(report.outcome, ORDER_ENDED);
    assert_int_equal(fake.writes, 1);
    assert_int_equal(fake.marks, 1);
    assert_non_null(strstr(fake.evidence, "\"relay_before\":\"closed\",\"relay_after\":\"open\""));
    assert_non_null(strstr(fake.evidence, "\"forced_word\":65537"));
    assert_non_null(strstr(fake.evidence, "\"serial_number\":\"" SERIAL "\""));
    assert_string_equal(fake.serial_read, SERIAL);
}

static void a_known_meter_shows_its_serial_number_only(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    struct order_meter meter = meter_of();
    meter.is_known = true;
    (void)run(&fake, meter);
    assert_ended(&fake, COMMAND_CONFIRMED, "");
    assert_int_equal(fake.identity_reads, 0);
    assert_int_equal(fake.serial_reads, 1);
    assert_int_equal(fake.fast_reads, 0);
}

static void every_kind_is_confirmed(void **state)
{
    (void)state;
    static const enum command_kind kinds[] = {COMMAND_TRIP, COMMAND_CLOSE, COMMAND_KEEP_ON,
                                              COMMAND_RELEASE, COMMAND_READ};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct fake fake = fake_of(kinds[i]);
        fake.status = kinds[i] == COMMAND_TRIP ? CLOSED : FORCED_OPEN;
        struct order_report report = run(&fake, meter_of());
        assert_ended(&fake, COMMAND_CONFIRMED, "");
        assert_int_equal(fake.writes, kinds[i] != COMMAND_READ);
        assert_int_equal(report.has_reading, kinds[i] == COMMAND_READ);
    }
}

static void a_relay_that_does_not_move_is_refused_after_its_travel(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.travel_ms = 100000;
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_REFUSED, "relay_did_not_move");
    assert_true(fake.now_ms - fake.written_ms >= 5000);
    assert_true(fake.now_ms - fake.written_ms < 6000);
    assert_int_equal(fake.writes, 1);
}

static void a_write_without_answer_is_read_back(void **state)
{
    (void)state;
    static const enum rc answers_of_write[] = {RC_UNKNOWN, RC_TIMEOUT, RC_REFUSED, RC_PROTOCOL,
                                               RC_UNAVAILABLE};
    for (size_t i = 0; i < ARRAY_LEN(answers_of_write); i++) {
        struct fake fake = fake_of(COMMAND_TRIP);
        fake.write_rc = answers_of_write[i];
        (void)run(&fake, meter_of());
        assert_ended(&fake, COMMAND_CONFIRMED, "");
        assert_int_equal(fake.writes, 1); /* applied, the answer lost: never written again */
        struct fake lost = fake_of(COMMAND_TRIP);
        lost.write_rc = answers_of_write[i];
        lost.deaf = true;
        (void)run(&lost, meter_of());
        assert_ended(&lost, COMMAND_REFUSED, "relay_did_not_move");
        assert_int_equal(lost.writes, 1);
    }
}

static void silence_after_the_write_is_unknown(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.silent_after_ms = 1;
    struct order_report report = run(&fake, meter_of());
    assert_ended(&fake, COMMAND_UNKNOWN, "no_read_back");
    assert_int_equal(report.state, COMMAND_UNKNOWN);
    assert_true(fake.now_ms - fake.written_ms >= 5000);
    assert_non_null(strstr(fake.evidence, "\"relay_after\":null"));
}

static void a_silent_meter_refuses_people_and_waits_for_machines(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.silent_reads = true;
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_REFUSED, "meter_silent");
    assert_int_equal(fake.identity_reads, ORDER_READ_TRIES);
    assert_int_equal(fake.marks, 0);
    assert_int_equal(fake.writes, 0);
    fake = fake_of(COMMAND_TRIP);
    fake.silent_reads = true;
    fake.order.origin = ORIGIN_LOCK_OUT;
    struct order_report report = run(&fake, meter_of());
    assert_ended(&fake, COMMAND_PENDING, "");
    assert_int_equal(report.outcome, ORDER_AGAIN);
}

static void another_meter_at_the_address_freezes(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.serial = "999999999999";
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_REFUSED, "serial_mismatch");
    assert_string_equal(fake.serial_read, "999999999999");
    assert_int_equal(fake.writes, 0);
    assert_int_equal(fake.marks, 0);
    fake = fake_of(COMMAND_TRIP);
    fake.model_matches = false;
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_REFUSED, "model_mismatch");
    assert_int_equal(fake.writes, 0);
}

static void without_a_serial_number_nothing_is_written(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.order.serial_number[0] = '\0';
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_REFUSED, "serial_unknown");
    assert_string_equal(fake.serial_read, ""); /* nothing to freeze on */
    assert_int_equal(fake.writes, 0);
}

static void close_in_arrears_is_refused(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_CLOSE);
    fake.status = ARREARS;
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_REFUSED, "arrears");
    assert_int_equal(fake.writes, 0);
    assert_int_equal(fake.marks, 0);
    fake = fake_of(COMMAND_KEEP_ON); /* that is what keep-on is for */
    fake.status = ARREARS;
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_CONFIRMED, "");
}

static void an_external_breaker_is_trip_only(void **state)
{
    (void)state;
    static const enum command_kind kinds[] = {COMMAND_CLOSE, COMMAND_KEEP_ON};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (int how = 0; how < 3; how++) {
            struct fake fake = fake_of(kinds[i]);
            struct order_meter meter = meter_of();
            fake.order.external_control = how == 0;
            meter.external_control = how == 1;
            fake.run_word_external = how == 2;
            (void)run(&fake, meter);
            assert_ended(&fake, COMMAND_REFUSED, "close_by_hand");
            assert_int_equal(fake.writes, 0);
        }
    }
}

static void an_external_trip_is_proved_by_current(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.order.external_control = true;
    (void)run(&fake, meter_of()); /* the relay bits open, the breaker does not */
    assert_ended(&fake, COMMAND_REFUSED, "relay_did_not_move");
    fake = fake_of(COMMAND_TRIP);
    fake.order.external_control = true;
    fake.current_ma = 0;
    (void)run(&fake, meter_of());
    assert_ended(&fake, COMMAND_CONFIRMED, "");
    assert_non_null(strstr(fake.evidence, "\"current_ma\":0"));
}

static void a_read_only_line_lets_nothing_out(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    struct order_meter meter = meter_of();
    meter.writable = false;
    (void)run(&fake, meter);
    assert_ended(&fake, COMMAND_REFUSED, "read_only_line");
    assert_int_equal(fake.writes + fake.marks + fake.identity_reads, 0);
}

static void what_is_not_ours_is_left_alone(void **state)
{
    (void)state;
    static const enum rc refusals[] = {RC_EXPIRED, RC_REFUSED, RC_NOT_FOUND};
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct fake fake = fake_of(COMMAND_TRIP);
        fake.take_rc = refusals[i];
        struct order_report report = run(&fake, meter_of());
        assert_int_equal(report.outcome, ORDER_NOT_TAKEN);
        assert_int_equal(fake.ends + fake.writes + fake.identity_reads, 0);
    }
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.take_rc = RC_CONFLICT;
    assert_int_equal(run(&fake, meter_of()).outcome, ORDER_AGAIN);
    fake = fake_of(COMMAND_TRIP);
    fake.take_rc = RC_UNAVAILABLE;
    assert_int_equal(run(&fake, meter_of()).outcome, ORDER_AGAIN);
    assert_int_equal(fake.writes, 0);
}

static void no_frame_leaves_before_the_commit(void **state)
{
    (void)state;
    static const enum rc results[] = {RC_CONFLICT, RC_EXPIRED,     RC_REFUSED,
                                      RC_UNKNOWN,  RC_UNAVAILABLE, RC_RETRY};
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        struct fake fake = fake_of(COMMAND_TRIP);
        fake.mark_rc = results[i];
        struct order_report report = run(&fake, meter_of());
        assert_int_equal(fake.writes, 0);
        assert_int_equal(report.outcome, i < 3 ? ORDER_NOT_TAKEN : ORDER_AGAIN);
    }
}

static void an_end_that_cannot_be_written_is_kept(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.end_rc = RC_UNAVAILABLE;
    struct order_report report = run(&fake, meter_of());
    assert_int_equal(report.outcome, ORDER_END_LATER);
    fake.end_rc = RC_OK;
    struct order_ports ports = ports_of(&fake);
    assert_int_equal(order_end_again(&ports, 812, &report), RC_OK);
    assert_int_equal(fake.result.state, COMMAND_CONFIRMED);
    assert_non_null(strstr(fake.evidence, "\"relay_after\":\"open\""));
}

static void the_end_of_the_program_leaves_a_sent_order_sent(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.stop_after_write = true;
    struct order_report report = run(&fake, meter_of());
    assert_int_equal(report.outcome, ORDER_AGAIN);
    assert_int_equal(fake.ends, 0);
    fake = fake_of(COMMAND_TRIP);
    fake.stopping = true;
    (void)run(&fake, meter_of());
    assert_int_equal(fake.writes, 0);
    assert_int_equal(fake.marks, 0);
}

static enum order_outcome verify(struct fake *fake, enum command_state found, bool travel_over,
                                 bool give_up)
{
    struct order_ports ports = ports_of(fake);
    struct order_meter meter = meter_of();
    struct order_report report;
    fake->order.state = found;
    order_verify(&ports, &meter, &fake->order, travel_over, give_up, &report);
    assert_int_equal(fake->writes, 0); /* never again */
    assert_int_equal(fake->marks, 0);
    return report.outcome;
}

static void found_sent_is_only_read_back(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_TRIP);
    fake.status = FORCED_OPEN;
    fake.forced_word = 0x10001;
    assert_int_equal(verify(&fake, COMMAND_SENT, false, false), ORDER_ENDED);
    assert_ended(&fake, COMMAND_CONFIRMED, "");

    fake = fake_of(COMMAND_TRIP);
    assert_int_equal(verify(&fake, COMMAND_SENT, false, false), ORDER_AGAIN); /* may still move */
    assert_int_equal(fake.ends, 0);
    assert_int_equal(verify(&fake, COMMAND_SENT, true, false), ORDER_ENDED);
    assert_ended(&fake, COMMAND_REFUSED, "relay_did_not_move");

    fake = fake_of(COMMAND_TRIP);
    fake.silent_reads = true;
    assert_int_equal(verify(&fake, COMMAND_SENT, true, false), ORDER_AGAIN);
    assert_int_equal(verify(&fake, COMMAND_SENT, true, true), ORDER_ENDED);
    assert_ended(&fake, COMMAND_UNKNOWN, "no_read_back");
}

static void unknown_is_found_out_later(void **state)
{
    (void)state;
    struct fake fake = fake_of(COMMAND_CLOSE);
    assert_int_equal(verify(&fake, COMMAND_UNKNOWN, true, true), ORDER_ENDED);
    assert_ended(&fake, COMMAND_CONFIRMED, "");
    fake = fake_of(COMMAND_CLOSE);
    fake.status = FORCED_OPEN;
    fake.forced_word = 0x10001;
    assert_int_equal(verify(&fake, COMMAND_UNKNOWN, true, true), ORDER_ENDED);
    assert_ended(&fake, COMMAND_REFUSED, "relay_did_not_move");
    fake = fake_of(COMMAND_CLOSE);
    fake.silent_reads = true;
    assert_int_equal(verify(&fake, COMMAND_UNKNOWN, true, true), ORDER_AGAIN);
    assert_int_equal(fake.ends, 0);
}

static int load_model(void **state)
{
    (void)state;
    char error[MODELS_ERROR_MAX];
    return models_load_file(PW_SOURCE_DIR "/poller/models/acrel-dtsy1352.json", &model, NULL,
                            error) != RC_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trip_is_confirmed),
        cmocka_unit_test(a_known_meter_shows_its_serial_number_only),
        cmocka_unit_test(every_kind_is_confirmed),
        cmocka_unit_test(a_relay_that_does_not_move_is_refused_after_its_travel),
        cmocka_unit_test(a_write_without_answer_is_read_back),
        cmocka_unit_test(silence_after_the_write_is_unknown),
        cmocka_unit_test(a_silent_meter_refuses_people_and_waits_for_machines),
        cmocka_unit_test(another_meter_at_the_address_freezes),
        cmocka_unit_test(without_a_serial_number_nothing_is_written),
        cmocka_unit_test(close_in_arrears_is_refused),
        cmocka_unit_test(an_external_breaker_is_trip_only),
        cmocka_unit_test(an_external_trip_is_proved_by_current),
        cmocka_unit_test(a_read_only_line_lets_nothing_out),
        cmocka_unit_test(what_is_not_ours_is_left_alone),
        cmocka_unit_test(no_frame_leaves_before_the_commit),
        cmocka_unit_test(an_end_that_cannot_be_written_is_kept),
        cmocka_unit_test(the_end_of_the_program_leaves_a_sent_order_sent),
        cmocka_unit_test(found_sent_is_only_read_back),
        cmocka_unit_test(unknown_is_found_out_later),
    };
    return cmocka_run_group_tests(tests, load_model, NULL);
}

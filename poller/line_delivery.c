#include "poller/line_delivery.h"

#include <assert.h>
#include <string.h>

#include "core/base/failpoint.h"
#include "core/base/text.h"

struct run {
    const struct delivery_ports *ports;
    const struct delivery_meter *meter;
    const struct delivery_look *look;
    struct delivery_report *report;
    int64_t serial_at_ms; /* monotonic, -1: not read in this step, or in doubt since */
    struct delivery_reading reading;
};

static void note(struct run *run, const struct device_event *event, bool answered)
{
    run->report->wire_us += event->wire_bound_us;
    run->report->answered |= answered;
}

static void end_step(struct run *run, enum delivery_step step)
{
    run->report->step = step;
}

/* A rule of ours that the database does not know. */
static void wait_for(struct run *run, const char *code)
{
    run->report->outcome.state = run->look->state;
    text_copy(run->report->outcome.wait_code, sizeof(run->report->outcome.wait_code), code);
    if (strcmp(run->look->wait_code, code) != 0) {
        (void)!run->ports->note_wait(run->ports->context, run->look->id, code);
    }
    end_step(run, DELIVERY_STEP_WAITS);
}

bool delivery_has_power(const struct model *model, bool external_control,
                        const struct reading *reading)
{
    static const enum point currents[] = {POINT_current_a, POINT_current_b, POINT_current_c};
    for (size_t i = 0; i < ARRAY_LEN(currents); i++) {
        int64_t current_ma = 0;
        if (reading_get(reading, currents[i], &current_ma) &&
            current_ma > DELIVERY_CURRENT_MIN_MA) {
            return true;
        }
    }
    return !external_control && model_status(model, reading).relay == RELAY_CLOSED;
}

/* ---- reading ---- */

/* Who answers. RC_REFUSED: it is no meter that may be written; the step is over. */
static enum rc read_who(struct run *run)
{
    const struct delivery_ports *ports = run->ports;
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < DELIVERY_READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        struct device_identity identity = {.model_matches = true};
        if (run->meter->is_known) {
            rc = ports->read_serial(ports->context, run->reading.serial_number, &event);
        } else {
            rc = ports->read_identity(ports->context, &identity, &event);
            text_copy(run->reading.serial_number, sizeof(run->reading.serial_number),
                      identity.serial_number);
        }
        note(run, &event, rc == RC_OK);
        if (rc == RC_OK && (!identity.model_matches || identity.encrypted)) {
            wait_for(run, identity.encrypted ? "encrypted" : "model_mismatch");
            return RC_REFUSED;
        }
    }
    run->serial_at_ms = rc == RC_OK ? ports->now_ms(ports->context) : -1;
    return rc;
}

static enum rc read_block(struct run *run)
{
    const struct delivery_ports *ports = run->ports;
    struct reading *reading = &run->report->reading;
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < DELIVERY_READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        memset(reading, 0, sizeof(*reading));
        rc = ports->read_fast(ports->context, reading, &event);
        note(run, &event, rc == RC_OK);
    }
    run->report->has_reading = rc == RC_OK;
    return rc;
}

/* The whole evidence. The serial number first, unless it was read so lately that it says who
   answers the block. Any failure: the step is over. */
static bool read_meter(struct run *run)
{
    const struct delivery_ports *ports = run->ports;
    (void)FAILPOINT("rb.pre");
    int64_t now_ms = ports->now_ms(ports->context);
    bool known = run->serial_at_ms >= 0 && now_ms - run->serial_at_ms <= DELIVERY_SERIAL_MAX_MS;
    enum rc rc = known ? RC_OK : read_who(run);
    if (rc == RC_REFUSED) {
        return false;
    }
    (void)FAILPOINT("rb.between_count_and_amount");
    rc = rc == RC_OK ? read_block(run) : rc;
    struct reading prices = {.present = 0};
    if (rc == RC_OK) {
        struct device_event event = {0};
        rc = ports->read_prices(ports->context, &prices, &event);
        note(run, &event, rc == RC_OK);
    }
    if (rc != RC_OK) {
        end_step(run, DELIVERY_STEP_AGAIN);
        return false;
    }
    const struct reading *reading = &run->report->reading;
    run->reading.read_at_mono_ms = ports->now_ms(ports->context);
    run->reading.taken_at_ms = reading->taken_at_ms;
    run->reading.power =
        delivery_has_power(run->meter->model, run->meter->external_control, reading);
    if (evidence_make(run->meter->model, reading, &prices, &run->reading.evidence) != RC_OK) {
        wait_for(run, "incomplete_reading");
        return false;
    }
    return true;
}

/* ---- steps ---- */

/* True: go on. Else what a refused or failed transaction means for the step. */
static bool went_well(struct run *run, enum rc rc)
{
    switch (rc) {
    case RC_OK:
        return true;
    case RC_REFUSED:
        end_step(run, DELIVERY_STEP_WAITS);
        return false;
    case RC_CONFLICT:
    case RC_NOT_FOUND:
        end_step(run, DELIVERY_STEP_GONE);
        return false;
    default: /* the database is away, or the outcome of the commit is not known: look again */
        end_step(run, DELIVERY_STEP_AGAIN);
        return false;
    }
}

static bool is_stopping(struct run *run)
{
    if (!run->ports->stopping(run->ports->context)) {
        return false;
    }
    end_step(run, DELIVERY_STEP_AGAIN);
    return true;
}

/* What the meter says, and what follows. True: nothing happened in it, a frame may leave. */
static bool judge(struct run *run)
{
    enum readback_verdict verdict = READBACK_FREEZE;
    enum rc rc = run->ports->judge(run->ports->context, run->look->id, &run->reading, &verdict,
                                   &run->report->outcome);
    if (!went_well(run, rc)) {
        return false;
    }
    enum delivery_state state = run->report->outcome.state;
    if (delivery_state_is_final(state)) {
        end_step(run, DELIVERY_STEP_ENDED);
        return false;
    }
    if (verdict != READBACK_RESEND || state == DELIVERY_HOLD || state == DELIVERY_MANUAL) {
        end_step(run, DELIVERY_STEP_WAITS);
        return false;
    }
    end_step(run, DELIVERY_STEP_AGAIN);
    return true;
}

/* The frame, after its mark is committed; then the read-back, whatever the answer was. */
static void send(struct run *run)
{
    const struct delivery_ports *ports = run->ports;
    struct delivery_frame frame;
    if (is_stopping(run)) {
        return;
    }
    enum rc rc = ports->mark_sent(ports->context, run->look->id, &frame, &run->report->outcome);
    if (!went_well(run, rc)) {
        return;
    }
    struct device_event event = {0};
    rc = ports->write(ports->context, &frame, &event);
    note(run, &event, rc == RC_OK);
    run->report->sent = true;
    run->report->has_reading = false; /* of before the frame */
    end_step(run, DELIVERY_STEP_AGAIN);
    if (rc != RC_OK) { /* late bytes may come: others are polled meanwhile, then who is there is
                          asked again */
        run->report->soon = true;
        return;
    }
    if (!is_stopping(run) && read_meter(run)) {
        (void)judge(run);
    }
}

static void begin_without_count(struct run *run)
{
    const struct delivery_ports *ports = run->ports;
    struct delivery_frame frame;
    if (!read_meter(run) || is_stopping(run)) {
        return;
    }
    enum rc rc =
        ports->claim(ports->context, run->look->id, &run->reading, &frame, &run->report->outcome);
    if (went_well(run, rc)) {
        send(run);
    }
}

static void go_on_with_count(struct run *run, bool mine)
{
    const struct delivery_ports *ports = run->ports;
    if (!mine && !went_well(run, ports->take_over(ports->context, run->look->id))) {
        return;
    }
    if (run->look->state == DELIVERY_HOLD &&
        !went_well(run, ports->resume(ports->context, run->look->id))) {
        return;
    }
    if (read_meter(run) && judge(run)) {
        send(run);
    }
}

void delivery_run(const struct delivery_ports *ports, const struct delivery_meter *meter,
                  const struct delivery_look *look, bool mine, struct delivery_report *ret_report)
{
    assert(ports != NULL && meter != NULL && meter->model != NULL && look != NULL);
    assert(ret_report != NULL);
    struct run run = {
        .ports = ports, .meter = meter, .look = look, .report = ret_report, .serial_at_ms = -1};
    memset(ret_report, 0, sizeof(*ret_report));
    ret_report->outcome.state = look->state;
    end_step(&run, DELIVERY_STEP_AGAIN);
    (void)FAILPOINT("poll.post_pop");
    if (is_stopping(&run)) {
        return;
    }
    if (look->has_count) {
        go_on_with_count(&run, mine);
    } else {
        begin_without_count(&run);
    }
}

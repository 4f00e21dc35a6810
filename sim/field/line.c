/*
 * One RS-485 line: half-duplex, one transaction at a time, real wire time.
 *
 *   IDLE -> WAITING (gap, slow gateway) -> ASKING (request on the wire) -> ANSWERING (turnaround,
 * answer) -> IDLE
 *                                                     \-> UNANSWERED (the gateway's time-out) ->
 * IDLE
 *
 * Each phase ends at a computed time, not at "now plus": the error of a late wake-up is not carried
 * on.
 */
#include <assert.h>
#include <string.h>

#include "sim/field/field.h"

static void begin_next(struct field_line *line);

int64_t line_bound_ns(const struct field_line *line, int64_t request_len, int64_t answer_len)
{
    int64_t turnaround_ns = line->park->turnaround_ms * 1000000;
    if (turnaround_ns < line->speed.gap_ns) {
        turnaround_ns = line->speed.gap_ns;
    }
    return (request_len + 2) * line->speed.char_ns +
           (answer_len == 0 ? 0 : turnaround_ns + (answer_len + 2) * line->speed.char_ns) +
           line->speed.gap_ns;
}

static struct field_gateway *gateway_of(const struct field_line *line)
{
    return line->park->gateway < line->field->park.gateways_len
               ? &line->field->gateways[line->park->gateway]
               : NULL;
}

static struct fault_target target_of(const struct field_line *line,
                                     const struct field_request *request)
{
    uint8_t address = request->bytes[0];
    return (struct fault_target){.meter = address < 248 ? line->meter_at[address] : FIELD_NO_METER,
                                 .line = line->index,
                                 .gateway = line->park->gateway,
                                 .function = request->bytes[1]};
}

/* Sends one frame to the client of the request, dressed for its link. cut: only the first half. */
static void send_frame(const struct field_request *request, const uint8_t *bytes, size_t len,
                       uint16_t transaction, bool flip, bool cut)
{
    uint8_t out[WIRE_FRAME_MAX + 8];
    size_t out_len = 0;
    if (request->mbap) {
        const uint8_t header[6] = {(uint8_t)(transaction >> 8), (uint8_t)transaction, 0, 0,
                                   (uint8_t)(len >> 8),         (uint8_t)len};
        memcpy(out, header, sizeof header);
        memcpy(out + sizeof header, bytes, len);
        out_len = sizeof header + len;
    } else {
        memcpy(out, bytes, len);
        out_len = wire_seal(out, len);
        if (flip) {
            out[out_len / 2] ^= 0x10;
        }
    }
    port_send(request, out, cut ? out_len / 2 : out_len);
}

static void send_answer(struct field_line *line)
{
    const struct field_request *request = &line->current;
    uint16_t transaction = request->transaction;
    if (line->echo) {
        send_frame(request, request->bytes, request->len, transaction, false, false);
    }
    if (line->stray || line->foreign) {
        uint8_t other[WIRE_FRAME_MAX];
        memcpy(other, line->answer, line->answer_len);
        other[0] = (uint8_t)(other[0] % 247 + 1);
        uint16_t id = line->stray ? (uint16_t)(transaction ^ 0x5555) : transaction;
        send_frame(request, other, line->answer_len, id, false, false);
        if (line->foreign) {
            return;
        }
    }
    for (int i = 0; i < (line->doubled ? 2 : 1); i++) {
        send_frame(request, line->answer, line->answer_len, transaction, line->corrupt,
                   line->truncated);
    }
}

static void send_exception(const struct field_request *request, enum answer_exception exception)
{
    uint8_t bytes[3];
    size_t len = answer_exception(request->bytes, exception, bytes);
    send_frame(request, bytes, len, request->transaction, false, false);
}

/* The request is through: to everybody on the line (address 0), nobody answers. */
static void broadcast(struct field_line *line, const struct meter_time *time)
{
    struct field *field = line->field;
    uint8_t ignored[ANSWER_MAX];
    for (int address = 1; address < 248; address++) {
        uint32_t index = line->meter_at[address];
        if (index != FIELD_NO_METER && answer_is_write(line->current.bytes[1])) {
            answer_count(&field->meters[index], line->current.bytes[1]);
            (void)answer_request(&field->meters[index], time, line->current.bytes,
                                 line->current.len, false, ignored);
            field_touched(field, &field->meters[index]);
        }
    }
}

/* Lets the meter act; leaves the answer and its faults in the line. Returns what it adds to the
 * turnaround. */
static int64_t execute(struct field_line *line)
{
    struct field *field = line->field;
    struct faults *faults = &field->faults;
    struct meter_time time = field_time(field);
    struct fault_target target = target_of(line, &line->current);
    int64_t delay_ms = 0;
    line->truncated = line->doubled = line->echo = line->stray = false;
    line->foreign = line->corrupt = false;
    line->answer_len = 0;
    bool write = answer_is_write(line->current.bytes[1]);
    line->counts.write_frames += write ? 1 : 0;
    if (line->current.bytes[0] == 0) {
        broadcast(line, &time);
        return 0;
    }
    if (target.meter == FIELD_NO_METER) {
        return 0;
    }
    struct meter *meter = &field->meters[target.meter];
    answer_count(meter, line->current.bytes[1]);
    if (faults_take(faults, FAULT_SILENT, &target, NULL)) {
        field_touched(field, meter);
        return 0;
    }
    bool purchase =
        target.function == 0x20 && line->current.len > 3 && line->current.bytes[2] == 0x01;
    bool power_cut = purchase && faults_take(faults, FAULT_POWER_CUT, &target, NULL);
    size_t len = answer_request(meter, &time, line->current.bytes, line->current.len, power_cut,
                                line->answer);
    field_touched(field, meter);
    if (len == 0 || (write && faults_take(faults, FAULT_APPLY_NO_ANSWER, &target, NULL))) {
        return 0;
    }
    if (write && faults_take(faults, FAULT_APPLY_THEN_ERROR, &target, NULL)) {
        len = answer_exception(line->current.bytes, ANSWER_DEVICE_FAILURE, line->answer);
    }
    line->foreign = faults_take(faults, FAULT_FOREIGN, &target, NULL);
    line->stray = faults_take(faults, FAULT_STRAY, &target, NULL);
    line->corrupt = faults_take(faults, FAULT_CORRUPT, &target, NULL);
    line->doubled = faults_take(faults, FAULT_DOUBLED, &target, NULL);
    line->truncated = faults_take(faults, FAULT_TRUNCATED, &target, NULL);
    line->echo = faults_take(faults, FAULT_ECHO, &target, NULL);
    (void)faults_take(faults, FAULT_LATE, &target, &delay_ms);
    line->answer_len = line->corrupt && line->current.mbap ? 0 : (uint32_t)len;
    return delay_ms;
}

static void enter(struct field_line *line, enum field_phase phase, int64_t end_ns)
{
    line->phase = phase;
    line->phase_end_ns = end_ns;
    loop_set(line->field->loop, &line->timer, end_ns);
}

/* The line is free again: counts and goes on. */
static void finish(struct field_line *line, int64_t end_ns)
{
    line->counts.transactions++;
    line->counts.unanswered += line->answer_len == 0 ? 1 : 0;
    line->counts.bound_ns += line_bound_ns(line, line->current.len, line->answer_len);
    line->free_ns = end_ns + line->speed.gap_ns;
    line->counts.busy_ns += line->free_ns - line->begin_ns;
    line->phase = FIELD_IDLE;
    control_wake(line->field);
    begin_next(line);
}

/* The request's last byte is on the wire. */
static void asked(struct field_line *line)
{
    int64_t asked_ns = line->phase_end_ns;
    int64_t late_ms = execute(line);
    const struct field_gateway *gateway = gateway_of(line);
    if (line->answer_len == 0) {
        if (line->current.mbap && line->current.bytes[0] != 0) {
            int64_t wait_ms = gateway->timeout_ms != 0 ? gateway->timeout_ms
                                                       : line->park->response_timeout_ms - 100;
            enter(line, FIELD_UNANSWERED, asked_ns + (wait_ms < 50 ? 50 : wait_ms) * 1000000);
        } else {
            finish(line, asked_ns);
        }
        return;
    }
    if (!line->field->options.paced && late_ms == 0) {
        send_answer(line);
        finish(line, loop_now_ns());
        return;
    }
    int64_t bound_ns = line_bound_ns(line, line->current.len, line->answer_len) -
                       (line->current.len + 2) * line->speed.char_ns - line->speed.gap_ns;
    if (!line->field->options.paced) {
        bound_ns = 0;
    }
    enter(line, FIELD_ANSWERING, asked_ns + bound_ns + late_ms * 1000000);
}

static void ask(struct field_line *line, int64_t begin_ns)
{
    line->begin_ns = begin_ns;
    int64_t wire_ns = (line->current.len + 2) * line->speed.char_ns;
    if (line->field->options.paced) {
        enter(line, FIELD_ASKING, begin_ns + wire_ns);
    } else {
        line->phase = FIELD_ASKING;
        line->phase_end_ns = begin_ns;
        asked(line);
    }
}

static void timer_due(struct loop_timer *timer)
{
    struct field_line *line =
        (struct field_line *)(void *)((char *)timer - offsetof(struct field_line, timer));
    switch (line->phase) {
    case FIELD_WAITING:
        ask(line, line->phase_end_ns);
        break;
    case FIELD_ASKING:
        asked(line);
        break;
    case FIELD_ANSWERING:
        send_answer(line);
        line->answer_end_ns = line->phase_end_ns;
        finish(line, line->phase_end_ns);
        break;
    case FIELD_UNANSWERED:
        if (gateway_of(line)->exceptions) {
            send_exception(&line->current, ANSWER_NO_REPLY);
        }
        finish(line, line->phase_end_ns);
        break;
    case FIELD_IDLE:
        assert(false);
    }
}

/* Takes the next request off the queue when the line is idle. */
static void begin_next(struct field_line *line)
{
    if (line->phase != FIELD_IDLE || line->queue_len == 0) {
        return;
    }
    line->timer.due = timer_due;
    line->current = line->queue[line->queue_at];
    line->queue_at = (line->queue_at + 1) % FIELD_QUEUE_MAX;
    line->queue_len--;
    struct fault_target target = target_of(line, &line->current);
    int64_t delay_ms = 0;
    (void)faults_take(&line->field->faults, FAULT_SLOW_QUEUE, &target, &delay_ms);
    int64_t begin_ns = line->current.arrived_ns;
    if (line->field->options.paced && begin_ns < line->free_ns) {
        begin_ns = line->free_ns;
    }
    begin_ns += delay_ms * 1000000;
    if (delay_ms != 0 || (line->field->options.paced && begin_ns > loop_now_ns())) {
        enter(line, FIELD_WAITING, begin_ns);
    } else {
        ask(line, begin_ns);
    }
}

void line_submit(struct field_line *line, const struct field_request *request)
{
    const struct field_gateway *gateway = gateway_of(line);
    struct fault_target target = target_of(line, request);
    if (!request->mbap && request->arrived_ns < line->answer_end_ns + line->speed.gap_ns &&
        faults_take(&line->field->faults, FAULT_NO_GAP_MISSED, &target, NULL)) {
        line->counts.gap_missed++;
        return;
    }
    uint32_t most = request->mbap ? (uint32_t)gateway->queue_max : FIELD_QUEUE_MAX;
    if (line->queue_len >= most) {
        line->counts.queue_full++;
        if (request->mbap && gateway->exceptions) {
            send_exception(request, ANSWER_QUEUE_FULL);
        }
        return;
    }
    line->queue[(line->queue_at + line->queue_len) % FIELD_QUEUE_MAX] = *request;
    line->queue_len++;
    if (line->queue_len > line->counts.queue_most) {
        line->counts.queue_most = line->queue_len;
    }
    begin_next(line);
}

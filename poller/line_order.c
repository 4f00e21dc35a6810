#include "poller/line_order.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"

struct run {
    const struct order_ports *ports;
    const struct order_meter *meter;
    struct command_order order;
    struct order_report *report;
    bool external;
    struct reading held; /* forced control as read back after the write */
    bool has_facts;
    struct device_facts facts; /* of the last read-back that was answered */
    int64_t read_backs;
};

static void note(struct run *run, const struct device_event *event, bool answered)
{
    run->report->wire_us += event->wire_bound_us;
    run->report->answered |= answered;
}

static int64_t largest_current(const struct device_facts *facts)
{
    int64_t largest = -1;
    for (int i = 0; i < 3; i++) {
        largest = facts->current_ma[i] > largest ? facts->current_ma[i] : largest;
    }
    return largest;
}

static void add_number(struct text *json, const char *key, bool present, int64_t value)
{
    text_printf(json, ",\"%s\":", key);
    if (present) {
        text_add_int(json, value);
    } else {
        text_add_string(json, "null");
    }
}

static void add_evidence(struct run *run)
{
    const struct device_facts *facts = &run->facts;
    struct text json CLEANUP(text_release);
    text_init(&json, ORDER_EVIDENCE_MAX - 1);
    text_add_string(&json, "{\"relay_before\":");
    text_add_json_string(&json, run->meter->relay_before, strlen(run->meter->relay_before));
    text_printf(&json, ",\"relay_after\":");
    text_printf(&json, run->has_facts ? "\"%s\"" : "null", relay_name(facts->relay));
    add_number(&json, "status_bits", run->has_facts, facts->status_bits);
    add_number(&json, "forced_word", run->has_facts && facts->forced_word >= 0, facts->forced_word);
    text_add_string(&json, ",\"serial_number\":");
    const char *serial = run->report->serial_number;
    text_add_json_string(&json, serial, strlen(serial));
    add_number(&json, "read_backs", true, run->read_backs);
    int64_t current_ma = run->has_facts ? largest_current(facts) : -1;
    add_number(&json, "current_ma", current_ma >= 0, current_ma);
    add_number(&json, "wire_us", true, run->report->wire_us);
    text_add_char(&json, '}');
    if (text_result(&json) == RC_OK) {
        text_copy(run->report->evidence, sizeof(run->report->evidence), text_string(&json));
    }
}

enum rc order_end_again(const struct order_ports *ports, int64_t command_id,
                        const struct order_report *report)
{
    struct command_result result = {.state = report->state,
                                    .result_code = report->code,
                                    .evidence_json = report->evidence,
                                    .serial_number_read = report->serial_number};
    return ports->end(ports->context, command_id, &result);
}

static void end(struct run *run, enum command_state state, const char *code)
{
    struct order_report *report = run->report;
    report->state = state;
    text_copy(report->code, sizeof(report->code), code);
    if (state == COMMAND_PENDING) {
        report->evidence[0] = '\0';
    } else {
        add_evidence(run);
    }
    enum rc rc = order_end_again(run->ports, run->order.id, report);
    if (rc == RC_UNAVAILABLE || rc == RC_UNKNOWN || rc == RC_RETRY) {
        report->outcome = ORDER_END_LATER;
        return;
    }
    /* Any other refusal: it was settled without us (found out by somebody else). */
    report->outcome = state == COMMAND_PENDING ? ORDER_AGAIN : ORDER_ENDED;
}

/* Nobody answered before anything was written. People hear it at once; what a machine ordered is
   tried again until it expires. */
static void end_silent(struct run *run, enum rc rc)
{
    bool by_person = run->order.origin == ORIGIN_MANUAL;
    const char *code = rc == RC_UNAVAILABLE ? "gateway_silent" : "meter_silent";
    end(run, by_person ? COMMAND_REFUSED : COMMAND_PENDING, by_person ? code : "");
}

static enum rc read_identity(struct run *run, struct device_identity *identity)
{
    const struct order_ports *ports = run->ports;
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < ORDER_READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        if (run->meter->is_known) {
            identity->model_matches = true;
            rc = ports->read_serial(ports->context, identity->serial_number, &event);
        } else {
            rc = ports->read_identity(ports->context, identity, &event);
        }
        note(run, &event, rc == RC_OK);
    }
    return rc;
}

static enum rc read_fast(struct run *run)
{
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < ORDER_READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        memset(&run->report->reading, 0, sizeof(run->report->reading));
        rc = run->ports->read_fast(run->ports->context, &run->report->reading, &event);
        note(run, &event, rc == RC_OK);
    }
    run->report->has_reading = rc == RC_OK;
    return rc;
}

/* Serial number and model are those of the meter that the order means; else it ends here. */
static bool identity_holds(struct run *run, const struct device_identity *identity)
{
    if (run->order.serial_number[0] == '\0') { /* nothing to compare with: no freeze either */
        end(run, COMMAND_REFUSED, "serial_unknown");
        return false;
    }
    text_copy(run->report->serial_number, sizeof(run->report->serial_number),
              identity->serial_number);
    if (strcmp(identity->serial_number, run->order.serial_number) != 0) {
        end(run, COMMAND_REFUSED, "serial_mismatch");
        return false;
    }
    if (!identity->model_matches) {
        end(run, COMMAND_REFUSED, "model_mismatch");
        return false;
    }
    return true;
}

static bool confirm(struct run *run, struct device_event *event)
{
    struct device_facts facts;
    memset(&facts, 0, sizeof(facts));
    enum rc rc = run->ports->confirm(run->ports->context, run->order.kind, run->external,
                                     &run->held, &facts, event);
    note(run, event, rc == RC_OK);
    if (rc != RC_OK) {
        return false;
    }
    run->facts = facts;
    run->has_facts = true;
    run->read_backs++;
    return true;
}

static bool holds_all(const struct model_action *action, const struct reading *reading)
{
    for (size_t i = 0; i < action->refuse_if_count; i++) {
        int64_t value = 0;
        if (!reading_get(reading, action->refuse_if[i].point, &value)) {
            return false;
        }
    }
    return true;
}

/* What the refusals of an action are about: mostly the status word, which the short read of a
   read-back brings; the whole fast block if that is not enough. */
static enum rc read_for_refusal(struct run *run, const struct model_action *action,
                                struct reading *reading)
{
    struct device_event event = {0};
    struct reading nothing_held = {.present = 0};
    run->held = nothing_held;
    if (confirm(run, &event) && holds_all(action, &run->facts.reading)) {
        *reading = run->facts.reading;
        run->held = nothing_held; /* of before the write */
        run->has_facts = false;
        run->read_backs = 0;
        return RC_OK;
    }
    run->held = nothing_held;
    run->has_facts = false;
    run->read_backs = 0;
    TRY(read_fast(run));
    *reading = run->report->reading;
    return RC_OK;
}

/* The model's own rules: what it offers, external control, arrears. */
static bool model_allows(struct run *run)
{
    const struct model_action *action = &run->meter->model->actions[run->order.kind];
    if (run->external && !action->offered_external) {
        bool closes = run->order.kind == COMMAND_CLOSE || run->order.kind == COMMAND_KEEP_ON;
        end(run, COMMAND_REFUSED, closes ? "close_by_hand" : "not_offered");
        return false;
    }
    if (!action->offered) {
        end(run, COMMAND_REFUSED, "not_offered");
        return false;
    }
    if (action->refuse_if_count == 0) {
        return true;
    }
    struct reading reading;
    enum rc rc = read_for_refusal(run, action, &reading);
    if (rc != RC_OK) {
        end_silent(run, rc);
        return false;
    }
    const char *code = model_refusal(action, &reading);
    if (code[0] != '\0') {
        end(run, COMMAND_REFUSED, code);
        return false;
    }
    return true;
}

/* Commits that the frame leaves now. False: it may not, and the order is settled or will be looked
 * at again. */
static bool mark_sent(struct run *run)
{
    enum rc rc = RC_UNAVAILABLE;
    if (!run->ports->stopping(run->ports->context)) {
        rc = run->ports->mark_sent(run->ports->context, run->order.id);
    }
    if (rc == RC_OK) {
        return true;
    }
    bool settled = rc == RC_CONFLICT || rc == RC_EXPIRED || rc == RC_REFUSED || rc == RC_NOT_FOUND;
    if (settled) {
        run->report->outcome = ORDER_NOT_TAKEN;
    } else {
        end(run, COMMAND_PENDING,
            ""); /* RC_CONFLICT if the commit did arrive: then it is verified */
    }
    return false;
}

/* Reads back until proved or the relay's travel is over; the last look is after its end. */
static void read_back(struct run *run, int64_t written_ms)
{
    const struct order_ports *ports = run->ports;
    int64_t travel_ms = run->meter->model->actions[run->order.kind].travel_ms;
    if (travel_ms <= 0 || travel_ms > run->meter->travel_max_ms) {
        travel_ms = run->meter->travel_max_ms;
    }
    int silent_after = 0;
    for (int64_t looks = 0; looks < ORDER_READ_BACKS_MAX; looks++) {
        if (ports->stopping(ports->context)) {
            run->report->outcome = ORDER_AGAIN; /* stays sent; the next process reads back */
            return;
        }
        bool over = ports->now_ms(ports->context) - written_ms >= travel_ms;
        struct device_event event = {0};
        bool answered = confirm(run, &event);
        if (answered && run->facts.proved) {
            end(run, COMMAND_CONFIRMED, "");
            return;
        }
        if (over && answered) {
            end(run, COMMAND_REFUSED, "relay_did_not_move");
            return;
        }
        if (over && ++silent_after >= ORDER_READ_TRIES) {
            break;
        }
        if (!answered) {
            ports->pause(ports->context, ORDER_PAUSE_MS);
        }
    }
    end(run, COMMAND_UNKNOWN, "no_read_back");
}

/* Whoever asks for a reading may do so to end a freeze: the serial number is read with it. Without
   an answer the reading still counts. */
static void read_who(struct run *run)
{
    char serial_number[SERIAL_NUMBER_MAX] = "";
    struct device_event event = {0};
    if (model_find_point(run->meter->model, POINT_serial_number) == NULL) {
        return;
    }
    enum rc rc = run->ports->read_serial(run->ports->context, serial_number, &event);
    note(run, &event, rc == RC_OK);
    if (rc == RC_OK) {
        text_copy(run->report->serial_number, sizeof(run->report->serial_number), serial_number);
    }
}

static void run_read(struct run *run)
{
    if (!mark_sent(run)) {
        return;
    }
    enum rc rc = read_fast(run);
    if (rc == RC_OK) {
        read_who(run);
        int64_t status_bits = 0;
        struct meter_status status = model_status(run->meter->model, &run->report->reading);
        if (reading_get(&run->report->reading, POINT_status_bits, &status_bits)) {
            run->facts = (struct device_facts){.relay = status.relay,
                                               .forced = status.forced,
                                               .status_bits = status_bits,
                                               .forced_word = -1,
                                               .current_ma = {-1, -1, -1}};
            run->has_facts = true;
        }
        end(run, COMMAND_CONFIRMED, "");
    } else {
        end(run, COMMAND_REFUSED, rc == RC_UNAVAILABLE ? "gateway_silent" : "meter_silent");
    }
}

static void run_write(struct run *run)
{
    struct device_identity identity;
    memset(&identity, 0, sizeof(identity));
    if (!run->meter->writable) {
        end(run, COMMAND_REFUSED, "read_only_line");
        return;
    }
    enum rc rc = read_identity(run, &identity);
    if (rc != RC_OK) {
        end_silent(run, rc);
        return;
    }
    run->external =
        run->order.external_control || run->meter->external_control || identity.external_control;
    if (!identity_holds(run, &identity) || !model_allows(run) || !mark_sent(run)) {
        return;
    }
    struct device_event event = {0};
    rc = run->ports->write(run->ports->context, run->order.kind, run->external, &event);
    note(run, &event, rc == RC_OK);
    run->report->has_reading = false; /* of before the write */
    /* Whatever the write answered proves nothing, an error included. */
    read_back(run, run->ports->now_ms(run->ports->context));
}

static void begin(struct run *run, const struct order_ports *ports, const struct order_meter *meter,
                  struct order_report *report)
{
    memset(run, 0, sizeof(*run));
    memset(report, 0, sizeof(*report));
    run->ports = ports;
    run->meter = meter;
    run->report = report;
}

void order_run(const struct order_ports *ports, const struct order_meter *meter, int64_t command_id,
               struct order_report *ret_report)
{
    assert(ports != NULL && meter != NULL && meter->model != NULL && ret_report != NULL);
    struct run run;
    begin(&run, ports, meter, ret_report);
    run.order.id = command_id;
    enum rc rc = ports->take(ports->context, command_id, &run.order);
    if (rc != RC_OK) {
        bool away = rc == RC_UNAVAILABLE || rc == RC_UNKNOWN || rc == RC_RETRY;
        ret_report->outcome = away || rc == RC_CONFLICT ? ORDER_AGAIN : ORDER_NOT_TAKEN;
        if (rc == RC_CONFLICT || rc == RC_UNKNOWN) {
            /* Perhaps it is ours from before, when the database went away: then it is given back.
             */
            end(&run, COMMAND_PENDING, "");
            ret_report->outcome = ORDER_AGAIN;
        }
        return;
    }
    if (command_kind_writes(run.order.kind)) {
        run_write(&run);
    } else {
        run_read(&run);
    }
}

void order_verify(const struct order_ports *ports, const struct order_meter *meter,
                  const struct command_order *order, bool travel_over, bool give_up,
                  struct order_report *ret_report)
{
    assert(ports != NULL && meter != NULL && meter->model != NULL);
    assert(order != NULL && ret_report != NULL);
    struct run run;
    begin(&run, ports, meter, ret_report);
    run.order = *order;
    run.external = order->external_control || meter->external_control;
    ret_report->outcome = ORDER_AGAIN;
    bool offered = meter->model->actions[order->kind].confirm_count > 0;
    bool answered = false;
    if (!command_kind_writes(order->kind)) {
        answered = read_fast(&run) == RC_OK;
        run.facts.proved = answered;
        run.facts.forced_word = -1;
    } else if (offered) {
        struct device_event event = {0};
        answered = confirm(&run, &event);
    }
    if (answered && run.facts.proved) {
        end(&run, COMMAND_CONFIRMED, "");
    } else if (answered && travel_over) {
        end(&run, COMMAND_REFUSED, "relay_did_not_move");
    } else if (!answered && give_up && order->state == COMMAND_SENT) {
        end(&run, COMMAND_UNKNOWN, "no_read_back");
    }
}

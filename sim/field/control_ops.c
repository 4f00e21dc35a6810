/* The ops of the control socket, one row each in ops[] at the end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/clock.h"
#include "sim/field/control.h"

enum rc control_refuse(struct control_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(call->error, PARK_SENTENCE_MAX, format, args);
    va_end(args);
    return RC_INVALID;
}

/* Reads key as a name of one kind; RC_NOT_FOUND when the request does not have it. */
static enum rc scope_name(struct control_call *call, const char *key, const char **ret_name)
{
    enum rc rc = json_get_text(call->request, key, 1, PARK_NAME_MAX - 1, ret_name);
    if (rc == RC_INVALID) {
        return control_refuse(call, "field %s: not a name", key);
    }
    return rc;
}

enum rc control_scope_of(struct control_call *call, enum control_scope *ret_scope,
                         uint32_t *ret_index)
{
    static const struct {
        const char *key;
        enum control_scope scope;
        enum rc (*find)(const struct field *field, const char *name, uint32_t *ret_index);
    } keys[] = {{"meter", CONTROL_METER, field_find_meter},
                {"line", CONTROL_LINE, field_find_line},
                {"gateway", CONTROL_GATEWAY, field_find_gateway}};
    *ret_scope = CONTROL_FIELD;
    *ret_index = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *name = NULL;
        enum rc rc = scope_name(call, keys[i].key, &name);
        if (rc == RC_NOT_FOUND) {
            continue;
        }
        TRY(rc);
        if (*ret_scope != CONTROL_FIELD) {
            return control_refuse(call, "a request names one meter, line or gateway, not two");
        }
        if (keys[i].find(call->field, name, ret_index) != RC_OK) {
            return control_refuse(call, "field %s: there is no %s %s", keys[i].key, keys[i].key,
                                  name);
        }
        *ret_scope = keys[i].scope;
    }
    return RC_OK;
}

/* The one meter that the op needs, advanced to now. */
static enum rc need_meter(struct control_call *call, struct meter_time *ret_time,
                          struct meter **ret_meter)
{
    enum control_scope scope = CONTROL_FIELD;
    uint32_t index = 0;
    TRY(control_scope_of(call, &scope, &index));
    if (scope != CONTROL_METER) {
        return control_refuse(call, "field meter: is needed");
    }
    *ret_time = field_time(call->field);
    *ret_meter = &call->field->meters[index];
    meter_advance(*ret_meter, ret_time);
    return RC_OK;
}

static void add_name(struct text *text, const char *key, const char *name)
{
    text_printf(text, "\"%s\":", key);
    text_add_json_string(text, name, strlen(name));
}

static enum rc op_list(struct control_call *call)
{
    const struct field *field = call->field;
    const struct park *park = &field->park;
    static const char *const links[] = {"modbus_tcp", "rtu_over_tcp", "serial"};
    text_add_string(call->reply, ",\"gateways\":[");
    for (uint32_t i = 0; i < park->gateways_len; i++) {
        text_add_string(call->reply, i == 0 ? "{" : ",{");
        add_name(call->reply, "code", park->gateways[i].code);
        text_printf(call->reply, ",\"dropped\":%s,\"exceptions\":%s}",
                    field->gateways[i].dropped ? "true" : "false",
                    field->gateways[i].exceptions ? "true" : "false");
    }
    text_add_string(call->reply, "],\"lines\":[");
    for (uint32_t i = 0; i < park->lines_len; i++) {
        char host[16] = "";
        if (park->lines[i].link != PARK_SERIAL) {
            port_host(field, &field->lines[i], host);
        }
        text_add_string(call->reply, i == 0 ? "{" : ",{");
        add_name(call->reply, "code", park->lines[i].code);
        text_printf(call->reply, ",\"link\":\"%s\",\"host\":\"%s\",\"port\":%u,\"baud\":%lld}",
                    links[park->lines[i].link], host, park->lines[i].port,
                    (long long)park->lines[i].baud);
    }
    text_add_string(call->reply, "],\"meters\":[");
    for (uint32_t i = 0; i < park->meters_len; i++) {
        text_add_string(call->reply, i == 0 ? "{" : ",{");
        add_name(call->reply, "number", park->meters[i].number);
        text_add_char(call->reply, ',');
        add_name(call->reply, "line", park->lines[park->meters[i].line].code);
        text_printf(call->reply, ",\"address\":%u}", park->meters[i].address);
    }
    text_add_char(call->reply, ']');
    return RC_OK;
}

static void add_applied(struct text *text, const struct meter *meter)
{
    text_printf(text, ",\"applied_lost\":%lld,\"applied\":[", (long long)meter->applied_lost);
    for (uint32_t i = 0; i < meter->applied_len; i++) {
        const struct meter_applied *a = &meter->applied[i];
        text_printf(text,
                    "%s{\"life\":%lld,\"count\":%lld,\"amount_fen\":%lld,\"times\":%lld,"
                    "\"foreign\":%s}",
                    i == 0 ? "" : ",", (long long)a->life, (long long)a->count,
                    (long long)a->amount_fen, (long long)a->times, a->foreign ? "true" : "false");
    }
    text_add_char(text, ']');
}

/* One meter's truth, or of all meters when none is named. */
static enum rc op_get(struct control_call *call)
{
    struct field *field = call->field;
    enum control_scope scope = CONTROL_FIELD;
    uint32_t index = 0;
    TRY(control_scope_of(call, &scope, &index));
    struct meter_time time = field_time(field);
    if (scope == CONTROL_GATEWAY) {
        return control_refuse(call, "field gateway: get knows meters and lines");
    }
    if (scope == CONTROL_LINE) {
        text_add_char(call->reply, ',');
        facts_of_line(call->reply, &field->lines[index]);
        return RC_OK;
    }
    if (scope == CONTROL_METER) {
        meter_advance(&field->meters[index], &time);
        text_add_char(call->reply, ',');
        facts_of_meter(call->reply, &field->meters[index], &time);
        add_applied(call->reply, &field->meters[index]);
        return RC_OK;
    }
    text_add_string(call->reply, ",\"meters\":[");
    for (uint32_t i = 0; i < field->park.meters_len; i++) {
        meter_advance(&field->meters[i], &time);
        text_add_string(call->reply, i == 0 ? "{" : ",{");
        add_name(call->reply, "number", field->meters[i].park.number);
        text_add_char(call->reply, ',');
        facts_of_meter(call->reply, &field->meters[i], &time);
        text_add_char(call->reply, '}');
    }
    text_add_char(call->reply, ']');
    return RC_OK;
}

/* Gateways that a fault drops close their ports; the others open them again. */
static enum rc apply_drops(struct control_call *call)
{
    struct field *field = call->field;
    for (uint32_t g = 0; g < field->park.gateways_len; g++) {
        struct fault_target target = {
            .meter = FIELD_NO_METER, .line = UINT32_MAX, .gateway = g, .function = 0};
        bool dropped = faults_stand(&field->faults, FAULT_DROP_GATEWAY, &target);
        if (dropped == field->gateways[g].dropped) {
            continue;
        }
        field->gateways[g].dropped = dropped;
        for (uint32_t l = 0; l < field->park.lines_len; l++) {
            struct field_line *line = &field->lines[l];
            if (line->park->gateway != g || line->park->link == PARK_SERIAL) {
                continue;
            }
            if (dropped) {
                port_close(line);
            } else {
                TRY(port_open(line, call->error));
            }
        }
    }
    return RC_OK;
}

static enum rc read_times(struct control_call *call, int64_t *ret_times)
{
    const char *word = NULL;
    int64_t times = -1;
    enum rc rc = json_get_int(call->request, "count", 1, 1000000000, &times);
    if (rc == RC_INVALID && (json_get_text(call->request, "count", 1, 16, &word) != RC_OK ||
                             strcmp(word, "forever") != 0)) {
        return control_refuse(call, "field count: not a whole number from 1, and not \"forever\"");
    }
    *ret_times = times;
    return RC_OK;
}

static enum rc op_fault(struct control_call *call)
{
    enum control_scope scope = CONTROL_FIELD;
    uint32_t index = 0;
    struct fault fault = {0};
    const char *kind = NULL;
    TRY(control_scope_of(call, &scope, &index));
    if (scope == CONTROL_FIELD) {
        return control_refuse(call, "a fault needs one of the fields meter, line, gateway");
    }
    if (json_get_text(call->request, "kind", 1, 40, &kind) != RC_OK ||
        fault_kind_of(kind, &fault.kind) != RC_OK) {
        return control_refuse(call, "field kind: not a kind of fault");
    }
    fault.scope = scope == CONTROL_METER  ? FAULT_OF_METER
                  : scope == CONTROL_LINE ? FAULT_OF_LINE
                                          : FAULT_OF_GATEWAY;
    fault.index = index;
    TRY(read_times(call, &fault.left));
    int64_t function = 0;
    if (json_get_int(call->request, "delay_ms", 0, FAULT_DELAY_MS_MAX, &fault.delay_ms) ==
        RC_INVALID) {
        return control_refuse(call, "field delay_ms: not from 0 to %d", FAULT_DELAY_MS_MAX);
    }
    if (json_get_int(call->request, "function", 1, 127, &function) == RC_INVALID) {
        return control_refuse(call, "field function: not from 1 to 127");
    }
    fault.function = (uint8_t)function;
    bool delays = fault.kind == FAULT_LATE || fault.kind == FAULT_SLOW_QUEUE;
    if (delays != (fault.delay_ms > 0)) {
        return control_refuse(call, "field delay_ms: %s",
                              delays ? "is needed for this kind" : "is not for this kind");
    }
    if (fault.kind == FAULT_DROP_GATEWAY && (scope != CONTROL_GATEWAY || fault.left > 0)) {
        return control_refuse(call, "drop_gateway belongs to a gateway and lasts until clear");
    }
    int64_t id = 0;
    if (faults_add(&call->field->faults, &fault, &id) != RC_OK) {
        return control_refuse(call, "there are %d faults already", FAULTS_MAX);
    }
    text_printf(call->reply, ",\"fault\":%lld", (long long)id);
    return apply_drops(call);
}

static enum rc op_clear(struct control_call *call)
{
    enum control_scope scope = CONTROL_FIELD;
    uint32_t index = 0;
    int64_t id = 0;
    TRY(control_scope_of(call, &scope, &index));
    if (json_get_int(call->request, "fault", 1, INT64_MAX, &id) == RC_INVALID) {
        return control_refuse(call, "field fault: not the id of a fault");
    }
    uint32_t cleared = faults_clear(&call->field->faults, id, scope == CONTROL_FIELD,
                                    scope == CONTROL_METER  ? FAULT_OF_METER
                                    : scope == CONTROL_LINE ? FAULT_OF_LINE
                                                            : FAULT_OF_GATEWAY,
                                    index);
    text_printf(call->reply, ",\"cleared\":%u", cleared);
    return apply_drops(call);
}

static enum rc op_faults(struct control_call *call)
{
    const struct field *field = call->field;
    text_add_string(call->reply, ",\"faults\":[");
    for (uint32_t i = 0; i < field->faults.len; i++) {
        const struct fault *f = &field->faults.list[i];
        text_printf(call->reply, "%s{\"fault\":%lld,\"kind\":\"%s\",", i == 0 ? "" : ",",
                    (long long)f->id, fault_name(f->kind));
        if (f->scope == FAULT_OF_METER) {
            add_name(call->reply, "meter", field->park.meters[f->index].number);
        } else if (f->scope == FAULT_OF_LINE) {
            add_name(call->reply, "line", field->park.lines[f->index].code);
        } else {
            add_name(call->reply, "gateway", field->park.gateways[f->index].code);
        }
        text_printf(call->reply, ",\"left\":%lld,\"hits\":%lld}", (long long)f->left,
                    (long long)f->hits);
    }
    text_add_char(call->reply, ']');
    return RC_OK;
}

static enum rc op_count_reset(struct control_call *call)
{
    struct meter_time time;
    struct meter *meter = NULL;
    TRY(need_meter(call, &time, &meter));
    meter->count = 0;
    meter_note(meter, &time, METER_EVENT_SET, 0, 0);
    field_touched(call->field, meter);
    return RC_OK;
}

static enum rc op_foreign_purchase(struct control_call *call)
{
    struct meter_time time;
    struct meter *meter = NULL;
    int64_t amount_fen = 0;
    TRY(need_meter(call, &time, &meter));
    if (json_get_int(call->request, "amount_fen", 0, 100000000, &amount_fen) != RC_OK) {
        return control_refuse(call, "field amount_fen: needs a whole number from 0 to 100000000");
    }
    meter_foreign_purchase(meter, amount_fen, &time);
    field_touched(call->field, meter);
    text_printf(call->reply, ",\"count\":%lld", (long long)meter->count);
    return RC_OK;
}

static enum rc op_swap(struct control_call *call)
{
    struct meter_time time;
    struct meter *meter = NULL;
    const char *serial = NULL;
    char made[13];
    TRY(need_meter(call, &time, &meter));
    enum rc rc = json_get_text(call->request, "serial_number", 12, 12, &serial);
    if (rc == RC_INVALID || (rc == RC_OK && strspn(serial, "0123456789") != 12)) {
        return control_refuse(call, "field serial_number: not 12 digits");
    }
    if (rc == RC_NOT_FOUND) {
        uint64_t draw = load_mix(meter->load.seed, (uint64_t)meter->life);
        snprintf(made, sizeof made, "77%010llu", (unsigned long long)(draw % 10000000000u));
        serial = made;
    }
    meter_swap(meter, serial, &time);
    field_touched(call->field, meter);
    text_add_char(call->reply, ',');
    add_name(call->reply, "serial_number", serial);
    return RC_OK;
}

static enum rc op_hand_close(struct control_call *call)
{
    struct meter_time time;
    struct meter *meter = NULL;
    TRY(need_meter(call, &time, &meter));
    if (meter_hand_close(meter, &time) != RC_OK) {
        return control_refuse(
            call, "%s has no external breaker, or its relay holds the trip: it falls out again",
            meter->park.number);
    }
    field_touched(call->field, meter);
    return RC_OK;
}

static enum rc op_statistics(struct control_call *call)
{
    struct field *field = call->field;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t cpu_ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                     (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    text_printf(call->reply,
                ",\"up_ms\":%lld,\"cpu_ms\":%lld,\"rss_kib\":%ld,\"stores\":%lld,\"lines\":[",
                (long long)((loop_now_ns() - field->base_ns) / 1000000), (long long)cpu_ms,
                usage.ru_maxrss, (long long)field->stores);
    for (uint32_t i = 0; i < field->park.lines_len; i++) {
        text_add_string(call->reply, i == 0 ? "{" : ",{");
        add_name(call->reply, "code", field->park.lines[i].code);
        text_add_char(call->reply, ',');
        facts_of_line(call->reply, &field->lines[i]);
        text_add_char(call->reply, '}');
    }
    text_add_char(call->reply, ']');
    return RC_OK;
}

static enum rc op_journal(struct control_call *call)
{
    struct meter_time time;
    struct meter *meter = NULL;
    char at[CLOCK_TEXT_MAX];
    TRY(need_meter(call, &time, &meter));
    uint32_t first =
        meter->events_total > METER_EVENTS_MAX ? meter->events_total - METER_EVENTS_MAX : 0;
    text_printf(call->reply, ",\"total\":%u,\"events\":[", meter->events_total);
    for (uint32_t i = first; i < meter->events_total; i++) {
        const struct meter_event *e = &meter->events[i % METER_EVENTS_MAX];
        text_printf(call->reply, "%s{\"at\":\"%s\",\"kind\":\"%s\",\"a\":%lld,\"b\":%lld}",
                    i == first ? "" : ",", clock_format_rfc3339(e->at_ms, at),
                    meter_event_name(e->kind), (long long)e->a, (long long)e->b);
    }
    text_add_char(call->reply, ']');
    add_applied(call->reply, meter);
    return RC_OK;
}

enum rc control_look(struct field *field, const struct control_wait *wait, struct fact *ret_fact,
                     bool *ret_holds)
{
    struct fact fact = {0};
    if (wait->scope == CONTROL_METER) {
        struct meter_time time = field_time(field);
        TRY(fact_of_meter(&field->meters[wait->index], &time, wait->condition.name, &fact));
    } else {
        TRY(fact_of_line(field, wait->scope == CONTROL_LINE ? &field->lines[wait->index] : NULL,
                         wait->condition.name, &fact));
    }
    TRY(condition_holds(&wait->condition, &fact, ret_holds));
    *ret_fact = fact;
    return RC_OK;
}

static enum rc op_wait(struct control_call *call)
{
    struct control_wait wait = {.active = true};
    const char *until = NULL;
    TRY(control_scope_of(call, &wait.scope, &wait.index));
    if (wait.scope == CONTROL_GATEWAY) {
        return control_refuse(call, "field gateway: wait knows meters and lines");
    }
    if (json_get_text(call->request, "until", 1, 100, &until) != RC_OK ||
        condition_parse(until, &wait.condition) != RC_OK) {
        return control_refuse(call, "field until: needs a condition such as relay=open");
    }
    if (json_get_int(call->request, "timeout_ms", 0, CONTROL_WAIT_MS_MAX, &call->wait_ms) !=
        RC_OK) {
        return control_refuse(call, "field timeout_ms: needs 0 to %d", CONTROL_WAIT_MS_MAX);
    }
    struct fact fact = {0};
    bool holds = false;
    if (control_look(call->field, &wait, &fact, &holds) != RC_OK) {
        return control_refuse(call,
                              "field until: there is no such fact, or it cannot be compared so");
    }
    *call->wait = wait;
    return RC_OK;
}

static const struct {
    const char *name;
    enum rc (*run)(struct control_call *call);
} ops[] = {
    {"list", op_list},
    {"get", op_get},
    {"set", control_set},
    {"fault", op_fault},
    {"faults", op_faults},
    {"clear", op_clear},
    {"count_reset", op_count_reset},
    {"foreign_purchase", op_foreign_purchase},
    {"swap", op_swap},
    {"hand_close", op_hand_close},
    {"statistics", op_statistics},
    {"journal", op_journal},
    {"wait", op_wait},
};

enum rc control_run(struct control_call *call)
{
    const char *name = NULL;
    if (json_get_text(call->request, "op", 1, 32, &name) != RC_OK) {
        return control_refuse(call, "field op: is needed");
    }
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (strcmp(ops[i].name, name) == 0) {
            return ops[i].run(call);
        }
    }
    return control_refuse(call, "field op: there is no op %s", name);
}

#include "sim/field/facts.h"

#include <stdio.h>
#include <string.h>

struct meter_fact {
    const char *name;
    int64_t (*number)(const struct meter *meter, const struct meter_time *time);
    const char *(*word)(const struct meter *meter);
};

#define NUMBER(name, expression)                                                                   \
    static int64_t name(const struct meter *meter, const struct meter_time *time)                  \
    {                                                                                              \
        (void)time;                                                                                \
        return expression;                                                                         \
    }

NUMBER(balance_fen, meter->balance_fen)
NUMBER(count, meter->count)
NUMBER(last_amount_fen, meter->last_amount_fen)
NUMBER(credits, meter_credits(meter))
NUMBER(life, meter->life)
NUMBER(energy_sharp_wh, meter->energy_mj[0] / METER_MJ_PER_WH)
NUMBER(energy_peak_wh, meter->energy_mj[1] / METER_MJ_PER_WH)
NUMBER(energy_flat_wh, meter->energy_mj[2] / METER_MJ_PER_WH)
NUMBER(energy_valley_wh, meter->energy_mj[3] / METER_MJ_PER_WH)
NUMBER(energy_wh,
       (meter->energy_mj[0] + meter->energy_mj[1] + meter->energy_mj[2] + meter->energy_mj[3]) /
           METER_MJ_PER_WH)
NUMBER(price_sharp_e4, meter->price_e4[0])
NUMBER(price_peak_e4, meter->price_e4[1])
NUMBER(price_flat_e4, meter->price_e4[2])
NUMBER(price_valley_e4, meter->price_e4[3])
NUMBER(alarm1_fen, meter->alarm_fen[0])
NUMBER(alarm2_fen, meter->alarm_fen[1])
NUMBER(overdraft_fen, meter->overdraft_fen)
NUMBER(hoard_fen, meter->hoard_fen)
NUMBER(fee_control, meter->fee_control)
NUMBER(run_word, meter->run_word)
NUMBER(ct_ratio, meter->park.ct_ratio)
NUMBER(pt_ratio, meter->park.pt_ratio)
NUMBER(clock_offset_ms, meter->clock_offset_ms)
NUMBER(load_w, meter->load_override_w)
NUMBER(arrears, (meter_alarms(meter) & 1) != 0 ? 1 : 0)
NUMBER(alarm1, (meter_alarms(meter) & 2) != 0 ? 1 : 0)
NUMBER(alarm2, (meter_alarms(meter) & 4) != 0 ? 1 : 0)
NUMBER(dark, meter->dark_until_ms > time->now_ms ? 1 : 0)
NUMBER(frames_read, meter->frames.read)
NUMBER(frames_write, meter->frames.write)
NUMBER(frames_private, meter->frames.private)
NUMBER(frames_other, meter->frames.other)
NUMBER(frames_answered, meter->frames.answered)
NUMBER(frames,
       meter->frames.read + meter->frames.write + meter->frames.private + meter->frames.other)
NUMBER(write_frames, meter->frames.write + meter->frames.private)
NUMBER(events, meter->events_total)
NUMBER(rate, meter_rate(meter, meter_clock_ms(meter, time)) + 1)

static int64_t power_w(const struct meter *meter, const struct meter_time *time)
{
    int64_t phase_w[METER_PHASES];
    return meter_power_w(meter, time, phase_w);
}

static const char *relay(const struct meter *meter)
{
    int closed = 0;
    int phases = meter_is_single_phase(meter) ? 1 : METER_PHASES;
    for (int phase = 0; phase < phases; phase++) {
        if (meter->relays[phase].due_ms != 0) {
            return "moving";
        }
        closed += meter->relays[phase].closed ? 1 : 0;
    }
    return closed == 0 ? "open" : closed == phases ? "closed" : "partial";
}

static const char *breaker(const struct meter *meter)
{
    if (!meter_is_external(meter)) {
        return "none";
    }
    return meter->breaker_due_ms != 0 ? "moving" : meter->breaker_closed ? "closed" : "open";
}

static const char *forced(const struct meter *meter)
{
    if (meter->forced_enable == 0) {
        return "none";
    }
    if (meter->forced_enable != (int64_t)METER_ALL_PHASES) {
        return "mixed";
    }
    return meter->forced_trip == 0 ? "close" : meter->forced_trip == 7 ? "trip" : "mixed";
}

static const char *serial_number(const struct meter *meter)
{
    return meter->park.serial_number;
}

static const struct meter_fact meter_facts[] = {
    {"serial_number", NULL, serial_number},
    {"relay", NULL, relay},
    {"breaker", NULL, breaker},
    {"forced", NULL, forced},
    {"balance_fen", balance_fen, NULL},
    {"count", count, NULL},
    {"last_amount_fen", last_amount_fen, NULL},
    {"credits", credits, NULL},
    {"life", life, NULL},
    {"power_w", power_w, NULL},
    {"load_w", load_w, NULL},
    {"energy_wh", energy_wh, NULL},
    {"energy_sharp_wh", energy_sharp_wh, NULL},
    {"energy_peak_wh", energy_peak_wh, NULL},
    {"energy_flat_wh", energy_flat_wh, NULL},
    {"energy_valley_wh", energy_valley_wh, NULL},
    {"rate", rate, NULL},
    {"price_sharp_e4", price_sharp_e4, NULL},
    {"price_peak_e4", price_peak_e4, NULL},
    {"price_flat_e4", price_flat_e4, NULL},
    {"price_valley_e4", price_valley_e4, NULL},
    {"alarm1_fen", alarm1_fen, NULL},
    {"alarm2_fen", alarm2_fen, NULL},
    {"overdraft_fen", overdraft_fen, NULL},
    {"hoard_fen", hoard_fen, NULL},
    {"fee_control", fee_control, NULL},
    {"run_word", run_word, NULL},
    {"ct_ratio", ct_ratio, NULL},
    {"pt_ratio", pt_ratio, NULL},
    {"arrears", arrears, NULL},
    {"alarm1", alarm1, NULL},
    {"alarm2", alarm2, NULL},
    {"dark", dark, NULL},
    {"clock_offset_ms", clock_offset_ms, NULL},
    {"frames", frames, NULL},
    {"frames_read", frames_read, NULL},
    {"frames_write", frames_write, NULL},
    {"frames_private", frames_private, NULL},
    {"frames_other", frames_other, NULL},
    {"frames_answered", frames_answered, NULL},
    {"write_frames", write_frames, NULL},
    {"events", events, NULL},
};

static struct fact read_fact(const struct meter_fact *row, const struct meter *meter,
                             const struct meter_time *time)
{
    struct fact fact = {.is_word = row->word != NULL};
    if (row->word != NULL) {
        text_copy(fact.word, sizeof fact.word, row->word(meter));
    } else {
        fact.number = row->number(meter, time);
    }
    return fact;
}

enum rc fact_of_meter(const struct meter *meter, const struct meter_time *time, const char *name,
                      struct fact *ret_fact)
{
    for (size_t i = 0; i < ARRAY_LEN(meter_facts); i++) {
        if (strcmp(meter_facts[i].name, name) == 0) {
            *ret_fact = read_fact(&meter_facts[i], meter, time);
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

void facts_of_meter(struct text *text, const struct meter *meter, const struct meter_time *time)
{
    for (size_t i = 0; i < ARRAY_LEN(meter_facts); i++) {
        struct fact fact = read_fact(&meter_facts[i], meter, time);
        text_printf(text, "%s\"%s\":", i == 0 ? "" : ",", meter_facts[i].name);
        if (fact.is_word) {
            text_add_json_string(text, fact.word, strlen(fact.word));
        } else {
            text_add_int(text, fact.number);
        }
    }
}

struct line_fact {
    const char *name;
    size_t offset; /* of an int64 in struct field_line_counts */
    int64_t divisor;
};

#define COUNT(name, divisor)                                                                       \
    {                                                                                              \
#name, offsetof(struct field_line_counts, name), divisor                                   \
    }
static const struct line_fact line_facts[] = {
    COUNT(transactions, 1),
    COUNT(unanswered, 1),
    {"busy_ms", offsetof(struct field_line_counts, busy_ns), 1000000},
    {"bound_ms", offsetof(struct field_line_counts, bound_ns), 1000000},
    COUNT(queue_full, 1),
    COUNT(queue_most, 1),
    COUNT(gap_missed, 1),
    COUNT(garbage, 1),
    COUNT(write_frames, 1),
    COUNT(accepted, 1),
};

static int64_t read_count(const struct field_line *line, const struct line_fact *row)
{
    int64_t value;
    memcpy(&value, (const char *)&line->counts + row->offset, sizeof value);
    return value / row->divisor;
}

enum rc fact_of_line(const struct field *field, const struct field_line *line, const char *name,
                     struct fact *ret_fact)
{
    struct fact fact = {0};
    bool found = strcmp(name, "clients") == 0;
    for (uint32_t l = 0; l < field->park.lines_len; l++) {
        const struct field_line *one = &field->lines[l];
        if (line != NULL && one != line) {
            continue;
        }
        fact.number += strcmp(name, "clients") == 0 ? one->clients : 0;
        for (size_t i = 0; i < ARRAY_LEN(line_facts); i++) {
            if (strcmp(line_facts[i].name, name) == 0) {
                fact.number += read_count(one, &line_facts[i]);
                found = true;
            }
        }
    }
    if (!found) {
        return RC_NOT_FOUND;
    }
    *ret_fact = fact;
    return RC_OK;
}

void facts_of_line(struct text *text, const struct field_line *line)
{
    text_printf(text, "\"clients\":%u,\"queued\":%u", line->clients, line->queue_len);
    for (size_t i = 0; i < ARRAY_LEN(line_facts); i++) {
        text_printf(text, ",\"%s\":%lld", line_facts[i].name,
                    (long long)read_count(line, &line_facts[i]));
    }
    int64_t cycle_ns = 0; /* one poll of the main block of each meter: 6 bytes asked, 99 answered */
    for (size_t i = 0; i < ARRAY_LEN(line->meter_at); i++) {
        cycle_ns += line->meter_at[i] == FIELD_NO_METER ? 0 : line_bound_ns(line, 6, 99);
    }
    text_printf(text, ",\"cycle_bound_ms\":%lld", (long long)(cycle_ns / 1000000));
}

enum rc condition_parse(const char *sentence, struct condition *ret_condition)
{
    struct condition condition = {0};
    size_t name_len = strcspn(sentence, "=!<>");
    size_t sign_len = strspn(sentence + name_len, "=!<>");
    const char *value = sentence + name_len + sign_len;
    if (name_len == 0 || name_len >= FACT_NAME_MAX || sign_len == 0 || sign_len > 2 ||
        strlen(value) == 0 || strlen(value) >= FACT_WORD_MAX) {
        return RC_INVALID;
    }
    memcpy(condition.name, sentence, name_len);
    memcpy(condition.sign, sentence + name_len, sign_len);
    memcpy(condition.value, value, strlen(value));
    static const char *const signs[] = {"=", "!=", ">=", "<=", ">", "<"};
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (strcmp(condition.sign, signs[i]) == 0) {
            *ret_condition = condition;
            return RC_OK;
        }
    }
    return RC_INVALID;
}

enum rc condition_holds(const struct condition *condition, const struct fact *fact, bool *ret_holds)
{
    const char *sign = condition->sign;
    int64_t order = 0;
    if (fact->is_word) {
        if (strcmp(sign, "=") != 0 && strcmp(sign, "!=") != 0) {
            return RC_INVALID;
        }
        order = strcmp(fact->word, condition->value);
    } else {
        int64_t value = 0;
        TRY(text_parse_int(condition->value, strlen(condition->value), INT64_MIN, INT64_MAX,
                           &value));
        order = fact->number < value ? -1 : fact->number > value ? 1 : 0;
    }
    *ret_holds = strcmp(sign, "=") == 0    ? order == 0
                 : strcmp(sign, "!=") == 0 ? order != 0
                 : strcmp(sign, ">=") == 0 ? order >= 0
                 : strcmp(sign, "<=") == 0 ? order <= 0
                 : strcmp(sign, ">") == 0  ? order > 0
                                           : order < 0;
    return RC_OK;
}

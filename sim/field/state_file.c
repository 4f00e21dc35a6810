/*
 * The state file: one line of text a fact, written beside the old file and renamed over it.
 *
 *   paywatt-sim-field 1 SAVED_AT_MS
 *   meter NUMBER SERIAL name=value ...            (every member of state_members)
 *   bytes NUMBER zones|table1|table2|link1|link2|serial HEX
 *   applied NUMBER LIFE COUNT AMOUNT TIMES FOREIGN LOST
 *   event NUMBER AT_MS KIND A B
 *
 * A line of a meter forgets what lines above it said of that meter. Each meter's text is kept and
 * written anew only when the meter changed in a way that must not be lost, or every FIELD_STORE_MS.
 * rename makes it whole at any kill -9 of the process. It is not synced: a power failure of the
 * machine may lose the last seconds, and a simulated meter may.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "sim/field/field.h"

#define PARTS_MAX 256
#define STATE_LINE_MAX 2048
#define STATE_MAGIC "paywatt-sim-field 1"

enum member_type { INT64, BOOL, UINT16 };

struct member {
    const char *name;
    size_t offset;
    enum member_type type;
};

#define I64(name, path)                                                                            \
    {                                                                                              \
        name, offsetof(struct meter, path), INT64                                                  \
    }
static const struct member members[] = {
    I64("life", life),
    I64("clock_offset_ms", clock_offset_ms),
    I64("load_override_w", load_override_w),
    I64("energy_sharp_mj", energy_mj[0]),
    I64("energy_peak_mj", energy_mj[1]),
    I64("energy_flat_mj", energy_mj[2]),
    I64("energy_valley_mj", energy_mj[3]),
    I64("base_energy_cwh", base_energy_cwh),
    I64("balance_fen", balance_fen),
    I64("charge_rest", charge_rest),
    I64("count", count),
    I64("last_amount_fen", last_amount_fen),
    I64("price_sharp_e4", price_e4[0]),
    I64("price_peak_e4", price_e4[1]),
    I64("price_flat_e4", price_e4[2]),
    I64("price_valley_e4", price_e4[3]),
    I64("alarm1_fen", alarm_fen[0]),
    I64("alarm2_fen", alarm_fen[1]),
    I64("overdraft_fen", overdraft_fen),
    I64("hoard_fen", hoard_fen),
    I64("fee_control", fee_control),
    I64("run_word", run_word),
    I64("code_word", code_word),
    I64("relay_output", relay_output),
    I64("capabilities", capabilities),
    I64("demand_window", demand_window),
    I64("demand_mj", demand_mj),
    I64("max_demand_w", max_demand_w),
    I64("max_demand_civil_ms", max_demand_civil_ms),
    I64("load_trips", load_trips),
    I64("forced_enable", forced_enable),
    I64("forced_trip", forced_trip),
    I64("frames_read", frames.read),
    I64("frames_write", frames.write),
    I64("frames_private", frames.private),
    I64("frames_other", frames.other),
    I64("frames_answered", frames.answered),
    I64("applied_lost", applied_lost),
    I64("relay_stuck", relay_stuck),
    I64("breaker_stuck", breaker_stuck),
    {"relay_a", offsetof(struct meter, relays[0].closed), BOOL},
    {"relay_b", offsetof(struct meter, relays[1].closed), BOOL},
    {"relay_c", offsetof(struct meter, relays[2].closed), BOOL},
    {"breaker", offsetof(struct meter, breaker_closed), BOOL},
    {"ct_ratio", offsetof(struct meter, park.ct_ratio), UINT16},
    {"pt_ratio", offsetof(struct meter, park.pt_ratio), UINT16},
};

static int64_t member_get(const struct meter *meter, const struct member *member)
{
    const char *at = (const char *)meter + member->offset;
    if (member->type == INT64) {
        int64_t value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    if (member->type == UINT16) {
        uint16_t value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    return *(const bool *)at ? 1 : 0;
}

static void member_set(struct meter *meter, const struct member *member, int64_t value)
{
    char *at = (char *)meter + member->offset;
    if (member->type == INT64) {
        memcpy(at, &value, sizeof value);
    } else if (member->type == UINT16) {
        uint16_t word = (uint16_t)value;
        memcpy(at, &word, sizeof word);
    } else {
        *(bool *)at = value != 0;
    }
}

struct block {
    const char *name;
    size_t offset;
    size_t len;
};

static const struct block blocks[] = {
    {"zones", offsetof(struct meter, zones), METER_ZONES_BYTES},
    {"table1", offsetof(struct meter, day_tables[0]), METER_DAY_TABLE_BYTES},
    {"table2", offsetof(struct meter, day_tables[1]), METER_DAY_TABLE_BYTES},
    {"link1", offsetof(struct meter, links[0]), 10},
    {"link2", offsetof(struct meter, links[1]), 10},
    {"serial", offsetof(struct meter, long_serial), 14},
};

static void write_blocks(struct text *text, const struct meter *meter)
{
    static const uint8_t zero[64];
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        const uint8_t *bytes = (const uint8_t *)meter + blocks[i].offset;
        if (memcmp(bytes, zero, blocks[i].len) == 0) {
            continue;
        }
        char hex[2 * sizeof zero + 1];
        for (size_t b = 0; b < blocks[i].len; b++) {
            hex[b * 2] = "0123456789abcdef"[bytes[b] >> 4];
            hex[b * 2 + 1] = "0123456789abcdef"[bytes[b] & 15];
        }
        hex[blocks[i].len * 2] = '\0';
        text_printf(text, "bytes %s %s %s\n", meter->park.number, blocks[i].name, hex);
    }
}

static void write_meter(struct text *text, const struct meter *meter)
{
    const char *number = meter->park.number;
    text_printf(text, "meter %s %s", number, meter->park.serial_number);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        text_add_char(text, ' ');
        text_add_string(text, members[i].name);
        text_add_char(text, '=');
        text_add_int(text, member_get(meter, &members[i]));
    }
    text_add_char(text, '\n');
    write_blocks(text, meter);
    for (uint32_t i = 0; i < meter->applied_len; i++) {
        const struct meter_applied *a = &meter->applied[i];
        text_printf(text, "applied %s %lld %lld %lld %lld %lld\n", number, (long long)a->life,
                    (long long)a->count, (long long)a->amount_fen, (long long)a->times,
                    (long long)a->foreign);
    }
    uint32_t first =
        meter->events_total > METER_EVENTS_MAX ? meter->events_total - METER_EVENTS_MAX : 0;
    for (uint32_t i = first; i < meter->events_total; i++) {
        const struct meter_event *e = &meter->events[i % METER_EVENTS_MAX];
        text_printf(text, "event %s %lld %d %lld %lld\n", number, (long long)e->at_ms, (int)e->kind,
                    (long long)e->a, (long long)e->b);
    }
}

/* Writes head and all chunks; the descriptor is still the caller's. */
static enum rc write_chunks(int fd, const struct field *field, const char *head)
{
    struct iovec parts[PARTS_MAX] = {
        {.iov_base = (char *)(uintptr_t)head, .iov_len = strlen(head)}};
    int parts_len = 1;
    for (uint32_t i = 0; i <= field->park.meters_len; i++) {
        if (parts_len == PARTS_MAX || (i == field->park.meters_len && parts_len > 0)) {
            size_t wanted = 0;
            for (int p = 0; p < parts_len; p++) {
                wanted += parts[p].iov_len;
            }
            if (writev(fd, parts, parts_len) != (ssize_t)wanted) { /* a file takes all or is full */
                return RC_IO;
            }
            parts_len = 0;
        }
        if (i < field->park.meters_len) {
            parts[parts_len++] =
                (struct iovec){.iov_base = field->chunks[i].bytes, .iov_len = field->chunks[i].len};
        }
    }
    return RC_OK;
}

enum rc state_file_write(struct field *field, const char *path)
{
    char head[64];
    char beside[4096];
    if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside) {
        return RC_TOO_LARGE;
    }
    snprintf(head, sizeof head, STATE_MAGIC " %lld\n", (long long)clock_now_ms());
    for (uint32_t i = 0; i < field->park.meters_len; i++) {
        if (!field->chunk_fresh[i]) {
            text_clear(&field->chunks[i]);
            write_meter(&field->chunks[i], &field->meters[i]);
            TRY(text_result(&field->chunks[i]));
            field->chunk_fresh[i] = true;
        }
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0) {
        return RC_IO;
    }
    enum rc rc = write_chunks(fd, field, head);
    if (close(fd) != 0 || rc != RC_OK) {
        return RC_IO;
    }
    return rename(beside, path) == 0 ? RC_OK : RC_IO;
}

static bool parse_int(const char *word, int64_t *ret_value)
{
    return word != NULL &&
           text_parse_int(word, strlen(word), INT64_MIN, INT64_MAX, ret_value) == RC_OK;
}

static bool read_member(struct meter *meter, char *pair)
{
    char *equals = strchr(pair, '=');
    int64_t value = 0;
    if (equals == NULL || !parse_int(equals + 1, &value)) {
        return false;
    }
    *equals = '\0';
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (strcmp(members[i].name, pair) == 0) {
            member_set(meter, &members[i], value);
            return true;
        }
    }
    return false;
}

/* meter NUMBER SERIAL name=value...: the relays stand where they stood, no travel goes on. */
static bool read_meter(struct meter *meter, char **rest)
{
    const char *serial = strtok_r(NULL, " ", rest);
    if (serial == NULL || strlen(serial) != 12 || strspn(serial, "0123456789") != 12) {
        return false;
    }
    memcpy(meter->park.serial_number, serial, 13);
    for (char *pair = strtok_r(NULL, " ", rest); pair != NULL; pair = strtok_r(NULL, " ", rest)) {
        if (!read_member(meter, pair)) {
            return false;
        }
    }
    for (int phase = 0; phase < METER_PHASES; phase++) {
        meter->relays[phase].order_closed = meter->relays[phase].closed;
        meter->relays[phase].due_ms = 0;
    }
    meter->events_total = 0;
    meter->applied_len = 0;
    return meter->park.ct_ratio >= 1 && meter->park.pt_ratio >= 1;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_block(struct meter *meter, char **rest)
{
    const char *name = strtok_r(NULL, " ", rest);
    const char *hex = strtok_r(NULL, " ", rest);
    for (size_t i = 0; name != NULL && hex != NULL && i < ARRAY_LEN(blocks); i++) {
        if (strcmp(blocks[i].name, name) != 0 || strlen(hex) != blocks[i].len * 2) {
            continue;
        }
        uint8_t *bytes = (uint8_t *)meter + blocks[i].offset;
        for (size_t b = 0; b < blocks[i].len; b++) {
            int high = nibble(hex[b * 2]);
            int low = nibble(hex[b * 2 + 1]);
            if (high < 0 || low < 0) {
                return false;
            }
            bytes[b] = (uint8_t)(high << 4 | low);
        }
        return true;
    }
    return false;
}

static bool read_numbers(char **rest, int64_t *values, int count)
{
    for (int i = 0; i < count; i++) {
        if (!parse_int(strtok_r(NULL, " ", rest), &values[i])) {
            return false;
        }
    }
    return true;
}

static bool read_line(struct field *field, char *line, uint32_t *unknown)
{
    char *rest = NULL;
    const char *kind = strtok_r(line, " ", &rest);
    const char *number = strtok_r(NULL, " ", &rest);
    uint32_t index = 0;
    if (kind == NULL || number == NULL) {
        return false;
    }
    if (field_find_meter(field, number, &index) != RC_OK) {
        *unknown += strcmp(kind, "meter") == 0 ? 1 : 0;
        return true;
    }
    struct meter *meter = &field->meters[index];
    int64_t v[5];
    if (strcmp(kind, "meter") == 0) {
        return read_meter(meter, &rest);
    }
    if (strcmp(kind, "bytes") == 0) {
        return read_block(meter, &rest);
    }
    if (strcmp(kind, "applied") == 0 && read_numbers(&rest, v, 5)) {
        meter_count_applied(meter, v[0], v[1], v[2], v[3], v[4] != 0);
        return true;
    }
    if (strcmp(kind, "event") == 0 && read_numbers(&rest, v, 4) && v[1] >= 0 &&
        v[1] < METER_EVENT__MAX) {
        meter->events[meter->events_total++ % METER_EVENTS_MAX] = (struct meter_event){
            .at_ms = v[0], .kind = (enum meter_event_kind)v[1], .a = v[2], .b = v[3]};
        return true;
    }
    return false;
}

static void file_close(FILE **file)
{
    if (*file != NULL) {
        fclose(*file);
    }
}

enum rc state_file_read(struct field *field, const char *path, char *sentence,
                        uint32_t *ret_unknown)
{
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(sentence, PARK_SENTENCE_MAX, "%s cannot be opened: %m", path);
        return errno == ENOENT ? RC_NOT_FOUND : RC_IO;
    }
    char line[STATE_LINE_MAX];
    uint32_t unknown = 0;
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        size_t len = strlen(line);
        bool whole = len > 0 && line[len - 1] == '\n';
        line[whole ? len - 1 : len] = '\0';
        bool good = number == 1 ? strncmp(line, STATE_MAGIC " ", sizeof STATE_MAGIC) == 0
                                : read_line(field, line, &unknown);
        if (!whole || !good) {
            snprintf(sentence, PARK_SENTENCE_MAX, "%s line %d is not a line of a state file", path,
                     number);
            return RC_INVALID;
        }
    }
    *ret_unknown = unknown;
    return RC_OK;
}

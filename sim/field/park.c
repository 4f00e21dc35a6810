#include "sim/field/park.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/field/csv.h"

#define COLUMNS_MAX 10
#define UNITS_MAX 65536

struct unit {
    char number[PARK_NAME_MAX];
    enum park_trade trade;
    enum park_state state;
    int64_t area_dm2;
};

struct reader {
    struct park park;
    struct unit *units;
    uint32_t units_len;
    struct csv csv;
    const char *name;
    char *sentence;
    const char *const *columns; /* of the row at hand */
    const char *values[COLUMNS_MAX];
};

struct noun {
    const char *name;
    const char *columns[COLUMNS_MAX + 1];
    enum rc (*take)(struct reader *reader);
};

static enum rc PRINTF_LIKE(3, 4) refuse(struct reader *reader, int column, const char *format, ...)
{
    char reason[128];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    if (column >= 0) {
        snprintf(reader->sentence, PARK_SENTENCE_MAX, "%s line %d, field %s: %s", reader->name,
                 reader->csv.line_number, reader->columns[column], reason);
    } else {
        snprintf(reader->sentence, PARK_SENTENCE_MAX, "%s line %d: %s", reader->name,
                 reader->csv.line_number, reason);
    }
    return RC_INVALID;
}

/* Makes room for one more row, doubling. */
static enum rc grow(struct reader *reader, void **rows, uint32_t len, uint32_t max, size_t size)
{
    if (len == max) {
        (void)refuse(reader, -1, "more than %u rows of this kind", max);
        return RC_TOO_LARGE;
    }
    if (len == 0 || (len >= 16 && (len & (len - 1)) == 0)) {
        void *more = realloc(*rows, size * (len == 0 ? 16 : (size_t)len * 2));
        if (more == NULL) {
            return RC_MEMORY;
        }
        *rows = more;
    }
    memset((char *)*rows + size * len, 0, size);
    return RC_OK;
}

static enum rc take_name(struct reader *reader, int column, char name[PARK_NAME_MAX])
{
    const char *value = reader->values[column];
    size_t len = strlen(value);
    if (len == 0 || len >= PARK_NAME_MAX || !text_is_utf8(value, len)) {
        return refuse(reader, column, "needs 1 to %d bytes of UTF-8", PARK_NAME_MAX - 1);
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value[i] <= ' ' || value[i] == '=') {
            return refuse(reader, column, "blanks, = and control characters are not allowed");
        }
    }
    memcpy(name, value, len + 1);
    return RC_OK;
}

static enum rc take_int(struct reader *reader, int column, int64_t min, int64_t max,
                        int64_t *ret_value)
{
    const char *value = reader->values[column];
    if (text_parse_int(value, strlen(value), min, max, ret_value) != RC_OK) {
        return refuse(reader, column, "%.40s is not a whole number from %lld to %lld", value,
                      (long long)min, (long long)max);
    }
    return RC_OK;
}

/* Index of the value in a NULL ended list of words. */
static enum rc take_word(struct reader *reader, int column, const char *const *words,
                         int *ret_index)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], reader->values[column]) == 0) {
            *ret_index = i;
            return RC_OK;
        }
    }
    return refuse(reader, column, "%.40s is not one of the known words", reader->values[column]);
}

/* Index of the row whose name (first member) is wanted; count when there is none. */
static uint32_t find(const void *rows, uint32_t count, size_t size, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp((const char *)rows + size * i, name) == 0) {
            return i;
        }
    }
    return count;
}

static enum rc take_site(struct reader *reader)
{
    text_copy(reader->park.time_zone, sizeof reader->park.time_zone, reader->values[0]);
    return RC_OK;
}

static enum rc take_unit(struct reader *reader)
{
    static const char *const trades[] = {"餐饮", "服装", "超市", "影院", "美容", "教育", "数码",
                                         "儿童", "珠宝", "书店", "健身", "冷库", "公共", NULL};
    static const char *const states[] = {"空置", "装修", "营业", "临时", NULL};
    void *rows = reader->units;
    TRY(grow(reader, &rows, reader->units_len, UNITS_MAX, sizeof *reader->units));
    reader->units = rows;
    struct unit *unit = &reader->units[reader->units_len];
    int trade = 0;
    int state = 0;
    TRY(take_name(reader, 0, unit->number));
    TRY(take_word(reader, 1, trades, &trade));
    TRY(take_word(reader, 2, states, &state));
    const char *area = reader->values[3];
    if (text_parse_decimal(area, strlen(area), 1, &unit->area_dm2) != RC_OK || unit->area_dm2 < 0 ||
        unit->area_dm2 > 10000000) {
        return refuse(reader, 3, "%.40s is not an area in square metres", area);
    }
    unit->trade = (enum park_trade)trade;
    unit->state = (enum park_state)state;
    reader->units_len++;
    return RC_OK;
}

static enum rc take_gateway(struct reader *reader)
{
    struct park *park = &reader->park;
    void *rows = park->gateways;
    TRY(grow(reader, &rows, park->gateways_len, PARK_GATEWAYS_MAX, sizeof *park->gateways));
    park->gateways = rows;
    struct park_gateway *gateway = &park->gateways[park->gateways_len];
    TRY(take_name(reader, 0, gateway->code));
    struct in_addr address;
    if (inet_pton(AF_INET, reader->values[1], &address) != 1) {
        return refuse(reader, 1, "%.40s is not an IPv4 address", reader->values[1]);
    }
    text_copy(gateway->host, sizeof gateway->host, reader->values[1]);
    if (find(park->gateways, park->gateways_len, sizeof *gateway, gateway->code) !=
        park->gateways_len) {
        return refuse(reader, 0, "%s stands here twice", gateway->code);
    }
    park->gateways_len++;
    return RC_OK;
}

static enum rc take_line(struct reader *reader)
{
    static const char *const links[] = {"modbus_tcp", "rtu_over_tcp", "serial", NULL};
    static const char *const parities[] = {"N", "E", "O", NULL};
    struct park *park = &reader->park;
    void *rows = park->lines;
    TRY(grow(reader, &rows, park->lines_len, PARK_LINES_MAX, sizeof *park->lines));
    park->lines = rows;
    struct park_line *line = &park->lines[park->lines_len];
    int link = 0;
    int parity = 0;
    int64_t port = 0;
    TRY(take_name(reader, 0, line->code));
    TRY(take_word(reader, 2, links, &link));
    line->link = (enum park_link)link;
    line->gateway =
        find(park->gateways, park->gateways_len, sizeof *park->gateways, reader->values[1]);
    if (line->gateway == park->gateways_len && line->link != PARK_SERIAL) {
        return refuse(reader, 1, "there is no gateway %.40s above", reader->values[1]);
    }
    if (line->link != PARK_SERIAL) {
        TRY(take_int(reader, 3, 1, 65535, &port));
    }
    TRY(take_int(reader, 4, 300, 1000000, &line->baud));
    TRY(take_word(reader, 5, parities, &parity));
    TRY(take_int(reader, 6, 1, 2, &line->stop_bits));
    TRY(take_int(reader, 7, 0, 10000, &line->turnaround_ms));
    TRY(take_int(reader, 8, 1, 120000, &line->response_timeout_ms));
    line->port = (uint16_t)port;
    line->parity = parities[parity][0];
    if (find(park->lines, park->lines_len, sizeof *line, line->code) != park->lines_len) {
        return refuse(reader, 0, "%s stands here twice", line->code);
    }
    park->lines_len++;
    return RC_OK;
}

static enum rc check_new_meter(struct reader *reader, const struct park_meter *meter)
{
    const struct park *park = &reader->park;
    for (uint32_t i = 0; i < park->meters_len; i++) {
        const struct park_meter *other = &park->meters[i];
        if (strcmp(other->number, meter->number) == 0) {
            return refuse(reader, 0, "%s stands here twice", meter->number);
        }
        if (other->line == meter->line && other->address == meter->address) {
            return refuse(reader, 2, "address %d of this line belongs to %s", meter->address,
                          other->number);
        }
    }
    return RC_OK;
}

static enum rc take_meter(struct reader *reader)
{
    static const char *const models[] = {"acrel-dtsy1352", "acrel-ddsy1352", NULL};
    struct park *park = &reader->park;
    void *rows = park->meters;
    TRY(grow(reader, &rows, park->meters_len, PARK_METERS_MAX, sizeof *park->meters));
    park->meters = rows;
    struct park_meter *meter = &park->meters[park->meters_len];
    int model = 0;
    int64_t number = 0;
    TRY(take_name(reader, 0, meter->number));
    meter->line = find(park->lines, park->lines_len, sizeof *park->lines, reader->values[1]);
    if (meter->line == park->lines_len) {
        return refuse(reader, 1, "there is no line %.40s above", reader->values[1]);
    }
    TRY(take_int(reader, 2, 1, 247, &number));
    meter->address = (uint8_t)number;
    TRY(take_word(reader, 3, models, &model));
    meter->model = (enum park_model)model;
    const char *serial = reader->values[4];
    if (strlen(serial) != 12 || strspn(serial, "0123456789") != 12) {
        return refuse(reader, 4, "%.40s is not 12 digits", serial);
    }
    memcpy(meter->serial_number, serial, 13);
    TRY(take_int(reader, 5, 1, 9999, &number));
    meter->ct_ratio = (uint16_t)number;
    TRY(take_int(reader, 6, 1, 9999, &number));
    meter->pt_ratio = (uint16_t)number;
    TRY(take_int(reader, 7, 0, 1, &number));
    meter->external_control = number == 1;
    meter->trade = PARK_PUBLIC;
    meter->state = PARK_VACANT;
    TRY(check_new_meter(reader, meter));
    park->meters_len++;
    return RC_OK;
}

static enum rc take_supply(struct reader *reader)
{
    struct park *park = &reader->park;
    uint32_t unit =
        find(reader->units, reader->units_len, sizeof *reader->units, reader->values[0]);
    uint32_t meter = find(park->meters, park->meters_len, sizeof *park->meters, reader->values[1]);
    if (unit == reader->units_len) {
        return refuse(reader, 0, "there is no unit %.40s above", reader->values[0]);
    }
    if (meter == park->meters_len) {
        return refuse(reader, 1, "there is no meter %.40s above", reader->values[1]);
    }
    park->meters[meter].trade = reader->units[unit].trade;
    park->meters[meter].state = reader->units[unit].state;
    park->meters[meter].area_dm2 = reader->units[unit].area_dm2;
    return RC_OK;
}

static const struct noun nouns[] = {
    {"site", {"time_zone", NULL}, take_site},
    {"unit", {"number", "trade", "state", "area_m2", NULL}, take_unit},
    {"gateway", {"code", "host", NULL}, take_gateway},
    {"line",
     {"code", "gateway", "link", "port", "baud", "parity", "stop_bits", "turnaround_ms",
      "response_timeout_ms", NULL},
     take_line},
    {"meter",
     {"number", "line", "address", "model", "serial_number", "ct_ratio", "pt_ratio",
      "external_control", NULL},
     take_meter},
    {"supply", {"unit", "meter", NULL}, take_supply},
};

/* Where each needed column stands; -1 before the noun's header row was seen. */
struct layout {
    int at[COLUMNS_MAX];
    int fields_len;
};

static enum rc take_header(struct reader *reader, const struct noun *noun, struct layout *layout)
{
    layout->fields_len = reader->csv.fields_len;
    for (int c = 0; noun->columns[c] != NULL; c++) {
        layout->at[c] = -1;
        for (int f = 1; f < reader->csv.fields_len; f++) {
            if (strcmp(reader->csv.fields[f], noun->columns[c]) == 0) {
                layout->at[c] = f;
            }
        }
        if (layout->at[c] < 0) {
            return refuse(reader, -1, "the columns of #%s lack %s", noun->name, noun->columns[c]);
        }
    }
    return RC_OK;
}

static enum rc take_row(struct reader *reader, const struct noun *noun, const struct layout *layout)
{
    if (layout->fields_len == 0) {
        return refuse(reader, -1, "a row of %s before its header row #%s", noun->name, noun->name);
    }
    if (reader->csv.fields_len != layout->fields_len) {
        return refuse(reader, -1, "%d fields where the header row has %d", reader->csv.fields_len,
                      layout->fields_len);
    }
    reader->columns = noun->columns;
    for (int c = 0; noun->columns[c] != NULL; c++) {
        reader->values[c] = reader->csv.fields[layout->at[c]];
    }
    return noun->take(reader);
}

static enum rc read_rows(struct reader *reader)
{
    struct layout layouts[ARRAY_LEN(nouns)] = {0};
    for (;;) {
        enum rc rc = csv_next(&reader->csv);
        if (rc == RC_NOT_FOUND) {
            return RC_OK;
        }
        if (rc != RC_OK) {
            (void)refuse(reader, -1, "%s",
                         rc == RC_INVALID ? "a quote is not closed or stands inside a field"
                                          : "the row is too long");
            return rc;
        }
        const char *first = reader->csv.fields[0];
        for (size_t n = 0; n < ARRAY_LEN(nouns); n++) {
            if (first[0] == '#' && strcmp(first + 1, nouns[n].name) == 0) {
                TRY(take_header(reader, &nouns[n], &layouts[n]));
            } else if (strcmp(first, nouns[n].name) == 0) {
                TRY(take_row(reader, &nouns[n], &layouts[n]));
            }
        }
    }
}

enum rc park_parse(const char *name, const char *text, size_t len, char *sentence,
                   struct park *ret_park)
{
    struct reader reader = {.name = name, .sentence = sentence};
    text_copy(reader.park.time_zone, sizeof reader.park.time_zone, "UTC");
    csv_init(&reader.csv, text, len);
    sentence[0] = '\0';
    enum rc rc = read_rows(&reader);
    if (rc == RC_OK && reader.park.meters_len == 0) {
        rc = refuse(&reader, -1, "the file has no meter");
    }
    free(reader.units);
    if (rc != RC_OK) {
        if (sentence[0] == '\0') {
            snprintf(sentence, PARK_SENTENCE_MAX, "%s: %s", name, rc_sentence(rc));
        }
        park_release(&reader.park);
        return rc;
    }
    *ret_park = reader.park;
    return RC_OK;
}

static void file_close(FILE **file)
{
    if (*file != NULL) {
        fclose(*file);
    }
}

enum rc park_read(const char *path, char *sentence, struct park *ret_park)
{
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(sentence, PARK_SENTENCE_MAX, "%s cannot be opened: %m", path);
        return RC_IO;
    }
    CLEANUP(text_release) struct text text;
    text_init(&text, PARK_BYTES_MAX);
    char block[65536];
    size_t len = 0;
    while ((len = fread(block, 1, sizeof block, file)) > 0) {
        text_add(&text, block, len);
    }
    enum rc rc = ferror(file) != 0 ? RC_IO : text_result(&text);
    if (rc != RC_OK) {
        snprintf(sentence, PARK_SENTENCE_MAX, "%s: %s", path, rc_sentence(rc));
        return rc;
    }
    return park_parse(path, text_string(&text), text.len, sentence, ret_park);
}

void park_release(struct park *park)
{
    free(park->gateways);
    free(park->lines);
    free(park->meters);
    *park = (struct park){0};
}

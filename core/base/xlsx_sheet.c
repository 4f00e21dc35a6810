/* Shared strings and the cells of one worksheet. */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/xlsx_own.h"

#define DIGITS_MAX 64 /* that somebody may write */
#define KEPT_DIGITS 15
#define KEPT_DECIMALS 9
#define EXPONENT_MAX 400
#define SHEET_ROW_MAX 1048576
#define SHEET_COLUMN_MAX 16384
#define STRINGS_FIRST ((size_t)256)

/* ---- numbers */

struct digits {
    char list[DIGITS_MAX + 1]; /* the first is not 0 */
    int count;
    int point; /* so many stand before it; below 0: zeros behind it come first */
    bool negative;
};

/* Excel writes a sign and two digits at least: E+05 */
static bool exponent_parse(const char *bytes, size_t len, int64_t *ret)
{
    bool minus = len > 0 && bytes[0] == '-';
    size_t at = minus || (len > 0 && bytes[0] == '+');
    while (at + 1 < len && bytes[at] == '0') {
        at++;
    }
    if (text_parse_int(bytes + at, len - at, 0, EXPONENT_MAX, ret) != RC_OK) {
        return false;
    }
    *ret = minus ? -*ret : *ret;
    return true;
}

static bool digits_parse(const char *bytes, size_t len, struct digits *ret)
{
    size_t at = 0;
    int seen = 0;
    bool behind = false;
    int64_t exponent = 0;
    *ret = (struct digits){.negative = len > 0 && bytes[0] == '-'};
    at += ret->negative;
    for (; at < len && (isdigit((unsigned char)bytes[at]) || (bytes[at] == '.' && !behind)); at++) {
        if (bytes[at] == '.') {
            behind = true;
            continue;
        }
        seen++;
        bool leads = ret->count == 0 && bytes[at] == '0';
        ret->point += !behind && !leads ? 1 : behind && leads ? -1 : 0;
        if (!leads) {
            if (ret->count == DIGITS_MAX) {
                return false;
            }
            ret->list[ret->count++] = bytes[at];
        }
    }
    if (seen == 0 || seen > DIGITS_MAX) {
        return false;
    }
    if (at < len && (bytes[at] == 'E' || bytes[at] == 'e')) {
        if (!exponent_parse(bytes + at + 1, len - at - 1, &exponent)) {
            return false;
        }
        at = len;
    }
    ret->point += (int)exponent;
    return at == len;
}

/* Half away from zero: 15 digits, 9 decimals; no zeros behind. */
static void digits_round(struct digits *digits)
{
    int keep = digits->point + KEPT_DECIMALS;
    keep = keep > KEPT_DIGITS ? KEPT_DIGITS : keep;
    if (keep < 0) {
        digits->count = 0;
    } else if (digits->count > keep) {
        bool up = digits->list[keep] >= '5';
        int at = digits->count = keep;
        while (up && at > 0 && digits->list[at - 1] == '9') {
            digits->list[--at] = '0';
        }
        if (up && at > 0) {
            digits->list[at - 1]++;
        } else if (up) { /* 9.99 -> 10 */
            digits->list[0] = '1';
            digits->count = 1;
            digits->point++;
        }
    }
    while (digits->count > 0 && digits->list[digits->count - 1] == '0') {
        digits->count--;
    }
}

enum rc xlsx_number(const char *bytes, size_t len, char ret_text[XLSX_NUMBER_BYTES])
{
    struct digits digits;
    char *out = ret_text;
    if (!digits_parse(bytes, len, &digits)) {
        return RC_INVALID;
    }
    digits_round(&digits);
    if (digits.count == 0) {
        memcpy(ret_text, "0", 2);
        return RC_OK;
    }
    if (digits.point > KEPT_DIGITS) {
        return RC_INVALID;
    }
    if (digits.negative) {
        *out++ = '-';
    }
    if (digits.point <= 0) {
        *out++ = '0';
    }
    for (int i = 0; i < digits.point; i++) {
        *out++ = i < digits.count ? digits.list[i] : '0';
    }
    if (digits.count > digits.point) {
        *out++ = '.';
    }
    for (int i = digits.point; i < digits.count; i++) {
        *out++ = i < 0 ? '0' : digits.list[i];
    }
    *out = '\0';
    assert(out < ret_text + XLSX_NUMBER_BYTES);
    return RC_OK;
}

/* ---- shared strings */

struct strings {
    const char **list; /* NULL: too long for a cell; it may be another sheet's */
    size_t count;
    size_t size;
    struct xlsx_text text;
};

static void strings_begin(struct xlsx_part *part, const char *const *attributes)
{
    struct strings *strings = part->context;
    (void)attributes;
    if (xlsx_part_at(part, "Ss")) {
        strings->text.len = 0;
        strings->text.too_long = false;
    }
}

static void strings_text(struct xlsx_part *part, const char *bytes, size_t len)
{
    struct strings *strings = part->context;
    if (xlsx_part_at(part, "Sst") || xlsx_part_at(part, "Ssrt")) {
        xlsx_text_add(&strings->text, bytes, len);
    }
}

static enum rc strings_add(struct strings *strings, struct xlsx_file *file)
{
    const struct xlsx_text *text = &strings->text;
    if (strings->count == strings->size) {
        size_t size = strings->size == 0 ? STRINGS_FIRST : strings->size * 2;
        if (size > XLSX_STRINGS_MAX) {
            return xlsx_refuse(file, XLSX_TOO_LARGE, 0, 0);
        }
        const char **list = arena_take_array(file->arena, size, sizeof(*list));
        if (list == NULL) {
            return RC_MEMORY;
        }
        if (strings->count > 0) {
            memcpy(list, strings->list, strings->count * sizeof(*list));
        }
        strings->list = list;
        strings->size = size;
    }
    const char *kept = NULL;
    if (!text->too_long) {
        TRY(xlsx_text_keep(text, file, &kept));
    }
    strings->list[strings->count++] = kept;
    return RC_OK;
}

static void strings_end(struct xlsx_part *part)
{
    if (xlsx_part_at(part, "Ss")) {
        enum rc rc = strings_add(part->context, part->file);
        if (rc != RC_OK) {
            xlsx_part_stop(part, rc);
        }
    }
}

/* ---- cells */

enum cell_type { CELL_NUMBER, CELL_SHARED, CELL_BOOLEAN, CELL_TEXT };

struct sheet {
    const struct strings *strings;
    struct xlsx_row *rows;
    size_t count;
    int row;
    int column;
    enum cell_type type;
    bool formula;
    bool cells; /* the row has text */
    size_t field_count;
    const char *fields[XLSX_COLUMNS_MAX];
    struct xlsx_text text;
};

static enum rc row_begin(struct sheet *sheet, const struct xlsx_file *file,
                         const char *const *attributes)
{
    const char *number = xlsx_attribute(attributes, "r");
    int64_t row = sheet->row + 1;
    if (row > SHEET_ROW_MAX) {
        return xlsx_refuse(file, XLSX_TOO_LARGE, 0, 0);
    }
    if (number != NULL &&
        text_parse_int(number, strlen(number), row, SHEET_ROW_MAX, &row) != RC_OK) {
        return xlsx_refuse(file, XLSX_UNREADABLE, sheet->row + 1, 0);
    }
    sheet->row = (int)row;
    sheet->column = 0;
    sheet->cells = false;
    sheet->field_count = 0;
    return RC_OK;
}

/* "E7" in row 7 -> 5; 0 when it is no such name. */
static int column_of(const char *name, int row)
{
    int64_t number = 0;
    int column = 0;
    size_t at = 0;
    for (; at < 3 && name[at] >= 'A' && name[at] <= 'Z'; at++) {
        column = column * 26 + (name[at] - 'A') + 1;
    }
    return column <= SHEET_COLUMN_MAX &&
                   text_parse_int(name + at, strlen(name + at), row, row, &number) == RC_OK
               ? column
               : 0;
}

static enum rc cell_begin(struct sheet *sheet, const struct xlsx_file *file,
                          const char *const *attributes)
{
    const char *name = xlsx_attribute(attributes, "r");
    const char *type = xlsx_attribute(attributes, "t");
    int column = name == NULL ? sheet->column + 1 : column_of(name, sheet->row);
    if (column <= sheet->column) {
        return xlsx_refuse(file, XLSX_UNREADABLE, sheet->row, sheet->column + 1);
    }
    sheet->column = column;
    sheet->type = type == NULL || strcmp(type, "n") == 0 ? CELL_NUMBER
                  : strcmp(type, "s") == 0               ? CELL_SHARED
                  : strcmp(type, "b") == 0               ? CELL_BOOLEAN
                                                         : CELL_TEXT;
    sheet->formula = false;
    sheet->text.len = 0;
    sheet->text.too_long = false;
    return RC_OK;
}

static void sheet_begin(struct xlsx_part *part, const char *const *attributes)
{
    struct sheet *sheet = part->context;
    enum rc rc = RC_OK;
    if (xlsx_part_at(part, "wdo")) {
        rc = row_begin(sheet, part->file, attributes);
    } else if (xlsx_part_at(part, "wdoc")) {
        rc = cell_begin(sheet, part->file, attributes);
    } else if (xlsx_part_at(part, "wdocf")) {
        sheet->formula = true;
    }
    if (rc != RC_OK) {
        xlsx_part_stop(part, rc);
    }
}

static void sheet_text(struct xlsx_part *part, const char *bytes, size_t len)
{
    struct sheet *sheet = part->context;
    if (xlsx_part_at(part, "wdocv") || xlsx_part_at(part, "wdocit") ||
        xlsx_part_at(part, "wdocirt")) {
        xlsx_text_add(&sheet->text, bytes, len);
    }
}

/* What stands in the cell, "" when nothing does. */
static enum rc cell_text(const struct sheet *sheet, struct xlsx_file *file, const char **ret_text)
{
    const struct xlsx_text *text = &sheet->text;
    struct xlsx_text number = {.len = 0};
    int64_t at = 0;
    if (text->len == 0 && !text->too_long && sheet->type == CELL_NUMBER && sheet->formula) {
        return xlsx_refuse(file, XLSX_CELL_FORMULA, sheet->row, sheet->column);
    }
    if (text->too_long) {
        return xlsx_refuse(file, XLSX_CELL_TOO_LONG, sheet->row, sheet->column);
    }
    if (text->len == 0 || sheet->type == CELL_TEXT) {
        return xlsx_text_keep(text, file, ret_text);
    }
    switch (sheet->type) {
    case CELL_SHARED:
        if (text_parse_int(text->bytes, text->len, 0, XLSX_STRINGS_MAX, &at) != RC_OK ||
            (size_t)at >= sheet->strings->count) {
            return xlsx_refuse(file, XLSX_UNREADABLE, sheet->row, sheet->column);
        }
        if (sheet->strings->list[at] == NULL) {
            return xlsx_refuse(file, XLSX_CELL_TOO_LONG, sheet->row, sheet->column);
        }
        *ret_text = sheet->strings->list[at];
        return RC_OK;
    case CELL_BOOLEAN:
        *ret_text = strcmp(text->bytes, "1") == 0 ? "TRUE" : "FALSE";
        return RC_OK;
    case CELL_NUMBER:
        if (xlsx_number(text->bytes, text->len, number.bytes) != RC_OK) {
            return xlsx_refuse(file, XLSX_CELL_NUMBER, sheet->row, sheet->column);
        }
        number.len = strlen(number.bytes);
        return xlsx_text_keep(&number, file, ret_text);
    case CELL_TEXT:
        break;
    }
    assert(!"no such type");
}

static enum rc cell_end(struct sheet *sheet, struct xlsx_file *file)
{
    const char *text = "";
    TRY(cell_text(sheet, file, &text));
    if (text[0] == '\0') {
        return RC_OK;
    }
    if (sheet->column > XLSX_COLUMNS_MAX) {
        return xlsx_refuse(file, XLSX_CELL_OUTSIDE, sheet->row, sheet->column);
    }
    if (text_characters(text, strlen(text)) > XLSX_CELL_CHARACTERS_MAX) {
        return xlsx_refuse(file, XLSX_CELL_TOO_LONG, sheet->row, sheet->column);
    }
    while (sheet->field_count < (size_t)sheet->column - 1) {
        sheet->fields[sheet->field_count++] = "";
    }
    sheet->fields[sheet->field_count++] = text;
    sheet->cells = true;
    return RC_OK;
}

static enum rc row_end(struct sheet *sheet, struct xlsx_file *file)
{
    if (!sheet->cells) {
        return RC_OK;
    }
    if (sheet->count == XLSX_ROWS_MAX) {
        return xlsx_refuse(file, XLSX_TOO_LARGE, 0, 0);
    }
    const char **fields = arena_take_array(file->arena, sheet->field_count, sizeof(*fields));
    if (fields == NULL) {
        return RC_MEMORY;
    }
    memcpy(fields, sheet->fields, sheet->field_count * sizeof(*fields));
    sheet->rows[sheet->count++] =
        (struct xlsx_row){.line = sheet->row, .count = sheet->field_count, .fields = fields};
    return RC_OK;
}

static void sheet_end(struct xlsx_part *part)
{
    struct sheet *sheet = part->context;
    enum rc rc = RC_OK;
    if (xlsx_part_at(part, "wdoc")) {
        rc = cell_end(sheet, part->file);
    } else if (xlsx_part_at(part, "wdo")) {
        rc = row_end(sheet, part->file);
    }
    if (rc != RC_OK) {
        xlsx_part_stop(part, rc);
    }
}

enum rc xlsx_sheet_read(struct xlsx_file *file, const char *sheet_name, const char *strings_name,
                        struct xlsx_sheet *ret_sheet)
{
    struct strings strings = {.count = 0};
    struct sheet sheet = {.strings = &strings};
    struct xlsx_part strings_part = {.file = file,
                                     .context = &strings,
                                     .begin = strings_begin,
                                     .end = strings_end,
                                     .text = strings_text};
    struct xlsx_part sheet_part = {.file = file,
                                   .context = &sheet,
                                   .begin = sheet_begin,
                                   .end = sheet_end,
                                   .text = sheet_text};
    sheet.rows = arena_take_array(file->arena, XLSX_ROWS_MAX, sizeof(*sheet.rows));
    if (sheet.rows == NULL) {
        return RC_MEMORY;
    }
    if (strings_name != NULL) {
        TRY(xlsx_part_read(&strings_part, strings_name));
    }
    TRY(xlsx_part_read(&sheet_part, sheet_name));
    *ret_sheet = (struct xlsx_sheet){.count = sheet.count, .rows = sheet.rows};
    return RC_OK;
}

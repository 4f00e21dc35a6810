#include "core/rules/csv.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/text.h"

/* Line of the first byte that is not well-formed UTF-8: lines are tried one by one. */
static int bad_line(const char *bytes, size_t len)
{
    int line = 1;
    size_t at = 0;
    while (at < len) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t line_len = end == NULL ? len - at : (size_t)(end - bytes) - at + 1;
        if (!text_is_utf8(bytes + at, line_len)) {
            return line;
        }
        at += line_len;
        line++;
    }
    return line;
}

enum rc csv_open(struct csv *csv, const char *bytes, size_t len, int *ret_line)
{
    assert(csv != NULL && (bytes != NULL || len == 0) && ret_line != NULL);
    if (len > CSV_BYTES_MAX) {
        return RC_TOO_LARGE;
    }
    if (!text_is_utf8(bytes, len)) {
        *ret_line = bad_line(bytes, len);
        return RC_INVALID;
    }
    *csv = (struct csv){.bytes = bytes, .len = len, .line = 1};
    if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        csv->at = 3;
    }
    return RC_OK;
}

static char peek(const struct csv *csv)
{
    return csv->at < csv->len ? csv->bytes[csv->at] : '\0'; /* no NUL inside: it is UTF-8 text */
}

/* Over LF or CRLF; true if one was there. */
static bool over_line_end(struct csv *csv)
{
    size_t left = csv->len - csv->at;
    size_t step = left >= 1 && csv->bytes[csv->at] == '\n'                                      ? 1
                  : left >= 2 && csv->bytes[csv->at] == '\r' && csv->bytes[csv->at + 1] == '\n' ? 2
                                                                                                : 0;
    csv->at += step;
    csv->line += step > 0;
    return step > 0;
}

static bool at_field_end(const struct csv *csv)
{
    char c = peek(csv);
    return csv->at >= csv->len || c == ',' || c == '\n' ||
           (c == '\r' && csv->at + 1 < csv->len && csv->bytes[csv->at + 1] == '\n');
}

static enum rc broken(struct csv *csv, struct csv_row *row, size_t start, const char *problem,
                      const char *problem_zh)
{
    row->problem = problem;
    row->problem_zh = problem_zh;
    /* Behind the line the row starts in: an unclosed quote must not swallow the rest of the file.
     */
    csv->at = start;
    csv->line = row->line;
    const char *end = memchr(csv->bytes + start, '\n', csv->len - start);
    csv->at = end == NULL ? csv->len : (size_t)(end - csv->bytes) + 1;
    csv->line += end != NULL;
    return RC_INVALID;
}

/* One field into out (CSV_FIELD_BYTES_MAX). Answers what is wrong, NULL when nothing is. */
static const char *field_read(struct csv *csv, char *out, size_t *ret_len, const char **ret_zh)
{
    bool quoted = peek(csv) == '"';
    size_t len = 0;
    csv->at += quoted;
    for (;;) {
        if (quoted && csv->at >= csv->len) {
            *ret_zh = "引号没有闭合";
            return "a quote is not closed";
        }
        char c = peek(csv);
        if (quoted && c == '"') {
            csv->at++;
            if (peek(csv) != '"') {
                break;
            }
        } else if (!quoted && at_field_end(csv)) {
            break;
        } else if (!quoted && c == '"') {
            *ret_zh = "引号出现在未加引号的字段中间";
            return "a quote stands inside a field that does not begin with one";
        }
        if (len == CSV_FIELD_BYTES_MAX) {
            *ret_zh = "字段超过2000字节";
            return "a field is longer than 2000 bytes";
        }
        csv->line += c == '\n';
        out[len++] = c;
        csv->at++;
    }
    if (!at_field_end(csv)) {
        *ret_zh = "闭合引号之后还有字符";
        return "something follows a closing quote";
    }
    *ret_len = len;
    return NULL;
}

enum rc csv_next(struct csv *csv, struct arena *arena, struct csv_row *ret_row)
{
    assert(csv != NULL && arena != NULL && ret_row != NULL);
    while (over_line_end(csv)) {
    }
    *ret_row = (struct csv_row){.line = csv->line, .problem = "", .problem_zh = ""};
    if (csv->at >= csv->len) {
        return RC_NOT_FOUND;
    }
    size_t start = csv->at;
    for (;;) {
        char field[CSV_FIELD_BYTES_MAX];
        size_t len = 0;
        const char *problem_zh = "";
        const char *problem = field_read(csv, field, &len, &problem_zh);
        if (problem == NULL && ret_row->count == CSV_FIELDS_MAX) {
            problem = "the row has more than 32 fields";
            problem_zh = "该行超过32个字段";
        }
        if (problem != NULL) {
            return broken(csv, ret_row, start, problem, problem_zh);
        }
        const char *copy = arena_copy(arena, field, len);
        if (copy == NULL) {
            return RC_MEMORY;
        }
        ret_row->fields[ret_row->count++] = copy;
        if (peek(csv) != ',') {
            (void)over_line_end(csv);
            return RC_OK;
        }
        csv->at++;
    }
}

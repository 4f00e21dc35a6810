/* Values that go in and come out, and text for bulk statements. */
#include <assert.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store/db.h"

struct db_value db_null(void)
{
    return (struct db_value){.kind = DB_NULL};
}

struct db_value db_int(int64_t number)
{
    return (struct db_value){.kind = DB_INT, .number = number};
}

struct db_value db_int_or_null(bool present, int64_t number)
{
    return present ? db_int(number) : db_null();
}

struct db_value db_text(const char *text)
{
    assert(text != NULL);
    return (struct db_value){.kind = DB_TEXT, .text = text, .len = strlen(text)};
}

struct db_value db_text_or_null(const char *text)
{
    return text != NULL ? db_text(text) : db_null();
}

struct db_value db_bytes(const void *bytes, size_t len)
{
    assert(bytes != NULL || len == 0);
    return (struct db_value){.kind = DB_BYTES, .text = bytes, .len = len};
}

struct db_value db_time(int64_t at_ms)
{
    return (struct db_value){.kind = DB_TIME, .number = at_ms};
}

struct db_value db_time_or_null(bool present, int64_t at_ms)
{
    return present ? db_time(at_ms) : db_null();
}

void db_add_escaped(struct text *out, const char *bytes, size_t len)
{
    assert(out != NULL && (bytes != NULL || len == 0));
    text_add_char(out, '\'');
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (c == '\'' || c == '\\' || c == '\0') {
            text_add(out, bytes + from, i - from);
            text_add_char(out, '\\');
            text_add_char(out, c == '\0' ? '0' : c);
            from = i + 1;
        }
    }
    text_add(out, bytes + from, len - from);
    text_add_char(out, '\'');
}

const struct db_value *db_at(const struct db_rows *rows, size_t row, size_t column)
{
    assert(rows != NULL && row < rows->count && column < rows->columns);
    return &rows->values[row * rows->columns + column];
}

bool db_is_null(const struct db_rows *rows, size_t row, size_t column)
{
    return db_at(rows, row, column)->kind == DB_NULL;
}

int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column)
{
    const struct db_value *value = db_at(rows, row, column);
    assert(value->kind == DB_INT || value->kind == DB_NULL);
    return value->kind == DB_INT ? value->number : 0;
}

const char *db_get_text(const struct db_rows *rows, size_t row, size_t column)
{
    const struct db_value *value = db_at(rows, row, column);
    assert(value->kind == DB_TEXT || value->kind == DB_BYTES || value->kind == DB_NULL);
    return value->kind == DB_NULL ? "" : value->text;
}

int64_t db_get_time(const struct db_rows *rows, size_t row, size_t column)
{
    const struct db_value *value = db_at(rows, row, column);
    assert(value->kind == DB_TIME || value->kind == DB_NULL);
    return value->kind == DB_TIME ? value->number : 0;
}

#include "core/base/form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One name or one value. */
static enum rc decode(struct arena *arena, const char *bytes, size_t len, const char **ret_text)
{
    char *text = arena_take(arena, len + 1);
    if (text == NULL) {
        return RC_MEMORY;
    }
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i] == '+' ? ' ' : bytes[i];
        if (c == '%') {
            int high = len - i > 2 ? hex_digit(bytes[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(bytes[i + 2]);
            if (low < 0) {
                return RC_INVALID;
            }
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        }
        text[out++] = c;
    }
    if (!text_is_utf8(text, out)) {
        return RC_INVALID;
    }
    *ret_text = text;
    return RC_OK;
}

static enum rc field_parse(struct arena *arena, const char *bytes, size_t len, struct form *form)
{
    const char *equals = memchr(bytes, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - bytes);
    const char *value = equals == NULL ? "" : equals + 1;
    struct form_field field = {NULL, NULL};
    if (form->count == FORM_FIELDS_MAX) {
        return RC_TOO_LARGE;
    }
    TRY(decode(arena, bytes, name_len, &field.name));
    TRY(decode(arena, value, equals == NULL ? 0 : len - name_len - 1, &field.value));
    if (field.name[0] == '\0') {
        return RC_INVALID;
    }
    if (form_get(form, field.name) != NULL) {
        return RC_CONFLICT;
    }
    form->fields[form->count++] = field;
    return RC_OK;
}

enum rc form_parse(struct arena *arena, const char *bytes, size_t len, struct form *ret_form)
{
    assert(arena != NULL && (bytes != NULL || len == 0) && ret_form != NULL);
    struct form form = {.count = 0};
    size_t start = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && bytes[i] != '&') {
            continue;
        }
        if (i > start) {
            TRY(field_parse(arena, bytes + start, i - start, &form));
        }
        start = i + 1;
    }
    *ret_form = form;
    return RC_OK;
}

void form_add(struct form *form, const char *name, const char *value)
{
    assert(form != NULL && name != NULL);
    if (value != NULL && value[0] != '\0') {
        assert(form->count < FORM_FIELDS_MAX);
        form->fields[form->count++] = (struct form_field){name, value};
    }
}

const char *form_get(const struct form *form, const char *name)
{
    assert(form != NULL && name != NULL);
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->fields[i].name, name) == 0) {
            return form->fields[i].value;
        }
    }
    return NULL;
}

const char *form_text(const struct form *form, const char *name)
{
    const char *value = form_get(form, name);
    return value == NULL ? "" : value;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct form_field *)a)->name, ((const struct form_field *)b)->name);
}

void form_sort(struct form *form)
{
    assert(form != NULL);
    qsort(form->fields, form->count, sizeof(form->fields[0]), by_name);
}

void form_add_raw(const struct form *form, bool keep_empty, struct text *out)
{
    assert(form != NULL && out != NULL);
    bool first = true;
    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];
        if (field->value[0] == '\0' && !keep_empty) {
            continue;
        }
        text_printf(out, "%s%s=", first ? "" : "&", field->name);
        text_add_string(out, field->value);
        first = false;
    }
}

void form_add_encoded(const struct form *form, struct text *out)
{
    assert(form != NULL && out != NULL);
    for (size_t i = 0; i < form->count; i++) {
        if (i > 0) {
            text_add_char(out, '&');
        }
        form_encode(out, form->fields[i].name);
        text_add_char(out, '=');
        form_encode(out, form->fields[i].value);
    }
}

void form_encode(struct text *out, const char *s)
{
    assert(out != NULL && s != NULL);
    for (; *s != '\0'; s++) {
        bool plain = (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') ||
                     (*s >= 'a' && *s <= 'z') || strchr("-_.~", *s) != NULL;
        if (plain) {
            text_add_char(out, *s);
        } else {
            text_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
        }
    }
}

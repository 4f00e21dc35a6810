#include "cgi/query.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum rc query_decode(struct arena *arena, const char *bytes, size_t len, const char **ret_text)
{
    assert(arena != NULL && (bytes != NULL || len == 0) && ret_text != NULL);
    char *text = arena_take(arena, len + 1);
    if (text == NULL) {
        return RC_MEMORY;
    }
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '%') {
            text[out++] = bytes[i] == '+' ? ' ' : bytes[i];
            continue;
        }
        int high = len - i > 2 ? digit_of(bytes[i + 1]) : -1;
        int low = len - i > 2 ? digit_of(bytes[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return RC_INVALID;
        }
        text[out++] = (char)(high * 16 + low);
        i += 2;
    }
    text[out] = '\0';
    if (!text_is_utf8(text, out)) {
        return RC_INVALID;
    }
    *ret_text = text;
    return RC_OK;
}

enum rc cookie_find(struct arena *arena, const char *header, const char *name,
                    const char **ret_value)
{
    assert(arena != NULL && header != NULL && name != NULL && ret_value != NULL);
    size_t name_len = strlen(name);
    const char *at = header;
    while (*at != '\0') {
        at += strspn(at, " \t;");
        size_t len = strcspn(at, ";");
        if (len > name_len && at[name_len] == '=' && memcmp(at, name, name_len) == 0) {
            const char *value = at + name_len + 1;
            size_t value_len = len - name_len - 1;
            while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t')) {
                value_len--;
            }
            const char *copy = arena_copy(arena, value, value_len);
            if (copy == NULL) {
                return RC_MEMORY;
            }
            *ret_value = copy;
            return RC_OK;
        }
        at += len;
    }
    *ret_value = "";
    return RC_OK;
}

#include "core/store/script.h"

#include <assert.h>
#include <string.h>

#define NAME_BYTES 64

void script_open(struct script *script, const char *bytes, size_t len)
{
    assert(script != NULL && (bytes != NULL || len == 0));
    *script = (struct script){.bytes = bytes, .len = len, .line = 1};
}

static void step(struct script *script)
{
    script->line += script->bytes[script->at] == '\n';
    script->at++;
}

static bool starts(const struct script *script, const char *word)
{
    size_t len = strlen(word);
    return script->len - script->at >= len && memcmp(script->bytes + script->at, word, len) == 0;
}

/* Behind a comment that starts here, true; false when none does. -- needs a blank behind it, as in
 * MariaDB. */
static enum rc skip_comment(struct script *script, bool *ret_skipped)
{
    *ret_skipped = true;
    if (starts(script, "-- ") || starts(script, "--\n") || starts(script, "#")) {
        while (script->at < script->len && script->bytes[script->at] != '\n') {
            step(script);
        }
        return RC_OK;
    }
    if (!starts(script, "/*")) {
        *ret_skipped = false;
        return RC_OK;
    }
    int line = script->line;
    while (script->at < script->len && !starts(script, "*/")) {
        step(script);
    }
    if (script->at >= script->len) {
        script->line = line;
        return RC_INVALID;
    }
    script->at += 2;
    return RC_OK;
}

static enum rc skip_quoted(struct script *script)
{
    char quote = script->bytes[script->at];
    int line = script->line;
    step(script);
    while (script->at < script->len) {
        char c = script->bytes[script->at];
        step(script);
        if (c == '\\' && quote != '`' && script->at < script->len) {
            step(script);
        } else if (c == quote) {
            return RC_OK; /* a doubled quote simply opens the next part */
        }
    }
    script->line = line;
    return RC_INVALID;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

enum rc script_next(struct script *script, struct script_statement *ret_statement)
{
    assert(script != NULL && ret_statement != NULL);
    size_t begin = SIZE_MAX;
    size_t end = 0; /* behind the last byte that is neither blank nor comment */
    int line = 0;
    while (script->at < script->len && script->bytes[script->at] != ';') {
        char c = script->bytes[script->at];
        bool skipped = false;
        TRY(skip_comment(script, &skipped));
        if (skipped) {
            continue;
        }
        if (!is_blank(c) && begin == SIZE_MAX) {
            begin = script->at;
            line = script->line;
        }
        if (c == '\'' || c == '"' || c == '`') {
            TRY(skip_quoted(script));
        } else {
            step(script);
        }
        end = is_blank(c) ? end : script->at;
    }
    bool more = script->at < script->len;
    if (more) {
        step(script);
    }
    if (begin == SIZE_MAX) {
        return more ? script_next(script, ret_statement) : RC_NOT_FOUND;
    }
    *ret_statement =
        (struct script_statement){.sql = script->bytes + begin, .len = end - begin, .line = line};
    return RC_OK;
}

enum rc script_fill(const char *bytes, size_t len, script_lookup lookup, void *context,
                    struct text *out, int *ret_line)
{
    assert((bytes != NULL || len == 0) && lookup != NULL && out != NULL && ret_line != NULL);
    int line = 1;
    for (size_t i = 0; i < len; i++) {
        line += bytes[i] == '\n';
        if (bytes[i] != '{') {
            text_add_char(out, bytes[i]);
            continue;
        }
        const char *close = memchr(bytes + i, '}', len - i);
        char name[NAME_BYTES];
        size_t name_len = close == NULL ? sizeof(name) : (size_t)(close - bytes) - i - 1;
        enum rc rc = RC_NOT_FOUND;
        if (name_len < sizeof(name)) {
            memcpy(name, bytes + i + 1, name_len);
            name[name_len] = '\0';
            rc = lookup(context, name, out);
        }
        if (rc != RC_OK) {
            *ret_line = line;
            return rc == RC_NOT_FOUND ? RC_INVALID : rc;
        }
        i += name_len + 1;
    }
    return text_result(out);
}

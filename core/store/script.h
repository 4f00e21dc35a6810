/*
 * SQL scripts (migrations, grants): splits a file into its statements and fills in its names. Pure
 * text.
 */
#ifndef PW_STORE_SCRIPT_H
#define PW_STORE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/rc.h"
#include "core/base/text.h"

#define SCRIPT_BYTES_MAX ((size_t)1 << 20)

struct script {
    const char *bytes;
    size_t len;
    size_t at;
    int line; /* of `at`, 1 first */
};

struct script_statement {
    const char *sql; /* without the semicolon, not terminated; comments before it are left out */
    size_t len;
    int line; /* where it starts */
};

/* Borrows the bytes. */
void script_open(struct script *script, const char *bytes, size_t len);
/* The next statement. A semicolon inside quotes, backquotes or a comment does not end it.
   RC_NOT_FOUND at the end; RC_INVALID when a quote or comment is not closed (script->line: where it
   began). */
enum rc script_next(struct script *script, struct script_statement *ret_statement) MUST_CHECK;

/* Replaces {name} by what lookup appends. Lookup answers RC_NOT_FOUND for a name it does not know.
 */
typedef enum rc (*script_lookup)(void *context, const char *name, struct text *out);
/* RC_INVALID: an unknown or unclosed {name}; *ret_line is its line. */
enum rc script_fill(const char *bytes, size_t len, script_lookup lookup, void *context,
                    struct text *out, int *ret_line) MUST_CHECK;

#endif

/*
 * Named texts as web forms and payment messages carry them: application/x-www-form-urlencoded, and
 * the sorted "k=v&k=v" that providers sign.
 *
 * A form is a value; names and values are borrowed from the arena or from whoever added them.
 */
#ifndef PW_BASE_FORM_H
#define PW_BASE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"

#define FORM_FIELDS_MAX 100

struct form_field {
    const char *name;
    const char *value;
};

struct form {
    size_t count;
    struct form_field fields[FORM_FIELDS_MAX];
};

/* Reads an urlencoded form; "+" is a blank. RC_INVALID: a broken escape, a NUL, bytes that are not
   UTF-8, an empty name. RC_CONFLICT: a name comes twice. RC_TOO_LARGE: too many fields. RC_MEMORY.
   ret_form is written only on RC_OK. */
enum rc form_parse(struct arena *arena, const char *bytes, size_t len,
                   struct form *ret_form) MUST_CHECK;
/* Adds a field, borrowed; a NULL or empty value adds nothing. At most FORM_FIELDS_MAX, asserted. */
void form_add(struct form *form, const char *name, const char *value);
/* The value, NULL when there is none. */
const char *form_get(const struct form *form, const char *name);
/* The value, "" when there is none. */
const char *form_text(const struct form *form, const char *name);
/* Sorts by the bytes of the names. */
void form_sort(struct form *form);
/* Appends "name=value&..." as it stands, for a signature; empty values only when asked for. */
void form_add_raw(const struct form *form, bool keep_empty, struct text *out);
/* Appends "name=value&..." percent-encoded. */
void form_add_encoded(const struct form *form, struct text *out);
/* Appends s percent-encoded: all but RFC 3986 unreserved characters, a blank is %20. */
void form_encode(struct text *out, const char *s);

#endif

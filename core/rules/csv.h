/*
 * Reader of comma separated values (RFC 4180): quoted fields, doubled quotes, line breaks inside
 * quotes, LF or CRLF, UTF-8 with or without a byte order mark. Bounded; every row knows the line it
 * starts in. Empty lines are skipped.
 */
#ifndef PW_RULES_CSV_H
#define PW_RULES_CSV_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

#define CSV_FIELDS_MAX 32
#define CSV_FIELD_BYTES_MAX 2000
#define CSV_BYTES_MAX ((size_t)4 << 20)

struct csv {
    const char *bytes;
    size_t len;
    size_t at;
    int line; /* of `at`, 1 first */
};

struct csv_row {
    int line; /* where the row starts */
    size_t count;
    const char *fields[CSV_FIELDS_MAX]; /* NUL terminated, in the arena */
    const char *problem;                /* static sentence when csv_next answers RC_INVALID */
    const char *problem_zh;
};

/* Borrows the bytes. RC_TOO_LARGE; RC_INVALID when they are not UTF-8 or hold a NUL (*ret_line:
 * where). */
enum rc csv_open(struct csv *csv, const char *bytes, size_t len, int *ret_line) MUST_CHECK;
/* The next row. RC_NOT_FOUND at the end. RC_INVALID: this row is broken (ret_row->line and problem
   are set); the reader goes on behind its line. RC_MEMORY. ret_row is written in each of these
   cases. */
enum rc csv_next(struct csv *csv, struct arena *arena, struct csv_row *ret_row) MUST_CHECK;

#endif

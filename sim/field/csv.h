/*
 * Rows of a CSV text (RFC 4180, UTF-8, CRLF or LF, optional byte order mark), read in place of one
 * pass.
 *
 * The reader borrows the text; the fields of a row live in the reader until the next row is read.
 */
#ifndef PW_SIM_FIELD_CSV_H
#define PW_SIM_FIELD_CSV_H

#include <stddef.h>

#include "core/base/rc.h"

#define CSV_FIELDS_MAX 32      /* of a row */
#define CSV_ROW_BYTES_MAX 4096 /* of a row's fields, NULs included */

struct csv {
    const char *at;
    const char *end;
    int line_number; /* of the row just read, 1 is the first */
    int next_line_number;
    int fields_len;
    const char *fields[CSV_FIELDS_MAX]; /* NUL terminated */
    char bytes[CSV_ROW_BYTES_MAX];
};

/* Prepares reading text[0 .. len). */
void csv_init(struct csv *csv, const char *text, size_t len);
/* Reads the next row that is not empty. RC_NOT_FOUND: the text is at its end. RC_INVALID: a broken
   quote. RC_TOO_LARGE: too many fields or bytes. line_number is right in every case. */
enum rc csv_next(struct csv *csv) MUST_CHECK;

#endif

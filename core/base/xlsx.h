/*
 * Reader of XLSX workbooks (ECMA-376): the first worksheet that is not hidden, or the one that has
 * one of the asked names, as rows of text cells, the same that a CSV file of that sheet would give.
 *
 * A shared or inline string is its text, a boolean TRUE or FALSE, a number its decimal text rounded
 * to 15 digits and 9 decimals (what binary arithmetic leaves behind, 86.499999999999996, is not
 * what somebody wrote), a formula its stored value. Dates stay the numbers they are. Rows without
 * text are skipped, gaps are empty cells.
 *
 * Bounded, and nothing is fetched: document types (so entities), encryption, parts with paths that
 * lead elsewhere and parts of the same name are refused.
 */
#ifndef PW_BASE_XLSX_H
#define PW_BASE_XLSX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

#define XLSX_BYTES_MAX ((size_t)8 << 20)
#define XLSX_PART_BYTES_MAX ((size_t)32 << 20) /* unpacked */
#define XLSX_RATIO_MAX 200                     /* unpacked to packed, of parts above a megabyte */
#define XLSX_PARTS_MAX 1000
#define XLSX_TEXT_BYTES_MAX ((size_t)8 << 20) /* all texts that are kept */
#define XLSX_STRINGS_MAX ((size_t)1 << 17)    /* shared strings */
#define XLSX_ROWS_MAX 2001                    /* a heading and 2000 rows with text */
#define XLSX_COLUMNS_MAX 64
#define XLSX_CELL_CHARACTERS_MAX 1000
#define XLSX_DEPTH_MAX 16
#define XLSX_NUMBER_BYTES 32
#define XLSX_CELL_NAME_BYTES 16

enum xlsx_problem {
    XLSX_UNREADABLE, /* no whole workbook, or not as the standard has it */
    XLSX_UNSAFE,     /* a document type, encryption, a path, a part twice */
    XLSX_TOO_LARGE,
    XLSX_NO_SHEET,     /* no worksheet to be seen */
    XLSX_CELL_OUTSIDE, /* beyond the last column */
    XLSX_CELL_TOO_LONG,
    XLSX_CELL_NUMBER,  /* no number, or with more than 15 digits before the point */
    XLSX_CELL_FORMULA, /* without a stored value */
    XLSX_PROBLEM__MAX
};

struct xlsx_fault {
    enum xlsx_problem problem;
    char cell[XLSX_CELL_NAME_BYTES]; /* "E7"; "" when it is about the whole file */
};

struct xlsx_row {
    int line; /* its number in the sheet, 1 first */
    size_t count;
    const char *const *fields; /* NUL terminated UTF-8 */
};

struct xlsx_sheet {
    size_t count;
    const struct xlsx_row *rows;
};

/* True when the bytes begin as every zip archive with something in it does (PK\3\4). */
bool xlsx_recognised(const char *bytes, size_t len);
/* names: sheets that are taken before the first one, NULL at the end. What is answered lives in the
   arena; the bytes are borrowed for the call. RC_INVALID, RC_TOO_LARGE: *ret_fault says why (it is
   written in these cases alone). RC_MEMORY. */
enum rc xlsx_read(struct arena *arena, const char *bytes, size_t len, const char *const *names,
                  struct xlsx_sheet *ret_sheet, struct xlsx_fault *ret_fault) MUST_CHECK;
/* The text of a number cell: [-]digits[.digits][E[+-]digits] without exponent, at most 15 digits
   and 9 decimals, rounded half away from zero, no zeros behind. RC_INVALID: no number, or more than
   15 digits before the point. */
enum rc xlsx_number(const char *bytes, size_t len, char ret_text[XLSX_NUMBER_BYTES]) MUST_CHECK;

#endif

/*
 * The dry run of an import, as a pure function: a file and what the database holds now -> a verdict
 * for every row.
 *
 * File: sections begin with a header row "#noun,column,..." and hold rows "noun,value,..."; a row
 * "# text" is a comment. What a header leaves out keeps its present value (new rows: the default).
 * The first thing wrong with a row is told, in Chinese and English, with column and value. The same
 * function runs again at the commit.
 */
#ifndef PW_RULES_IMPORT_CHECK_H
#define PW_RULES_IMPORT_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/import_noun.h"

#define IMPORT_ROWS_MAX 20000
#define IMPORT_MESSAGE_CHARACTERS 300

enum import_verdict { IMPORT_NEW, IMPORT_CHANGE, IMPORT_SAME, IMPORT_ERROR, IMPORT_VERDICT__MAX };

/* One thing, of the database or of the file. Strings live in the arena of whoever made it. */
struct import_item {
    enum import_noun noun;                  /* IMPORT_NOUN__MAX: a row whose noun is not known */
    int line;                               /* of the file; 0: database */
    int64_t id;                             /* of the database; 0: not there */
    const char *key;                        /* "" when the row has none */
    const char *values[IMPORT_COLUMNS_MAX]; /* canonical; after the check all columns are set unless
                                               in error */
    bool busy; /* meter with an open order, or locked out: where it hangs must not change */
    /* of the file: */
    enum import_verdict verdict;
    const char *message_zh;
    const char *message_en;
    const struct import_item *present; /* what it changes or repeats */
};

/* What the database holds. */
struct import_park {
    struct import_item *items; /* all nouns, any order */
    size_t count;
    const char *const *models; /* codes of known meter models */
    size_t models_count;
};

struct import_check {
    struct import_item *rows; /* in the order of the file */
    size_t count;
    size_t verdicts[IMPORT_VERDICT__MAX]; /* how many of each */
};

/* RC_OK whatever the verdicts are. RC_INVALID: the file as a whole cannot be read (*ret_line:
   where; not UTF-8). RC_TOO_LARGE: more than 4 MiB or IMPORT_ROWS_MAX rows. RC_MEMORY. Borrows
   park's strings. */
enum rc import_check(const char *bytes, size_t len, const struct import_park *park,
                     struct arena *arena, struct import_check *ret_check, int *ret_line) MUST_CHECK;
/* "new", "change", "same", "error". Never NULL. */
const char *import_verdict_name(enum import_verdict verdict);

#endif

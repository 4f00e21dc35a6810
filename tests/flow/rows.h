/*
 * The rows of every table that a flow may change, and in words what came between two looks at them.
 * Words are the same from run to run: ids that the database gave are #1, #2 ... in the order in
 * which they appear, made-up numbers are P..., and moments are now, now+3min or, in the past of the
 * fixture, themselves.
 */
#ifndef PW_TESTS_FLOW_ROWS_H
#define PW_TESTS_FLOW_ROWS_H

#include <mysql.h>

#include "core/base/text.h"

#define ROWS_TABLES_MAX 24

struct rows {
    MYSQL_RES *tables[ROWS_TABLES_MAX];
};

/* Once a program: ids that the database gives are known by their size. */
void rows_prepare(MYSQL *mysql);
/* Once at its end. */
void rows_end(void);
/* Runs several statements; a failure ends the test. */
void rows_run(MYSQL *mysql, const char *sql);
/* Looks at all tables. Release it. */
void rows_take(MYSQL *mysql, struct rows *ret_rows);
void rows_release(struct rows *rows);
/* One line a row that came (+; what differs from the column's default), went (-) or changed (its
   changed columns). */
void rows_add_changes(const struct rows *before, const struct rows *after, struct text *words);

#endif

/*
 * Take-overs in the database: the sheet's rows, what the meters said, and what came of each.
 */
#ifndef PW_STORE_TAKE_OVER_H
#define PW_STORE_TAKE_OVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/contact.h"
#include "core/store/db.h"

#define TAKE_OVER_ROWS_MAX 2000

struct take_over_view {
    int64_t id;
    const char *file_name;
    const char *state; /* checked, done, undone */
    const char *created_by_name;
    int64_t created_at;
    int64_t done_at;
    int64_t undone_at;
    int64_t rows;
    int64_t taken;
    int64_t differ; /* rows that wait: differences, silent, errors */
};

struct take_over_row { /* ROW_NULL where a number is not known; times 0: never */
    int64_t line_number;
    const char *unit_number;
    const char *shop_name;
    const char *contact_name;
    struct contact phone; /* phone_sealed_len 0: none */
    const char *phone_tail;
    const char *meter_number;
    int64_t sheet_balance_fen, sheet_count, sheet_alarm_fen;
    int64_t card_balance_fen; /* on the old card, not in the meter */
    const char *tariff_code;
    int64_t supply_id; /* ROW_NULL: not found, likewise the next */
    int64_t tariff_id;
    int64_t first_at, first_count, first_balance_fen, first_energy_wh;
    int64_t second_at, second_count, second_balance_fen, second_energy_wh;
    const char *verdict;
    const char *message;
    const char *message_en;
    int64_t account_id; /* ROW_NULL: none */
};

enum rc take_overs_insert(struct db *db, const char *file_name, int64_t created_by,
                          int64_t *ret_id) MUST_CHECK;
enum rc take_over_rows_insert(struct db *db, int64_t take_over_id,
                              const struct take_over_row *row) MUST_CHECK;
/* Second reading, verdict and messages, account. */
enum rc take_over_rows_update(struct db *db, int64_t take_over_id,
                              const struct take_over_row *row) MUST_CHECK;
/* Locks it. RC_NOT_FOUND. */
enum rc take_overs_lock(struct db *db, struct arena *arena, int64_t id) MUST_CHECK;
enum rc take_overs_set_state(struct db *db, int64_t id, const char *state) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc take_overs_get(struct db *db, struct arena *arena, int64_t id,
                       struct take_over_view *ret_view) MUST_CHECK;
/* Newest first, at most 100. */
enum rc take_overs_list(struct db *db, struct arena *arena, struct take_over_view **ret_views,
                        size_t *ret_count) MUST_CHECK;
enum rc take_over_rows_list(struct db *db, struct arena *arena, int64_t take_over_id,
                            struct take_over_row **ret_rows, size_t *ret_count) MUST_CHECK;

/* The supply of a meter in service, its unit's number ("" none), and whether somebody has it.
   RC_NOT_FOUND. */
enum rc take_over_supply(struct db *db, struct arena *arena, const char *meter_number,
                         int64_t *ret_supply_id, const char **ret_unit_number,
                         bool *ret_taken) MUST_CHECK;
/* Purchases ever made on a supply by an account. */
enum rc take_over_sales(struct db *db, struct arena *arena, int64_t account_id,
                        int64_t *ret_count) MUST_CHECK;

#endif

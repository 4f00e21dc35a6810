/*
 * Proofs for pages and paywattctl: sums of a period, the stretches of a supply, the lines of one,
 * and what waits. Sums tie exactly: opening + paid in - used - refunded + corrected = closing in
 * every row and in the sum of all rows.
 */
#ifndef PW_STORE_PROOF_LIST_H
#define PW_STORE_PROOF_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define PROOF_LIST_MAX 1000 /* rows of one answer */

enum proof_group {
    PROOF_BY_SUPPLY,
    PROOF_BY_UNIT,
    PROOF_BY_BUILDING,
    PROOF_BY_DAY,
    PROOF_BY_SITE, /* one row, or none */
    PROOF_GROUP__MAX
};

struct proof_question {
    const char *from_day; /* YYYY-MM-DD of the site, both ends included */
    const char *to_day;
    int64_t building_id; /* 0: all, likewise the next two */
    int64_t unit_id;
    int64_t supply_id;
    bool odd_only; /* supplies of which some stretch is not explained, jumped or had old prices */
    int64_t after_key; /* -1: from the first */
    size_t limit;
};

/* Sums of one group. What the group does not have is 0 or "". */
struct proof_sum {
    int64_t key;      /* id of the supply, unit or building; the number of the day */
    int64_t supplies; /* how many are in it */
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    const char *building_name;
    const char *day; /* YYYY-MM-DD */
    int64_t opening_fen;
    int64_t paid_in_fen;
    int64_t used_fen;
    int64_t refunded_fen;
    int64_t corrected_fen;
    int64_t closing_fen;
    int64_t used_wh;
    int64_t gap_fen;       /* used - expected of the stretches that nobody can explain */
    int64_t gaps;          /* such stretches */
    int64_t old_price_fen; /* used - expected of those at old prices */
    int64_t old_prices;
    int64_t estimated; /* stretches that end with an estimate */
    int64_t apart_fen; /* closing less what the meters said; 0 proves it */
};

/* By key. */
enum rc proof_sums(struct db *db, struct arena *arena, enum proof_group group,
                   const struct proof_question *question, struct proof_sum **ret_sums,
                   size_t *ret_count, const char **ret_cursor) MUST_CHECK;

/* One stretch as the page of a supply shows it. ROW_NULL where a number is not known. */
struct proof_view {
    int64_t id;
    int64_t supply_id;
    const char *day;
    int64_t from_at;
    int64_t to_at;
    int64_t account_id;
    const char *account_name; /* NULL: nobody's */
    int64_t epoch;
    const char *meter_number;
    const char *mode;
    int64_t opening_fen, paid_in_fen, used_fen, refunded_fen, corrected_fen, closing_fen;
    int64_t meter_fen;
    const char *how;
    int64_t read_at; /* 0: none */
    int64_t purchase_count;
    int64_t energy_wh;
    int64_t used_wh, used_sharp_wh, used_peak_wh, used_flat_wh, used_valley_wh;
    const char *tariff_name; /* NULL: none was in force */
    int64_t expected_fen;
    const char *difference;
    int64_t difference_fen;
    int64_t tolerance_fen;
    int64_t posted_at;
};

/* Of a supply, newest first; before_id 0: from the newest. */
enum rc proof_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t before_id,
                   size_t limit, struct proof_view **ret_views, size_t *ret_count,
                   const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc proof_list_one(struct db *db, struct arena *arena, int64_t id,
                       struct proof_view *ret_view) MUST_CHECK;

/* What a person said about a difference; "" while nobody did. Answers RC_OK also where none. */
enum rc proof_reviews_get(struct db *db, struct arena *arena, int64_t proof_id,
                          const char **ret_reason, const char **ret_reviewed_by_name) MUST_CHECK;
/* In a transaction. RC_CONFLICT: somebody did before. */
enum rc proof_reviews_insert(struct db *db, int64_t proof_id, int64_t reviewed_by,
                             const char *reason) MUST_CHECK;

/* One transfer of a proof: those it took in, and those it posted. */
struct proof_line_view {
    int64_t transfer_id;
    const char *kind; /* opening, paid_in, used, refunded, corrected; posted: by the proof itself */
    int64_t change_fen;
    int64_t at;
    const char *title_zh;
    const char *title_en;
    const char *object_kind;
    int64_t object_id;
    int64_t purchase_id; /* ROW_NULL: of none */
    const char *purchase_number;
};
enum rc proof_lines(struct db *db, struct arena *arena, int64_t id,
                    struct proof_line_view **ret_lines, size_t *ret_count) MUST_CHECK;

/* A supply whose day cannot be closed yet. */
struct proof_waiting {
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    const char *day;
    const char *wait_code;
    int64_t since_at;
};
/* Those that wait longest first; filters and limit of the question. */
enum rc proof_waits(struct db *db, struct arena *arena, const struct proof_question *question,
                    struct proof_waiting **ret_rows, size_t *ret_count) MUST_CHECK;

#endif

/*
 * Epochs: one meter's life on one supply, and the reading with which one begins.
 */
#ifndef PW_STORE_EPOCH_H
#define PW_STORE_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct epoch {
    int64_t id;
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    int64_t open_count;
    int64_t open_balance_fen;
    int64_t open_energy_wh;
    int64_t opened_at_ms;
};

/* What the meter last said about money; ROW_NULL (core/store/row.h) where it did not. */
struct meter_money {
    int64_t meter_id;
    int64_t taken_at_ms; /* 0: never read */
    int64_t balance_fen;
    int64_t count;
    int64_t energy_wh;
    int64_t parameters_at_ms; /* 0: never read */
    int64_t price_sharp_e4, price_peak_e4, price_flat_e4, price_valley_e4;
    int64_t alarm1_fen, alarm2_fen, overdraft_fen;
};

/* RC_CONFLICT: the supply has a live epoch, or had this number. */
enum rc epochs_insert(struct db *db, const struct epoch *epoch, int64_t *ret_id) MUST_CHECK;
/* Takes one back in which nothing happened. RC_REFUSED: something refers to it. */
enum rc epochs_delete(struct db *db, int64_t id) MUST_CHECK;
/* The live one of a supply; RC_NOT_FOUND. */
enum rc epochs_live(struct db *db, struct arena *arena, int64_t supply_id,
                    struct epoch *ret_epoch) MUST_CHECK;
/* Of the supply's present meter; RC_NOT_FOUND: no such supply. */
enum rc meter_money_get(struct db *db, struct arena *arena, int64_t supply_id,
                        struct meter_money *ret_money) MUST_CHECK;

#endif

/*
 * What a meter swap changes in the park and moves from one epoch to the next. Asserts a transaction
 * in which the supply's row is locked.
 */
#ifndef PW_STORE_SWAP_PARK_H
#define PW_STORE_SWAP_PARK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/epoch.h"
#include "core/store/swap.h"

/* A line and a model by their codes; RC_NOT_FOUND. */
enum rc swap_line_find(struct db *db, struct arena *arena, const char *code, int64_t *ret_id,
                       int32_t *ret_shard) MUST_CHECK;
enum rc swap_model_find(struct db *db, struct arena *arena, const char *code,
                        int64_t *ret_id) MUST_CHECK;

/* Where a meter hangs, in service or not. RC_NOT_FOUND. */
enum rc swap_meter_where(struct db *db, struct arena *arena, int64_t meter_id, int64_t *ret_line_id,
                         int32_t *ret_shard, const char **ret_model_code) MUST_CHECK;

struct swap_place {
    int64_t meter_id; /* of the meter with this number; 0: there is none */
    bool in_service;
    bool feeds;         /* a supply */
    bool address_taken; /* by a meter in service other than this one and the old one */
    bool serial_taken;  /* likewise */
    int64_t feeds_old;  /* supplies that the old meter feeds */
};

/* What stands in the way of a meter with this number, serial number and address. */
enum rc swap_place_look(struct db *db, struct arena *arena, const char *number,
                        const char *serial_number, int64_t line_id, int64_t address,
                        int64_t old_meter_id, struct swap_place *ret_place) MUST_CHECK;
/* Retires a meter: its address is free. */
enum rc swap_meter_retire(struct db *db, int64_t meter_id) MUST_CHECK;
/* A retired one feeds again. RC_CONFLICT: its address is taken. */
enum rc swap_meter_return(struct db *db, int64_t meter_id) MUST_CHECK;
/* Writes the new meter of the swap in service: a new row, or place's own one taken out of store.
   serial_number and external_control as the meter answered. RC_CONFLICT: taken meanwhile. */
enum rc swap_meter_write(struct db *db, const struct swap *swap, const char *serial_number,
                         bool external_control, int64_t existing_id,
                         int64_t *ret_meter_id) MUST_CHECK;
/* The supply hangs on another meter, one epoch on. */
enum rc swap_supply_set_meter(struct db *db, int64_t supply_id, int64_t meter_id,
                              int64_t epoch) MUST_CHECK;

/* The last count of an epoch that ended, the count under way (0: none) with its delivery. */
struct swap_counts {
    int64_t ended_count;
    int64_t flight_count;
    int64_t flight_delivery_id;
    int64_t given_since; /* counts given in it at all */
};

enum rc swap_counts_get(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                        struct swap_counts *ret_counts) MUST_CHECK;
/* Closes an epoch. RC_CONFLICT: it is closed. */
enum rc swap_epoch_close(struct db *db, int64_t supply_id, int64_t epoch,
                         const struct swap_figures *figures, bool typed) MUST_CHECK;
/* A delivery with a count that can never apply in the old meter starts again without one. */
enum rc swap_delivery_restart(struct db *db, int64_t delivery_id) MUST_CHECK;
/* Open purchases and deliveries without a count go over to the next epoch and its meter. */
enum rc swap_move_open(struct db *db, int64_t supply_id, int64_t from_epoch, int64_t to_epoch,
                       int64_t meter_id, int64_t *ret_moved) MUST_CHECK;
/* How many purchases were made on the epoch since a moment, carried ones left out, and adjustments
   begun in it. */
enum rc swap_sold_since(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                        int64_t since_ms, int64_t *ret_sold) MUST_CHECK;

/* Purchases that the swap carries and that are not in a meter: id, amount, delivery. */
struct swap_carried {
    int64_t purchase_id;
    int64_t delivery_id;
    int64_t amount_fen;
};
enum rc swap_carried_open(struct db *db, struct arena *arena, int64_t swap_id,
                          struct swap_carried **ret_list, size_t *ret_count) MUST_CHECK;
/* Adjustments of an epoch that nobody began are called off. */
enum rc swap_adjustments_cancel(struct db *db, int64_t supply_id, int64_t epoch) MUST_CHECK;
/* Closes every open alarm about an object. */
enum rc swap_alarms_close(struct db *db, const char *object_kind, int64_t object_id) MUST_CHECK;
/* What stood in a meter, as a push wants it ("" when it was never read). */
enum rc swap_wanted_of(struct db *db, struct arena *arena, int64_t meter_id,
                       const char **ret_json) MUST_CHECK;

#endif

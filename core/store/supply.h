/*
 * Supplies for the deciding side: the row lock that every order, lock-out and keep-on of a supply
 * takes first, and what is known about the supply, its meter and its line.
 *
 * After supply_lock a plain read in the same transaction sees everything that others decided about
 * the supply: the lock raises orders_version, so a transaction whose snapshot is older gets
 * RC_RETRY and runs again.
 */
#ifndef PW_STORE_SUPPLY_H
#define PW_STORE_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/supply_state.h"
#include "core/store/db.h"

struct supply {
    int64_t id;
    int64_t unit_id; /* 0: feeds no unit */
    int64_t meter_id;
    int64_t line_id;
    int64_t epoch;
    int32_t shard;
    bool protected_supply;
    bool close_by_hand;
    bool frozen;
    bool external_control;
    bool in_service; /* the meter, and its line is enabled */
    bool writable_line;
    bool experimental;         /* model maturity */
    bool experimental_setting; /* site setting accept_experimental_models = 1 */
    bool locked_out;
    bool platform_mode;       /* the ledger holds its money */
    int64_t overdraft_fen;    /* in platform mode: debt at which power is cut */
    const char *actions;      /* of the model */
    const char *capabilities; /* of the model: "purchase:proven,..." */
    const char *unit_number;  /* "" without a unit */
    const char *meter_number;
    const char *serial_number; /* as imported, "" unknown */
    const char *shop_name;
    bool ever_read;
    int64_t taken_at_ms;
    enum relay_state relay;
    enum forced_state forced;
    int64_t status_bits;
};

/* Takes the row lock and notes the time of change; asserts a transaction. RC_NOT_FOUND. */
enum rc supply_lock(struct db *db, int64_t supply_id) MUST_CHECK;
/* What is known; texts live in the arena. RC_NOT_FOUND. */
enum rc supply_get(struct db *db, struct arena *arena, int64_t supply_id,
                   struct supply *ret_supply) MUST_CHECK;
/* What people call it: the unit's number, or the meter's where it feeds no unit. */
const char *supply_label(const struct supply *supply);
/* Reads the line again under a shared lock: nobody makes it read-only before this transaction ends.
 */
enum rc supply_line_hold(struct db *db, struct arena *arena, int64_t line_id,
                         bool *ret_writable) MUST_CHECK;
/* Freezes, unless it is frozen already. reason: serial_mismatch, count_mismatch, other. detail: <=
 * 200 characters. */
enum rc supply_freeze(struct db *db, int64_t supply_id, const char *reason,
                      const char *detail) MUST_CHECK;

struct supply_freeze_state {
    const char *reason;
    const char *detail;
    int64_t frozen_at_ms;
    const char *serial_number;      /* as recorded */
    const char *serial_number_read; /* as the meter last said, "" never */
    int64_t read_at_ms;             /* when it said so, 0 never */
};

/* Of a supply that is frozen; RC_NOT_FOUND. */
enum rc supply_freeze_get(struct db *db, struct arena *arena, int64_t supply_id,
                          struct supply_freeze_state *ret_state) MUST_CHECK;
/* What a meter answers as its serial number, read for an order. Asserts a transaction. */
enum rc supply_note_serial(struct db *db, int64_t meter_id, const char *serial_number,
                           int64_t read_at_ms) MUST_CHECK;
/* Asserts a transaction in which the row is locked. */
enum rc supply_unfreeze(struct db *db, int64_t supply_id) MUST_CHECK;

#endif

/*
 * Platform mode 平台计费: the spans during which the ledger holds a supply's money, the readings at
 * which its use was charged, and the charges themselves. Changes assert a transaction in which the
 * supply is locked.
 */
#ifndef PW_STORE_PLATFORM_H
#define PW_STORE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/charge.h"
#include "core/rules/rate_table.h"
#include "core/store/db.h"

/* A reading as charging sees it. */
struct platform_reading {
    int64_t epoch;
    struct charge_point point;
    bool has_rates;  /* the four rate registers are known */
    int64_t power_w; /* of platform_newest only */
};

struct platform_span {
    int64_t id;
    int64_t supply_id;
    int64_t from_at_ms;
    int64_t charged_at_ms;
    int64_t seen_at_ms;
    bool low;
    int64_t trip_command_id; /* 0: none */
    int64_t overdraft_fen;   /* of the supply */
    int64_t interval_ms;     /* of the line's history */
    bool platform_mode;      /* the supply's mode now */
    bool ending;             /* its money is on the way into the meter */
};

/* Supplies with something to charge: a reading that nobody looked at, and the interval is over, an
   order was carried out, the money is low, or the meter was swapped. */
enum rc platform_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_supply_ids,
                     size_t *ret_count) MUST_CHECK;
/* Supplies that wait for power since we tripped them. */
enum rc platform_tripped(struct db *db, struct arena *arena, size_t max, int64_t **ret_supply_ids,
                         size_t *ret_count) MUST_CHECK;
/* Supplies opened in platform mode, without a span. */
enum rc platform_without_span(struct db *db, struct arena *arena, size_t max,
                              int64_t **ret_supply_ids, size_t *ret_count) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc platform_span_live(struct db *db, struct arena *arena, int64_t supply_id,
                           struct platform_span *ret_span) MUST_CHECK;
/* change_id, fee_push_id: 0 none. RC_CONFLICT: it has one. */
enum rc platform_span_open(struct db *db, int64_t supply_id, int64_t change_id, int64_t fee_push_id,
                           const struct platform_reading *from) MUST_CHECK;
enum rc platform_span_close(struct db *db, int64_t id, int64_t change_id,
                            int64_t until_at_ms) MUST_CHECK;
/* What was charged and seen; low: money is nearly used up. */
enum rc platform_span_note(struct db *db, int64_t id, int64_t charged_at_ms, int64_t seen_at_ms,
                           bool low) MUST_CHECK;
/* command_id 0: none any more. */
enum rc platform_span_set_trip(struct db *db, int64_t id, int64_t command_id) MUST_CHECK;

/* The reading up to which the span is charged, and where the supply stands in its billing period.
 */
enum rc platform_last(struct db *db, struct arena *arena, const struct platform_span *span,
                      struct platform_reading *ret_reading,
                      struct charge_state *ret_state) MUST_CHECK;
/* What the present meter last said; RC_NOT_FOUND: it never did. */
enum rc platform_newest(struct db *db, struct arena *arena, int64_t supply_id,
                        struct platform_reading *ret_reading) MUST_CHECK;
/* Where an epoch began and, if it is over, ended. RC_NOT_FOUND. */
enum rc platform_epoch(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                       struct platform_reading *ret_open, bool *ret_closed,
                       struct platform_reading *ret_close) MUST_CHECK;
/* The tariff in force, or the first one there will be where use came before it, and the moment of
   the next one in (at_ms, until_ms); until_ms if none. RC_NOT_FOUND: the supply never had one. */
enum rc platform_tariff(struct db *db, struct arena *arena, int64_t supply_id, int64_t at_ms,
                        int64_t until_ms, int64_t *ret_tariff_id, int64_t *ret_next_ms) MUST_CHECK;
/* The rate tables that the supply's meter keeps, as last read. */
enum rc platform_tables(struct db *db, struct arena *arena, int64_t supply_id,
                        struct rate_table_bytes *ret_tables) MUST_CHECK;

struct platform_charge {
    int64_t supply_id;
    int64_t span_id;
    int64_t tariff_id;
    enum charge_mode mode;
    int64_t from_at_ms;
    struct platform_reading to;
    int64_t fen;
    struct charge_state state;
};

enum rc platform_charge_add(struct db *db, const struct platform_charge *charge,
                            int64_t *ret_id) MUST_CHECK;
/* Credited purchases whose supply has power: the clock from money to power stops. */
enum rc platform_note_power(struct db *db, int64_t stale_ms) MUST_CHECK;

#endif

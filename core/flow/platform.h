/*
 * Platform mode 平台计费 (design 2, 5.10): the ledger holds the money, use is charged under the
 * tariff from reading to reading, and the order to trip is given in the transaction that used the
 * money up. A supply whose meter charges by itself is never touched: only a live span of
 * platform_span is charged, and a span and a meter's own fee control exclude each other.
 *
 * Use between two readings is split at site midnights, at changes of tariff, version, period and
 * (by time) rate; the readings there are estimated once and stored. Each stretch is one charge row
 * and one transfer.
 */
#ifndef PW_FLOW_PLATFORM_H
#define PW_FLOW_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/platform.h"
#include "core/store/supply.h"

#define PLATFORM_RESTORES_MAX 3 /* supplies that get power back in one round: staggered */

/* What one charge did. */
struct platform_done {
    int64_t charges;
    int64_t fen;
    int64_t price_e4;   /* of the next Wh */
    int64_t command_id; /* trip or close that was ordered, 0 none */
    int32_t shard;      /* whom to wake then */
};

/* Charges a supply up to its newest reading and orders the trip when nothing is left. Its own
   transaction. RC_NOT_FOUND: no span, no reading, or no tariff in force. */
enum rc platform_charge(struct db *db, int64_t supply_id,
                        struct platform_done *ret_done) MUST_CHECK;
/* Orders power back for a supply that we tripped and that has money again; forgets a trip that is
   no longer ours (a person ordered something since). Its own transaction. RC_REFUSED: a guard says
   not now. */
enum rc platform_restore(struct db *db, int64_t supply_id,
                         struct platform_done *ret_done) MUST_CHECK;
/* Opens the span of a supply that was opened in platform mode, and has fee control switched off in
   its meter, once. Its own transaction. */
enum rc platform_begin(struct db *db, int64_t supply_id) MUST_CHECK;

/* Inside a transaction that holds the supply: charges the span up to a reading, rows and transfers,
   nothing else. RC_INVALID: a register fell; RC_NOT_FOUND: no tariff is in force. */
enum rc platform_charge_to(struct db *db, struct arena *arena, const struct platform_span *span,
                           const struct platform_reading *to,
                           struct platform_done *ret_done) MUST_CHECK;
/* What the ledger holds of a supply's money; below zero: debt. */
enum rc platform_balance(struct db *db, struct arena *arena, int64_t supply_id,
                         int64_t *ret_fen) MUST_CHECK;

#endif

/*
 * Deliveries: bringing a paid purchase into the meter exactly once. Each function is one
 * transaction with its audit row. Rules: design 5.3 to 5.6; states: core/rules/delivery_state.h;
 * proof: core/rules/readback.h.
 *
 *   web, jobs   a settled payment makes the row (deliveries_insert, in settle's transaction)
 *   poller      delivery_scan -> read the meter -> delivery_claim -> delivery_mark_sent -> frame ->
 *               read the meter -> delivery_judge -> ended | mark_sent again (same count) | ...
 *   person      delivery_cancel, delivery_fence, delivery_decide
 */
#ifndef PW_FLOW_DELIVERY_H
#define PW_FLOW_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/rules/delivery_state.h"
#include "core/rules/evidence.h"
#include "core/rules/readback.h"
#include "core/store/delivery.h"

#define DELIVERY_READING_MAX_AGE_MS 10000 /* "just read" */
#define DELIVERY_TAKE_OVER_MS 30000 /* a delivery that nobody touched for so long is anybody's */
#define DELIVERY_SENDS_MAX 5        /* frames without effect until the meter counts as refusing */

/* Site settings (site_setting table), with the value that holds while nobody set one. */
#define DELIVERY_SETTING_CEILING "delivery_ceiling_fen" /* most that one delivery may carry */
#define DELIVERY_CEILING_FEN INT64_C(5000000)
#define DELIVERY_SETTING_HOARD                                                                     \
    "purchase_hoard_fen" /* 囤积: balance that a purchase may reach; 0 none */
#define DELIVERY_HOARD_FEN INT64_C(0)

/* The meter, just read: right before a claim, or after a frame may have left. */
struct delivery_reading {
    int64_t read_at_mono_ms; /* clock_monotonic_ms of the answer */
    int64_t taken_at_ms;
    char serial_number[24];
    struct evidence evidence;
    bool power; /* current flows, or an internal relay is closed */
};

/* Open deliveries of a shard, those in flight first, at most `max`; outside a transaction. */
enum rc delivery_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                      struct delivery_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* What the poller has to put on the wire. */
struct delivery_frame {
    int64_t count;
    int64_t amount_fen; /* 0: the fence */
};

/* What became of a delivery in a step. */
struct delivery_outcome {
    enum delivery_state state;
    char wait_code[33]; /* "" or why it waits */
};

/* pending -> sending under the row lock of the supply, with the count and the evidence. RC_OK: the
   frame may be marked and sent. RC_REFUSED: it waits, is held, went to a person, or the supply is
   frozen: *ret_outcome (also filled on RC_OK). RC_CONFLICT: somebody else moved it. */
enum rc delivery_claim(struct db *db, int64_t delivery_id, const char *instance,
                       const struct delivery_reading *reading, struct delivery_frame *ret_frame,
                       struct delivery_outcome *ret_outcome) MUST_CHECK;
/* Makes a delivery with a count ours whose poller is gone: it is of an older start than ours, or
   did nothing for DELIVERY_TAKE_OVER_MS. RC_CONFLICT: its poller lives, or it ended. */
enum rc delivery_take_over(struct db *db, int64_t delivery_id, const char *instance) MUST_CHECK;
/* Committed before each frame. Only after RC_OK may the frame leave. RC_CONFLICT: no longer ours;
   RC_REFUSED: frozen or read-only by now, *ret_outcome. */
enum rc delivery_mark_sent(struct db *db, int64_t delivery_id, const char *instance,
                           struct delivery_frame *ret_frame,
                           struct delivery_outcome *ret_outcome) MUST_CHECK;
/* Judges a read-back and does what follows: confirmed (ledger, purchase, payment, power), fenced,
   manual with the supply frozen. *ret_verdict READBACK_RESEND: nothing happened in the meter, the
   same frame may be marked and sent again; *ret_outcome says `hold` when that had no effect too
   often. RC_CONFLICT: no longer ours. */
enum rc delivery_judge(struct db *db, int64_t delivery_id, const char *instance,
                       const struct delivery_reading *reading, enum readback_verdict *ret_verdict,
                       struct delivery_outcome *ret_outcome) MUST_CHECK;
/* Writes down why it waits, once. */
enum rc delivery_note_wait(struct db *db, int64_t delivery_id, const char *wait_code) MUST_CHECK;
/* hold with a count -> sending: once more. RC_CONFLICT. */
enum rc delivery_resume(struct db *db, int64_t delivery_id, const char *instance) MUST_CHECK;

/* A delivery that never left: pending, hold or manual without a count -> cancelled; its payment is
   then free to go back. Inside or outside a transaction. RC_CONFLICT, "conflict": a count was
   given. */
enum rc delivery_cancel(struct db *db, const struct actor *actor, int64_t delivery_id,
                        const char *reason, struct command_refusal *ret_refusal) MUST_CHECK;
/* The fence: sending, hold or manual with a count -> fencing. The poller burns the count with a
   zero purchase and the read-back says fenced or confirmed. RC_REFUSED, "not_proven": the model's
   zero_purchase is not proven; RC_CONFLICT, "conflict": there is no count, or it is over. */
enum rc delivery_fence(struct db *db, const struct actor *actor, int64_t delivery_id,
                       const char *reason, struct command_refusal *ret_refusal) MUST_CHECK;

enum delivery_decision {
    DELIVERY_DECIDE_CONFIRMED, /* the money is in the meter: somebody looked */
    DELIVERY_DECIDE_RESEND,    /* it is not: once more, with the same count if it has one */
};

/* A person ends manual, or lets a held delivery go on (RESEND). approval_id: the second person's
   agreement, needed for CONFIRMED. RC_CONFLICT, "conflict": it is in another state, or has no
   count; RC_REFUSED, "frozen_supply": the freeze is ended first. */
enum rc delivery_decide(struct db *db, const struct actor *actor, int64_t delivery_id,
                        enum delivery_decision decision, int64_t approval_id, const char *reason,
                        struct command_refusal *ret_refusal) MUST_CHECK;

#endif

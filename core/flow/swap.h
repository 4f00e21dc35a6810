/*
 * Meter swap 换表: the old meter's money comes out, the meters are exchanged in one transaction,
 * the money follows into the new one by deliveries of origin `returned` (never sent twice, proved
 * by read-back like any other). Steps: core/rules/swap_state.h.
 *
 *   swap_ask       what the old meter is: it answers, or it is dead and its last figures are typed
 *                  with a photo; asks the second person
 *   swap_carry     that person agreed: a living meter is tripped and emptied by an adjustment of
 *                  kind swap (the poller), a dead one counts as emptied
 *   swap_survey    what the new meter is said to be; asks it on its line who it is and what it
 * holds swap_exchange  old epoch closed, old meter retired, new meter, new epoch, money on its way,
 *                  prices and thresholds pushed
 *   swap_cancel    before the exchange: what was taken out goes back into the old meter
 *   swap_undo      the same day of the site, nothing sold or delivered since: the old meter again
 *
 * The ledger: what was taken out stands in adjustment_clearing, then in meter_clearing, until the
 * new meter has it. All functions run inside a transaction; order of locks: supply, then the rest.
 */
#ifndef PW_FLOW_SWAP_H
#define PW_FLOW_SWAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/db.h"
#include "core/store/swap.h"

#define SWAP_APPROVAL_EXPIRY_MS (INT64_C(24) * 3600 * 1000)
#define SWAP_SURVEY_MAX_AGE_MS (INT64_C(10) * 60 * 1000) /* the meter is asked again after that */

struct swap_request {
    int64_t supply_id;
    bool old_dead;
    int64_t balance_fen, count, energy_wh; /* of a dead meter, as its display or label said */
    const uint8_t *evidence_sha256;        /* 32 bytes, a dead meter's photo; or NULL */
    const char *reason;
};

/* RC_INVALID with the field; RC_REFUSED no_account, no_epoch, account_closed, several_supplies,
   locked_out, kept_on, adjustment_open, frozen_supply, read_only_line, stale, count_differs,
   energy_back; RC_CONFLICT swap_open. */
enum rc swap_ask(struct db *db, struct arena *arena, const struct actor *actor,
                 const struct swap_request *request, int64_t *ret_swap_id, int64_t *ret_approval_id,
                 struct command_refusal *ret_refusal) MUST_CHECK;

/* What approval_decide calls. *ret_shard: whose poller to wake. */
enum rc swap_carry(struct db *db, struct arena *arena, const struct actor *maker,
                   int64_t checker_id, int64_t approval_id, int64_t swap_id, int32_t *ret_shard,
                   struct command_refusal *ret_refusal) MUST_CHECK;

struct swap_meter {
    const char *number; /* painted on the cabinet */
    const char *line_code;
    int64_t address;
    const char *model_code;
    const char *serial_number; /* of the name plate, "" whatever it answers */
    int64_t ct_ratio, pt_ratio;
};

/* Asks the new meter. RC_REFUSED wrong_state, number_in_use, address_in_use, serial_in_use. Wake
   the shard after the commit. */
enum rc swap_survey(struct db *db, struct arena *arena, const struct actor *actor, int64_t swap_id,
                    const struct swap_meter *meter, int32_t *ret_shard,
                    struct command_refusal *ret_refusal) MUST_CHECK;
/* Asks the old meter, before an undo. */
enum rc swap_survey_old(struct db *db, struct arena *arena, int64_t swap_id, int32_t *ret_shard,
                        struct command_refusal *ret_refusal) MUST_CHECK;

struct swap_answer {   /* of the last question; ROW_NULL where a number is not known */
    const char *state; /* none, pending, taken, done, failed, expired */
    const char *error; /* code of core/store/field_request.h, "" */
    bool model_matches;
    bool external_control;
    const char *serial_number;
    int64_t balance_fen, count, energy_wh;
    int64_t fee_control; /* 0 off, 1 on */
    int64_t taken_at;    /* 0: not yet */
};

enum rc swap_answer_get(struct db *db, struct arena *arena, const struct swap *swap,
                        struct swap_answer *ret_answer) MUST_CHECK;

/* RC_REFUSED not_surveyed, meter_silent, wrong_model, still_old_meter, wrong_serial,
   negative_balance, on_its_way, order_open, count_differs and those of swap_ask. */
enum rc swap_exchange(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t swap_id, int32_t *ret_shard,
                      struct command_refusal *ret_refusal) MUST_CHECK;
/* RC_REFUSED wrong_state; being_written: the poller has begun, wait for its end. */
enum rc swap_cancel(struct db *db, struct arena *arena, const struct actor *actor, int64_t swap_id,
                    const char *reason, int32_t *ret_shard,
                    struct command_refusal *ret_refusal) MUST_CHECK;
/* RC_REFUSED day_over, sold_since, address_in_use, not_surveyed, wrong_serial, count_differs. */
enum rc swap_undo(struct db *db, struct arena *arena, const struct actor *actor, int64_t swap_id,
                  const char *reason, int32_t *ret_shard,
                  struct command_refusal *ret_refusal) MUST_CHECK;

#endif

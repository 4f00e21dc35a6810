/*
 * The daily proof of a supply: one stretch of a day between two moments, what the meter said at
 * both, what moved in between, and so what was used. Pure.
 *
 *   opening + paid in - used - refunded +- corrected = closing
 *
 * A moment is a day's boundary, the change of an account or of a tariff; its figures are those of
 * the reading nearest to it within one interval. Where none lies so near, they are estimated
 * linearly in time between the readings around it, stored as such and never computed again: what
 * comes late moves use into the next day, no money. Where nothing was read after it, the day waits.
 *
 * Whether a purchase is in a balance is decided by the purchase count that was read with it, not by
 * a clock; an adjustment, which writes a balance while the supply is off, by the balance itself
 * where the reading fell between its write and its read-back.
 */
#ifndef PW_RULES_PROOF_H
#define PW_RULES_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/calendar.h"
#include "core/rules/charge.h"
#include "core/rules/ledger.h"

/* The local day that holds a moment. date: YYYY-MM-DD of it. */
struct proof_day {
    int64_t from_at_ms;
    int64_t to_at_ms;
    char date[16];
};
void proof_day_of(const struct calendar_zone *zone, int64_t at_ms, struct proof_day *ret_day);

/* What a meter said, and for which moment it stands. */
struct proof_point {
    int64_t at_ms;
    int64_t read_at_ms; /* when it was really read; at_ms where estimated */
    int64_t balance_fen;
    int64_t count;
    int64_t energy_wh;
    int64_t rate_wh[RATE__MAX];
    bool has_rates; /* the rate registers are known */
    bool estimated;
};

enum proof_move_kind {
    PROOF_OPENING,   /* money that was in a meter when its epoch began */
    PROOF_PAID_IN,   /* delivered or credited */
    PROOF_USED,      /* platform mode: a charge */
    PROOF_REFUNDED,  /* left by adjustment */
    PROOF_CORRECTED, /* anything else */
    PROOF_MOVE__MAX
};

/* One transfer of the supply's prepaid money, as far as it matters here. */
struct proof_move {
    enum proof_move_kind kind;
    int64_t change_fen; /* of the money: plus came, minus went */
    int64_t epoch;      /* 0: of none */
    int64_t at_ms;
    int64_t count;         /* 0: not decided by count */
    bool adjusts;          /* decided by the four below */
    int64_t written_at_ms; /* the balance may have changed since */
    int64_t ended_at_ms;   /* the new balance was read back */
    int64_t old_balance_fen;
    int64_t new_balance_fen;
};

/* "paid_in". Never NULL. */
const char *proof_move_kind_name(enum proof_move_kind kind);
/* Is this move in what the meter said there? epoch: of the meter. */
bool proof_move_in(const struct proof_move *move, int64_t epoch, const struct proof_point *point);

/* The figures at a moment, out of the readings around it. before: the last one not after it (or the
   figures the stretch began with), after: the first one behind it and behind before, or NULL.
   near_ms: a reading no further away is taken as it is. moves: all that may lie between them, in
   the order of their counts, for an estimate. RC_NOT_FOUND: it has to wait. RC_TOO_LARGE: overflow.
 */
enum rc proof_boundary(int64_t at_ms, int64_t near_ms, int64_t epoch,
                       const struct proof_point *before, const struct proof_point *after,
                       const struct proof_move *moves, size_t move_count,
                       struct proof_point *ret_point) MUST_CHECK;

/* What the stretch used, by the meter's balance: opening and closing are of the same meter; proof
   has what moved in between. RC_TOO_LARGE. */
enum rc proof_used(int64_t opening_fen, int64_t closing_fen, const struct ledger_proof *proof,
                   int64_t *ret_used_fen) MUST_CHECK;
/* Adds a move to a proof; openings count as corrections. RC_TOO_LARGE. */
enum rc proof_add(struct ledger_proof *proof, const struct proof_move *move) MUST_CHECK;

/* Cost of the use between two points at the meter's own prices (sharp, peak, flat, valley), exact,
   rounded once. RC_CONFLICT: a register fell, or they are not known. RC_TOO_LARGE. */
enum rc proof_meter_cost(const struct proof_point *from, const struct proof_point *to,
                         const int64_t price_e4[4], int64_t *ret_fen) MUST_CHECK;
/* What balance and registers may differ by without saying anything: one unit of a register for each
   rate at its price, and a fen of rounding on each side. */
int64_t proof_tolerance(int64_t unit_wh, int64_t price_max_e4, int rates);

/* Why the meter took something else than our tariff says. */
enum proof_difference {
    PROOF_SAME,      /* nothing, or what rounding and resolution explain */
    PROOF_NO_TARIFF, /* no tariff of ours was in force: nothing to compare with */
    PROOF_OLD_PRICE, /* 旧价运行: it charged the prices it held before; settled as its own line */
    PROOF_JUMP,      /* count, register or balance moved without us */
    PROOF_UNEXPLAINED,
    PROOF_DIFFERENCE__MAX
};

#define PROOF_OLD_COSTS_MAX 2

struct proof_costs {
    int64_t used_fen; /* what the meter took */
    int64_t tolerance_fen;
    bool tariff_known;
    int64_t expected_fen; /* by our tariff, where known */
    bool jumped;          /* counts nobody sold, a register that fell */
    bool took_prices;     /* new prices came into force, or into the meter, in this stretch */
    int old_count;
    int64_t old_fen[PROOF_OLD_COSTS_MAX]; /* the same use at prices the meter held before */
};

enum proof_difference proof_judge(const struct proof_costs *costs);
/* "old_price". Never NULL. */
const char *proof_difference_code(enum proof_difference difference);

#endif

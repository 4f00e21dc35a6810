/*
 * Evidence: what the meter said before a purchase left, and what it says when it is read back; and
 * what the use between the two costs at the meter's own prices. Pure; integers only.
 *
 * Cost is counted per rate register. A register counts in units (10 Wh times the transformers), so
 * a difference of two readings is known to less than one unit a rate: that, at the rate's price,
 * and one fen of rounding on each side is the tolerance.
 */
#ifndef PW_RULES_EVIDENCE_H
#define PW_RULES_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/point.h"

struct model;

#define EVIDENCE_RATES 4 /* sharp, peak, flat, valley */
#define EVIDENCE_JSON_MAX 400

struct evidence {
    int64_t count;
    int64_t balance_fen;
    int64_t energy_wh;               /* total register */
    int64_t rate_wh[EVIDENCE_RATES]; /* as the registers say, transformers applied */
    int64_t price_e4[EVIDENCE_RATES];
    int64_t unit_wh;  /* one count of an energy register, >= 1 */
    bool fee_control; /* off: use costs nothing in this meter */
};

/* From a whole fast block and the prices of the slow block (may be the same reading). RC_NOT_FOUND:
   a register that is needed is missing; RC_INVALID: a value that no meter has. */
enum rc evidence_make(const struct model *model, const struct reading *fast,
                      const struct reading *prices, struct evidence *ret_evidence) MUST_CHECK;
/* As stored in delivery.before_energy: registers, prices, unit. count and balance have columns of
   their own. */
void evidence_add_json(struct text *json, const struct evidence *evidence);
enum rc evidence_parse_json(const char *json, struct evidence *ret_evidence) MUST_CHECK;

/* Cost of the use from `before` to `after` at the prices of `before`, rounded to fen, and the
   tolerance of a balance computed with it. RC_CONFLICT: a register went backwards: it is not the
   meter of before. RC_TOO_LARGE: not believed. */
enum rc evidence_cost(const struct evidence *before, const struct evidence *after,
                      int64_t *ret_cost_fen, int64_t *ret_tolerance_fen) MUST_CHECK;

#endif

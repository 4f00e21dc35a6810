/* What the two halves of closing a day share. Internal to core/flow. */
#ifndef PW_FLOW_PROOF_OWN_H
#define PW_FLOW_PROOF_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/proof.h"
#include "core/store/proof.h"

/* Where a supply stands: the end of its last stretch. */
struct proof_place {
    const struct proof_epoch *epoch;
    int64_t from_at_ms;
    struct proof_point point; /* the meter's figures there */
    bool has_point;           /* false: only the ledger knows (platform mode) */
    bool first;               /* nothing was proved before */
    int64_t money_fen;        /* by the ledger */
    bool has_state;
    struct charge_state state;
};

/* Fills what our tariff expects of the stretch, why it differs, and the state to go on from.
   row has everything but tariff_id, costs, difference and state; jumped is the caller's. */
enum rc proof_compare(struct db *db, struct arena *arena, struct proof_run *run,
                      const struct proof_place *place, bool jumped,
                      struct proof_row *row) MUST_CHECK;

#endif

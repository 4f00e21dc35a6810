#include "core/flow/proof_review.h"

#include <assert.h>
#include <string.h>

#include "core/flow/step.h"
#include "core/rules/proof.h"
#include "core/store/alarm.h"
#include "core/store/proof_list.h"

enum rc proof_review(struct db *db, struct arena *arena, const struct actor *actor,
                     int64_t proof_id, const char *reason, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct proof_view proof;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(proof_list_one(db, arena, proof_id, &proof));
    if (strcmp(proof.difference, proof_difference_code(PROOF_JUMP)) != 0 &&
        strcmp(proof.difference, proof_difference_code(PROOF_UNEXPLAINED)) != 0) {
        return step_refuse(RC_REFUSED, "no_gap", "", ret_refusal);
    }
    enum rc rc = proof_reviews_insert(db, proof_id, actor->id, reason);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    TRY(rc);
    TRY(alarm_close(db, ALARM_PROOF_GAP, "proof", proof_id));
    const char *after =
        arena_printf(arena, "{\"proof_id\":%lld,\"difference\":\"%s\",\"difference_fen\":%lld}",
                     (long long)proof_id, proof.difference, (long long)proof.difference_fen);
    return after == NULL ? RC_MEMORY
                         : step_audit(db, actor, AUDIT_ACTION_PROOF_REVIEW, "proof", proof_id,
                                      proof.day, reason, "", after);
}

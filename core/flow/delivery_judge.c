/* What a read-back proves about a delivery, and what follows from it: one transaction. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/text.h"
#include "core/flow/delivery_own.h"
#include "core/flow/returned_money.h"
#include "core/store/alarm.h"

#define FENCE_SENDS_MAX (DELIVERY_SENDS_MAX * 3)

struct judging {
    int64_t delivery_id;
    const char *instance;
    const struct delivery_reading *reading;
    enum readback_verdict verdict;
    struct delivery_outcome outcome;
    struct delivery_proof_row proof;
};

static void say(struct judging *judging, enum delivery_state state, const char *wait_code)
{
    judging->outcome.state = state;
    text_copy(judging->outcome.wait_code, sizeof(judging->outcome.wait_code), wait_code);
}

/* What the read-back says. */
static enum rc judge(struct delivery_own *own, struct judging *judging)
{
    const struct delivery_row *row = &own->row;
    struct readback_facts facts;
    enum rc rc = delivery_own_facts(row, &judging->reading->evidence, &facts);
    if (rc == RC_CONFLICT) {
        judging->verdict = READBACK_FREEZE;
        return RC_OK;
    }
    TRY(rc);
    /* a frame that never left repeats nothing */
    facts.refuses_repeat =
        row->sends == 0 || delivery_own_capable(own, CAPABILITY_COUNT_REPEAT_REFUSED);
    judging->verdict =
        row->state == DELIVERY_FENCING ? readback_judge_fence(&facts) : readback_judge(&facts);
    judging->proof = (struct delivery_proof_row){.count = facts.count,
                                                 .balance_fen = facts.balance_fen,
                                                 .use_cost_fen = facts.use_cost_fen,
                                                 .tolerance_fen = facts.tolerance_fen};
    return RC_OK;
}

static enum rc audit_end(struct delivery_own *own, const struct judging *judging,
                         enum audit_action action)
{
    const struct delivery_proof_row *proof = &judging->proof;
    const char *after = arena_printf(
        &own->arena,
        "{\"delivery_id\":%lld,\"count\":%lld,\"amount_fen\":%lld,\"balance_fen\":%lld,"
        "\"use_cost_fen\":%lld,\"tolerance_fen\":%lld}",
        (long long)own->row.id, (long long)proof->count, (long long)own->row.amount_fen,
        (long long)proof->balance_fen, (long long)proof->use_cost_fen,
        (long long)proof->tolerance_fen);
    return after == NULL ? RC_MEMORY : delivery_own_audit(own, NULL, action, "", after);
}

static enum rc confirm(struct delivery_own *own, struct judging *judging)
{
    say(judging, DELIVERY_CONFIRMED, "");
    TRY(deliveries_set_confirmed(own->db, own->row.id, own->row.state, judging->instance,
                                 &judging->proof));
    int64_t power_at_ms = judging->reading->power ? judging->reading->taken_at_ms : 0;
    TRY(delivery_own_settle(own, power_at_ms));
    TRY(delivery_own_close_alarms(own));
    return audit_end(own, judging, AUDIT_ACTION_DELIVERY_CONFIRM);
}

static enum rc fenced(struct delivery_own *own, struct judging *judging)
{
    say(judging, DELIVERY_FENCED, "");
    TRY(deliveries_set_fenced(own->db, own->row.id, own->row.state, judging->instance,
                              "zero_purchase", &judging->proof));
    TRY(called_off_end(own->db, &own->arena, own->row.purchase_id));
    TRY(delivery_own_close_alarms(own));
    return audit_end(own, judging, AUDIT_ACTION_DELIVERY_FENCED);
}

/* Nothing happened in the meter. Too often: it refuses (over-hoard, or what it will not say). */
static enum rc resend(struct delivery_own *own, struct judging *judging)
{
    const struct delivery_row *row = &own->row;
    say(judging, row->state, row->wait_code);
    bool once_more = strcmp(row->wait_code, DELIVERY_ONCE_MORE) == 0;
    if (row->state == DELIVERY_SENDING && row->sends >= DELIVERY_SENDS_MAX && !once_more) {
        say(judging, DELIVERY_HOLD, "meter_refuses");
        return delivery_own_wait(own, DELIVERY_HOLD, judging->instance, "meter_refuses");
    }
    if (row->state == DELIVERY_FENCING && row->sends >= FENCE_SENDS_MAX) {
        say(judging, DELIVERY_MANUAL, "meter_refuses");
        return delivery_own_wait(own, DELIVERY_MANUAL, judging->instance, "meter_refuses");
    }
    return RC_OK;
}

static enum rc act(struct delivery_own *own, struct judging *judging)
{
    switch (judging->verdict) {
    case READBACK_APPLIED:
        return confirm(own, judging);
    case READBACK_FENCED:
        return fenced(own, judging);
    case READBACK_RESEND:
        return resend(own, judging);
    case READBACK_FREEZE:
        TRY(delivery_own_freeze(own, "count_mismatch", own->row.purchase_count, judging->reading));
        break;
    default:
        break;
    }
    const char *code = readback_verdict_code(judging->verdict);
    say(judging, DELIVERY_MANUAL, code);
    return delivery_own_wait(own, DELIVERY_MANUAL, judging->instance, code);
}

static enum rc judge_work(struct db *db, void *context)
{
    struct judging *judging = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, judging->delivery_id));
    bool sends = own.row.state == DELIVERY_SENDING || own.row.state == DELIVERY_FENCING;
    if (!sends || strcmp(own.row.claimed_by, judging->instance) != 0) {
        return RC_CONFLICT;
    }
    if (strcmp(judging->reading->serial_number, own.supply.serial_number) != 0 ||
        own.row.epoch != own.supply.epoch || own.row.meter_id != own.supply.meter_id) {
        /* No reading of this meter: nothing is proved, and nothing more is written. */
        judging->verdict = READBACK_FREEZE;
        say(judging, DELIVERY_MANUAL, "serial_mismatch");
        TRY(delivery_own_freeze(&own, "serial_mismatch", own.row.purchase_count, judging->reading));
        return delivery_own_wait(&own, DELIVERY_MANUAL, judging->instance, "serial_mismatch");
    }
    TRY(judge(&own, judging));
    TRY(act(&own, judging));
    (void)FAILPOINT("conf.pre_commit");
    return RC_OK;
}

enum rc delivery_judge(struct db *db, int64_t delivery_id, const char *instance,
                       const struct delivery_reading *reading, enum readback_verdict *ret_verdict,
                       struct delivery_outcome *ret_outcome)
{
    assert(reading != NULL && ret_verdict != NULL && ret_outcome != NULL);
    struct judging judging = {.delivery_id = delivery_id, .instance = instance, .reading = reading};
    TRY(db_transact(db, judge_work, &judging));
    if (FAILPOINT("conf.commit_reply_lost")) {
        return RC_UNKNOWN;
    }
    (void)FAILPOINT("conf.post_commit");
    *ret_verdict = judging.verdict;
    *ret_outcome = judging.outcome;
    return RC_OK;
}

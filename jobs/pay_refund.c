/*
 * Refunds: promised and committed first, then asked for under one number in every try, until the
 * provider says that the money moved or never will.
 *
 *   approved -> submitted -> REFUND ... (same number) -> accepted -> REFUND_QUERY ... -> succeeded
 *                                                                                   \-> failed
 */
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/refund_provider.h"
#include "core/rules/query_ladder.h"
#include "jobs/pay_own.h"

#define UNANSWERED_MS 60000
#define AUTOMATIC_MAX 10
#define REASON "电费退款"

struct stepping {
    struct arena *arena;
    int64_t id;
    struct refund_fact fact;
    enum refund_taken taken;
};

static enum rc automatic(struct db *db, void *context)
{
    struct stepping *step = context;
    return refund_automatic(db, step->arena, &job_actor, step->id);
}

static enum rc submit(struct db *db, void *context)
{
    struct stepping *step = context;
    return refund_submit(db, step->arena, &job_actor, step->id);
}

static enum rc hear(struct db *db, void *context)
{
    struct stepping *step = context;
    return refund_hear(db, step->arena, &job_actor, &step->fact, &step->taken);
}

static enum rc run(struct pay_desk *desk, db_work work, int64_t id)
{
    struct stepping step = {.arena = &desk->job->arena, .id = id};
    enum rc rc = pay_step(desk, work, &step);
    return rc == RC_CONFLICT ? RC_OK : rc; /* a person was quicker */
}

static enum rc heard(struct pay_slot *slot, const struct pay_answer *answer, bool moved,
                     const char *code)
{
    struct pay_desk *desk = slot->desk;
    struct stepping step = {
        .arena = &slot->arena,
        .fact = {.channel = pay_provider_name(slot->provider),
                 .merchant = slot->refund.merchant,
                 .order_number = slot->refund.order_number,
                 .refund_number = slot->refund.number,
                 .provider_refund = moved ? answer->fact.provider_refund : "",
                 .moved = moved,
                 .amount_fen = slot->refund.amount_fen,
                 .code = code},
    };
    TRY(pay_step(desk, hear, &step));
    pay_say(desk, "refund %s %s%s%s", slot->refund.number, moved ? "succeeded" : "failed",
            moved ? "" : ": ", moved ? "" : code);
    return RC_OK;
}

static enum rc again(const struct pay_slot *slot, bool accepted)
{
    const struct refund_due *refund = &slot->refund;
    int64_t now_ms = clock_now_ms();
    bool taken = accepted || refund->accepted_at_ms != 0;
    int64_t from_ms = refund->accepted_at_ms != 0 ? refund->accepted_at_ms : now_ms;
    int64_t due_at_ms = taken ? refund_ladder_next_ms(from_ms, now_ms)
                              : now_ms + unanswered_wait_ms(refund->tries + 1, UNANSWERED_MS);
    enum rc rc = refunds_set_due(slot->desk->job->db, refund->refund_id, due_at_ms, taken, now_ms);
    return rc == RC_CONFLICT ? RC_OK : rc;
}

static enum rc ask(struct pay_slot *slot, enum pay_op op)
{
    TRY(refunds_mark_asked(slot->desk->job->db, slot->refund.refund_id,
                           clock_now_ms() + PAY_MARK_MS));
    slot->ask.op = op;
    return pay_send(slot);
}

static enum rc link_on(struct pay_slot *slot, enum pay_op op)
{
    if (slot->links > 0) {
        return again(slot, true);
    }
    TRY(ask(slot, op));
    slot->links++;
    return RC_OK;
}

enum rc pay_refund_heard(struct pay_slot *slot, const struct pay_answer *answer)
{
    const char *code = answer->code[0] == '\0' ? pay_outcome_code(answer->outcome) : answer->code;
    switch (answer->outcome) {
    case PAY_REFUNDED:
        return heard(slot, answer, true, "");
    case PAY_REFUND_CLOSED:
    case PAY_REFUND_ABNORMAL:
    case PAY_FAILED:
        return heard(slot, answer, false, code);
    case PAY_REFUSED:
        /* An earlier try may have been taken: then how far it is says whether this one matters. */
        return slot->refund.tries == 0 ? heard(slot, answer, false, code)
                                       : link_on(slot, PAY_REFUND_QUERY);
    case PAY_REFUNDING:
        return again(slot, true);
    case PAY_QUERY_NOW:
        return link_on(slot, PAY_REFUND_QUERY);
    case PAY_NOT_FOUND:
        return slot->ask.op != PAY_REFUND_QUERY ? again(slot, false)
               : slot->links > 0                ? heard(slot, answer, false, "refused")
                                                : link_on(slot, PAY_REFUND);
    default:
        return again(slot, false);
    }
}

static enum rc start_one(struct pay_slot *slot, const struct refund_due *refund)
{
    slot->matter = PAY_MATTER_REFUND;
    slot->refund = *refund;
    slot->refund.number = arena_copy_string(&slot->arena, refund->number);
    slot->refund.order_number = arena_copy_string(&slot->arena, refund->order_number);
    slot->refund.merchant = arena_copy_string(&slot->arena, refund->merchant);
    slot->refund.provider_transaction =
        arena_copy_string(&slot->arena, refund->provider_transaction);
    if (slot->refund.number == NULL || slot->refund.order_number == NULL ||
        slot->refund.merchant == NULL || slot->refund.provider_transaction == NULL) {
        return RC_MEMORY;
    }
    slot->ask = (struct pay_ask){.order_number = slot->refund.order_number,
                                 .provider_transaction = slot->refund.provider_transaction,
                                 .amount_fen = refund->payment_fen,
                                 .created_at_ms = refund->payment_created_at_ms,
                                 .refund_number = slot->refund.number,
                                 .refund_fen = refund->amount_fen,
                                 .refund_at_ms = refund->submitted_at_ms,
                                 .reason = REASON};
    enum rc rc = ask(slot, refund->accepted_at_ms == 0 ? PAY_REFUND : PAY_REFUND_QUERY);
    if (rc == RC_INVALID) { /* the request cannot even be written: a person */
        struct pay_answer none = {.code = ""};
        pay_slot_give(slot);
        return heard(slot, &none, false, "cannot_be_asked");
    }
    return rc;
}

/* What a second person agreed to is promised now; what nobody needs to agree to, found. */
static enum rc promise(struct pay_desk *desk, enum pay_provider provider, bool *ret_any)
{
    struct job *job = desk->job;
    int64_t *ids = NULL;
    size_t count = 0;
    TRY(suspense_automatic_list(job->db, &job->arena, pay_provider_name(provider), AUTOMATIC_MAX,
                                &ids, &count));
    for (size_t i = 0; i < count; i++) {
        *ret_any = true;
        TRY(run(desk, automatic, ids[i]));
    }
    return RC_OK;
}

enum rc pay_refunds_start(struct pay_desk *desk, enum pay_provider provider, bool *ret_any)
{
    struct job *job = desk->job;
    struct refund_due *refunds = NULL;
    size_t count = 0;
    size_t room = pay_room(desk, provider);
    TRY(promise(desk, provider, ret_any));
    if (room == 0) {
        return RC_OK;
    }
    TRY(refunds_due(job->db, &job->arena, pay_provider_name(provider), clock_now_ms(), room,
                    &refunds, &count));
    for (size_t i = 0; i < count; i++) {
        *ret_any = true;
        if (refunds[i].state == REFUND_APPROVED) {
            TRY(run(desk, submit, refunds[i].refund_id)); /* due again at once */
            continue;
        }
        struct pay_slot *slot = pay_slot_take(desk, provider);
        if (slot == NULL) {
            break;
        }
        enum rc rc = start_one(slot, &refunds[i]);
        if (rc != RC_OK && slot->busy) {
            pay_slot_give(slot);
        }
        TRY(rc == RC_CONFLICT ? RC_OK : rc);
    }
    return RC_OK;
}

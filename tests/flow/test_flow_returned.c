/* What becomes of money whose delivery can never arrive: by its origin, and the ends of what waits.
 */
#include <string.h>

#include "core/flow/refund.h"
#include "core/flow/returned_money.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

static int64_t or (int64_t value, int64_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static const char *reason_of(const struct given *given)
{
    return given->reason == NULL ? "不再下发" : given->reason;
}

static enum rc cancel(struct flow *flow)
{
    flow_as(flow, "staff");
    return delivery_cancel(flow->db, &flow->actor, or (flow->given->id, 61), reason_of(flow->given),
                           &flow->refusal);
}

static enum rc deliver_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct settle_answer answer = {.purchase_id = -1};
    enum rc rc = returned_money_deliver(db, &flow->arena, &flow->actor, or (flow->given->id, 1),
                                        reason_of(flow->given), &answer, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " purchase=%lld delivery=%lld shard=%d", (long long)answer.purchase_id,
                 (long long)answer.delivery_id, (int)answer.shard);
    }
    return rc;
}

static enum rc deliver(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, deliver_work);
}

static enum rc refund_work(struct db *db, void *context)
{
    struct flow *flow = context;
    int64_t approval_id = -1;
    enum rc rc = returned_money_refund(db, &flow->arena, &flow->actor, or (flow->given->id, 1),
                                       or (flow->given->other_id, 53), reason_of(flow->given),
                                       &approval_id, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " approval=%lld", (long long)approval_id);
    }
    return rc;
}

static enum rc refund(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, refund_work);
}

static enum rc agree_work(struct db *db, void *context)
{
    struct flow *flow = context;
    return refund_carry(db, &flow->arena, &flow->actor, 1, 91, &flow->refusal);
}

static enum rc agree(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, agree_work);
}

static enum rc pay_work(struct db *db, void *context)
{
    struct flow *flow = context;
    return refund_pay(db, &flow->arena, &flow->actor, 81, &flow->refusal);
}

static enum rc pay(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, pay_work);
}

/* Purchase 41 was funded by a transfer instead of a payment. */
#define FUNDED(origin, posting, account)                                                           \
    "UPDATE purchase SET origin = '" origin "' WHERE id = 41;"                                     \
    "DELETE FROM payment_event; DELETE FROM payment;" account                                      \
    "UPDATE transfer SET posting = '" posting                                                      \
    "', object_kind = 'purchase', object_id = 41, debit_id = 6 WHERE id = 1;"
#define CORRECTIONS "INSERT INTO ledger_account (id, code) VALUES (6, 'corrections');"
#define CLEARING                                                                                   \
    "INSERT INTO ledger_account (id, code, supply_id) VALUES (6, 'adjustment_clearing', 21);"      \
    "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"  \
    " at) VALUES (2, 'adjustment_applied', 'adjustment', 71, 3, 6, 10000, '2026-01-02');"
#define RETURNED FUNDED("returned", "adjustment_returned", CLEARING)
#define SWAP                                                                                       \
    "INSERT INTO meter_swap (id, supply_id, account_id, state, reason, maker_id, checker_id,"      \
    " old_epoch, old_meter_id, old_dead, old_balance_fen, old_count, old_energy_wh, old_taken_at," \
    " new_meter_id, new_epoch, new_balance_fen, new_count, exchanged_at) VALUES (1, 21, 31,"       \
    " 'exchanged', '换表', 3, 2, 2, 11, FALSE, 10000, 5, 0, '2026-01-02', 11, 2, 0, 0,"          \
    " '2026-01-02'); UPDATE purchase SET swap_id = 1 WHERE id = 41;"
#define OTHER_CARRIED                                                                              \
    OTHER_PURCHASE "UPDATE purchase SET origin = 'returned', swap_id = 1 WHERE id = 42;"
/* That of 41 was called off and waits; payment 53 of 200.00 is in the meter. */
#define WAITING                                                                                    \
    RETURNED                                                                                       \
    "UPDATE delivery SET state = 'cancelled', ended_at = '2026-01-03' WHERE id = 61;"              \
    "UPDATE purchase SET state = 'refunded', ended_at = '2026-01-03' WHERE id = 41;"               \
    "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"  \
    " at) VALUES (3, 'adjustment_return_undone', 'purchase', 41, 2, 6, 10000, '2026-01-03');"      \
    "INSERT INTO returned_money (id, purchase_id, account_id, supply_id, amount_fen) VALUES"       \
    " (1, 41, 31, 21, 10000);"                                                                     \
    "INSERT INTO purchase (id, number, account_id, supply_id, epoch, mode, amount_fen, state,"     \
    " actor_kind, actor_id, paid_at, ended_at) VALUES (43, 'P43', 31, 21, 2, 'meter', 20000,"      \
    " 'delivered', 'user', 2, '2026-01-01', '2026-01-01');"                                        \
    "INSERT INTO payment (id, order_number, purchase_id, channel, merchant, amount_fen, state,"    \
    " disposition, provider_transaction, settled_at) VALUES (53, 'P43', 43, 'cash', '', 20000,"    \
    " 'settled', 'delivered', 'T53', '2026-01-01');"
#define ASKED                                                                                      \
    WAITING                                                                                        \
    "INSERT INTO approval (id, kind, object_kind, object_id, payload, maker_id, made_at,"          \
    " expires_at, reason, state, checker_id, decided_at) VALUES (91, 'refund', 'payment', 53,"     \
    " '{}', 2, '2026-01-03', '2026-01-05', '退', 'approved', 1, '2026-01-03');"                   \
    "INSERT INTO refund (id, refund_number, payment_id, source, returned_id, amount_fen, state,"   \
    " reason, maker_id, approval_id) VALUES (81, 'R81', 53, 'returned', 1, 10000, 'asked',"        \
    " '不再下发', 2, 91);"
#define APPROVED ASKED "UPDATE refund SET state = 'approved', checker_id = 1;"
#define DONE "UPDATE returned_money SET state = 'refunded', ended_at = '2026-01-03' WHERE id = 1;"

static const struct flow_case cases[] = {
    {"cancel_of_a_payment", cancel, NULL, {0}},
    {"cancel_returned", cancel, RETURNED, {0}},
    {"cancel_the_last_of_a_swap", cancel, RETURNED SWAP, {0}},
    {"cancel_one_of_a_swap", cancel, RETURNED SWAP OTHER_CARRIED, {0}},
    {"cancel_correction", cancel, FUNDED("correction", "correction_given", CORRECTIONS), {0}},
    {"cancel_wrong_shop", cancel, FUNDED("wrong_shop", "wrong_shop", CORRECTIONS), {0}},
    {"cancel_opening",
     cancel,
     FUNDED("opening", "opening_card",
            "INSERT INTO ledger_account (id, code) VALUES (6, 'opening');"),
     {0}},
    {"cancel_what_nobody_paid", cancel, "UPDATE purchase SET state = 'open', paid_at = NULL", {0}},

    {"again", deliver, WAITING, {0}},
    {"again_onto_the_platform",
     deliver,
     WAITING "UPDATE supply SET billing_mode = 'platform' WHERE id = 21;",
     {0}},
    {"again_for_another_account",
     deliver,
     WAITING "UPDATE account_supply SET account_id = 32 WHERE supply_id = 21;",
     {0}},
    {"again_closed_account",
     deliver,
     WAITING "UPDATE account SET state = 'closed', closed_at = '2026-01-04' WHERE id = 31;",
     {0}},
    {"again_without_epoch",
     deliver,
     WAITING "UPDATE supply_epoch SET closed_at = '2026-01-03', close_count = 5,"
             " close_balance_fen = 0, close_energy_wh = 0 WHERE supply_id = 21;",
     {0}},
    {"again_when_it_is_over", deliver, WAITING DONE, {0}},
    {"again_when_a_refund_was_asked_for", deliver, ASKED, {0}},
    {"again_when_the_refund_was_rejected",
     deliver,
     ASKED "UPDATE refund SET state = 'rejected', ended_at = '2026-01-03';",
     {0}},
    {"again_without_reason", deliver, WAITING, {.reason = ""}},
    {"again_nothing", deliver, NULL, {0}},

    {"refund_asked", refund, WAITING, {0}},
    {"refund_asked_when_it_is_over", refund, WAITING DONE, {0}},
    {"refund_asked_twice", refund, ASKED, {0}},
    {"refund_asked_on_all_of_a_payment",
     refund,
     WAITING "UPDATE payment SET amount_fen = 10000 WHERE id = 53;",
     {0}},
    {"refund_asked_on_a_smaller_payment",
     refund,
     WAITING "UPDATE payment SET amount_fen = 9999 WHERE id = 53;",
     {0}},
    {"refund_asked_on_a_payment_of_another_shop",
     refund,
     WAITING "UPDATE purchase SET supply_id = 22, epoch = 1 WHERE id = 43;",
     {0}},
    {"refund_asked_on_an_open_payment",
     refund,
     WAITING "UPDATE payment SET state = 'open', disposition = 'none', settled_at = NULL"
             " WHERE id = 53;",
     {0}},
    {"refund_asked_without_reason", refund, WAITING, {.reason = ""}},
    {"refund_asked_by_a_program", refund, WAITING, {.actor = "system"}},
    {"refund_asked_of_nothing", refund, NULL, {0}},
    {"refund_asked_on_nothing", refund, WAITING, {.other_id = 99}},

    {"refund_agreed", agree, ASKED, {0}},
    {"refund_agreed_on_a_payment_still_on_its_way",
     agree,
     ASKED "UPDATE purchase SET state = 'paid', ended_at = NULL WHERE id = 43;"
           "UPDATE payment SET disposition = 'pending' WHERE id = 53;"
           "INSERT INTO delivery (id, purchase_id, supply_id, epoch, meter_id, amount_fen) VALUES"
           " (63, 43, 21, 2, 11, 20000);",
     {0}},
    {"refund_agreed_when_it_is_over", agree, ASKED DONE, {0}},
    {"refund_agreed_twice", agree, APPROVED, {0}},
    {"refund_agreed_when_the_payment_is_used_up",
     agree,
     ASKED "INSERT INTO refund (id, refund_number, payment_id, source, adjustment_id, amount_fen,"
           " state, reason, maker_id, checker_id) SELECT 82, 'R82', 53, 'suspense', NULL, 10001,"
           " 'approved', '退', 2, 1;",
     {0}},

    {"refund_paid", pay, APPROVED, {0}},
    {"refund_paid_when_it_is_over", pay, APPROVED DONE, {0}},
};

int main(void)
{
    return flow_main("test_flow_returned", cases, ARRAY_LEN(cases));
}

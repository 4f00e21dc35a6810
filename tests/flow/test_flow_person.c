/* What people do to a delivery and to a freeze: cancel, fence, decide, ask, unfreeze. */
#include <string.h>

#include "core/flow/delivery.h"
#include "core/flow/freeze.h"
#include "core/flow/refund.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

#define THIRTY "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十"
#define REASON_200                                                                                 \
    THIRTY THIRTY THIRTY THIRTY THIRTY THIRTY "一二三四五六七八九十一二三四五六七八九十"
#define REASON_201 REASON_200 "一"

static int64_t id_of(const struct given *given)
{
    return given->id == 0 ? 61 : given->id;
}

static const char *reason_of(const struct given *given)
{
    return given->reason == NULL ? "换表" : given->reason;
}

static enum rc cancel(struct flow *flow)
{
    flow_as(flow, "staff");
    return delivery_cancel(flow->db, &flow->actor, id_of(flow->given), reason_of(flow->given),
                           &flow->refusal);
}

static enum rc cancel_work(struct db *db, void *context)
{
    struct flow *flow = context;
    return delivery_cancel(db, &flow->actor, id_of(flow->given), reason_of(flow->given),
                           &flow->refusal);
}

static enum rc cancel_inside(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, cancel_work);
}

static enum rc fence(struct flow *flow)
{
    flow_as(flow, "staff");
    return delivery_fence(flow->db, &flow->actor, id_of(flow->given), reason_of(flow->given),
                          &flow->refusal);
}

static enum rc decide(struct flow *flow)
{
    flow_as(flow, "staff");
    return delivery_decide(flow->db, &flow->actor, id_of(flow->given), flow->given->decision,
                           flow->given->approval_id, reason_of(flow->given), &flow->refusal);
}

static enum rc ask_work(struct db *db, void *context)
{
    struct flow *flow = context;
    int64_t approval_id = -1;
    enum rc rc = delivery_ask_confirmed(db, &flow->arena, &flow->actor, id_of(flow->given),
                                        reason_of(flow->given), &approval_id, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " approval=%lld", (long long)approval_id);
    }
    return rc;
}

static enum rc ask(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, ask_work);
}

static enum rc unfreeze_work(struct db *db, void *context)
{
    struct flow *flow = context;
    const struct given *given = flow->given;
    return freeze_end(db, &flow->arena, &flow->actor, given->id == 0 ? 21 : given->id,
                      reason_of(given), given->unit_number == NULL ? "1F-101" : given->unit_number,
                      &flow->refusal);
}

static enum rc unfreeze(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, unfreeze_work);
}

#define HELD "UPDATE delivery SET state = 'hold', wait_code = 'over_hoard';"
#define HELD_WITH_COUNT SENDING "UPDATE delivery SET state = 'hold', wait_code = 'meter_refuses';"
#define MANUAL_WITHOUT_COUNT "UPDATE delivery SET state = 'manual', wait_code = 'not_paid';"
#define APPROVAL                                                                                   \
    "INSERT INTO approval (id, kind, object_kind, object_id, payload, maker_id, made_at,"          \
    " expires_at, reason) VALUES (91, 'delivery_confirmed', 'delivery', 61, '{}', 2,"              \
    " '2026-01-02', UTC_TIMESTAMP(3) + INTERVAL 1 DAY,"                                            \
    " '看过表');"
#define MISMATCHES                                                                                 \
    "INSERT INTO alarm (id, kind, object_kind, object_id, level, opened_at) VALUES"                \
    " (1, 'serial_mismatch', 'supply', 21, 3, '2026-01-02'),"                                      \
    " (2, 'count_mismatch', 'supply', 21, 3, '2026-01-02'),"                                       \
    " (3, 'count_mismatch', 'supply', 22, 3, '2026-01-02');"
#define WRONG_SERIAL                                                                               \
    "UPDATE supply SET frozen_reason = 'serial_mismatch',"                                         \
    " frozen_at = UTC_TIMESTAMP(3) - INTERVAL 2 MINUTE,"                                           \
    " frozen_detail = '\\\"a\\\", b' WHERE id = 21;" MISMATCHES
#define SERIAL_READ(serial, minutes)                                                               \
    "INSERT INTO meter_parameter (meter_id, read_at, serial_read_at, serial_number) VALUES (11,"   \
    " UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL " minutes " MINUTE, '" serial "');"

static const struct flow_case cases[] = {
    {"cancel_pending", cancel, ALARMS, {0}},
    {"cancel_held", cancel, HELD, {0}},
    {"cancel_manual", cancel, MANUAL_WITHOUT_COUNT, {0}},
    {"cancel_sending", cancel, SENDING, {0}},
    {"cancel_held_with_count", cancel, HELD_WITH_COUNT, {0}},
    {"cancel_manual_with_count", cancel, MANUAL, {0}},
    {"cancel_confirmed", cancel, CONFIRMED, {0}},
    {"cancel_cancelled",
     cancel,
     "UPDATE delivery SET state = 'cancelled', ended_at = '2026-01-02'",
     {0}},
    {"cancel_nothing", cancel, NULL, {.id = 99}},
    {"cancel_without_reason", cancel, NULL, {.reason = " \t"}},
    {"cancel_with_the_longest_reason", cancel, NULL, {.reason = REASON_200}},
    {"cancel_with_a_longer_reason", cancel, NULL, {.reason = REASON_201}},
    {"cancel_with_a_broken_reason", cancel, NULL, {.reason = "\xff"}},
    {"cancel_inside_a_transaction", cancel_inside, NULL, {0}},

    {"fence_sending", fence, SENDING, {0}},
    {"fence_held", fence, HELD_WITH_COUNT, {0}},
    {"fence_manual", fence, MANUAL, {0}},
    {"fence_pending", fence, NULL, {0}},
    {"fence_held_without_count", fence, HELD, {0}},
    {"fence_fencing", fence, FENCING, {0}},
    {"fence_confirmed", fence, CONFIRMED, {0}},
    {"fence_not_proven", fence, SENDING UNVERIFIED ACCEPTED, {0}},
    {"fence_not_offered", fence, SENDING "UPDATE model SET capabilities = ''", {0}},
    {"fence_nothing", fence, NULL, {.id = 99}},
    {"fence_without_reason", fence, SENDING, {.reason = ""}},

    {"confirm_manual",
     decide,
     MANUAL APPROVAL ALARMS,
     {.decision = DELIVERY_DECIDE_CONFIRMED, .approval_id = 91}},
    {"confirm_without_approval", decide, MANUAL, {.decision = DELIVERY_DECIDE_CONFIRMED}},
    {"confirm_sending",
     decide,
     SENDING APPROVAL,
     {.decision = DELIVERY_DECIDE_CONFIRMED, .approval_id = 91}},
    {"confirm_without_count",
     decide,
     MANUAL_WITHOUT_COUNT APPROVAL,
     {.decision = DELIVERY_DECIDE_CONFIRMED, .approval_id = 91}},
    {"confirm_without_reason",
     decide,
     MANUAL APPROVAL,
     {.decision = DELIVERY_DECIDE_CONFIRMED, .approval_id = 91, .reason = ""}},
    {"confirm_nothing",
     decide,
     NULL,
     {.decision = DELIVERY_DECIDE_CONFIRMED, .approval_id = 91, .id = 99}},
    {"resend_manual", decide, MANUAL ALARMS, {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_manual_without_count",
     decide,
     MANUAL_WITHOUT_COUNT,
     {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_held", decide, HELD_WITH_COUNT, {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_held_without_count", decide, HELD, {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_sending", decide, SENDING, {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_pending", decide, NULL, {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_confirmed", decide, CONFIRMED, {.decision = DELIVERY_DECIDE_RESEND}},
    {"resend_frozen", decide, MANUAL FROZEN, {.decision = DELIVERY_DECIDE_RESEND}},

    {"ask_confirmed", ask, MANUAL, {0}},
    {"ask_confirmed_again", ask, MANUAL APPROVAL, {0}},
    {"ask_confirmed_sending", ask, SENDING, {0}},
    {"ask_confirmed_without_count", ask, MANUAL_WITHOUT_COUNT, {0}},
    {"ask_confirmed_nothing", ask, NULL, {.id = 99}},
    {"ask_confirmed_without_reason", ask, MANUAL, {.reason = ""}},
    {"ask_confirmed_by_a_program", ask, MANUAL, {.actor = "jobs"}},

    {"unfreeze_count", unfreeze, FROZEN MISMATCHES, {0}},
    {"unfreeze_without_detail", unfreeze, FROZEN "UPDATE supply SET frozen_detail = NULL", {0}},
    {"unfreeze_not_frozen", unfreeze, NULL, {0}},
    {"unfreeze_with_a_wrong_label", unfreeze, FROZEN, {.unit_number = "1F-102"}},
    {"unfreeze_without_unit",
     unfreeze,
     FROZEN "UPDATE supply SET unit_id = NULL WHERE id = 21",
     {.unit_number = "L05-1"}},
    {"unfreeze_without_reason", unfreeze, FROZEN, {.reason = ""}},
    {"unfreeze_nothing", unfreeze, NULL, {.id = 99}},
    {"unfreeze_serial", unfreeze, WRONG_SERIAL SERIAL_READ("230946805578", "1"), {0}},
    {"unfreeze_serial_never_read", unfreeze, WRONG_SERIAL, {0}},
    {"unfreeze_serial_read_before", unfreeze, WRONG_SERIAL SERIAL_READ("230946805578", "3"), {0}},
    {"unfreeze_serial_read_at_the_same_moment",
     unfreeze,
     WRONG_SERIAL SERIAL_READ("230946805578",
                              "2") "UPDATE meter_parameter p, supply s"
                                   " SET p.serial_read_at = s.frozen_at WHERE s.id = 21",
     {0}},
    {"unfreeze_another_serial", unfreeze, WRONG_SERIAL SERIAL_READ("230946805599", "1"), {0}},
};

int main(void)
{
    return flow_main("test_flow_person", cases, ARRAY_LEN(cases));
}

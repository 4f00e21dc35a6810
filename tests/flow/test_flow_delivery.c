/* Deliveries: claim, take over, mark sent, wait, judge, and what people do to them. */
#include <stddef.h>

#include "core/flow/delivery.h"
#include "core/flow/power.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

static const char *instance_of(const struct given *given)
{
    return given->instance == NULL ? "p:100" : given->instance;
}

static int64_t id_of(const struct given *given)
{
    return given->id == 0 ? 61 : given->id;
}

static void say_outcome(struct flow *flow, const struct delivery_outcome *outcome)
{
    flow_say(flow, " state=%s wait=%s",
             (int)outcome->state < 0 ? "-" : delivery_state_name(outcome->state),
             outcome->wait_code);
}

static const struct delivery_outcome no_outcome = {.state = (enum delivery_state) - 1,
                                                   .wait_code = "-"};

static enum rc claim(struct flow *flow)
{
    struct delivery_reading reading = flow_reading(flow->given);
    struct delivery_frame frame = {-1, -1};
    struct delivery_outcome outcome = no_outcome;
    enum rc rc = delivery_claim(flow->db, id_of(flow->given), instance_of(flow->given), &reading,
                                &frame, &outcome);
    flow_say(flow, " frame=%lld:%lld", (long long)frame.count, (long long)frame.amount_fen);
    say_outcome(flow, &outcome);
    return rc;
}

static enum rc take_over(struct flow *flow)
{
    return delivery_take_over(flow->db, id_of(flow->given), instance_of(flow->given));
}

static enum rc mark_sent(struct flow *flow)
{
    struct delivery_frame frame = {-1, -1};
    struct delivery_outcome outcome = no_outcome;
    enum rc rc = delivery_mark_sent(flow->db, id_of(flow->given), instance_of(flow->given), &frame,
                                    &outcome);
    flow_say(flow, " frame=%lld:%lld", (long long)frame.count, (long long)frame.amount_fen);
    say_outcome(flow, &outcome);
    return rc;
}

static enum rc judge(struct flow *flow)
{
    struct delivery_reading reading = flow_reading(flow->given);
    enum readback_verdict verdict = READBACK_VERDICT__MAX;
    struct delivery_outcome outcome = no_outcome;
    enum rc rc = delivery_judge(flow->db, id_of(flow->given), instance_of(flow->given), &reading,
                                &verdict, &outcome);
    flow_say(flow, " verdict=%s",
             verdict == READBACK_VERDICT__MAX ? "-" : readback_verdict_code(verdict));
    say_outcome(flow, &outcome);
    return rc;
}

static enum rc note_wait(struct flow *flow)
{
    return delivery_note_wait(flow->db, id_of(flow->given), flow->given->kind);
}

static enum rc resume(struct flow *flow)
{
    return delivery_resume(flow->db, id_of(flow->given), instance_of(flow->given));
}

static enum rc note_power(struct flow *flow)
{
    return power_note(flow->db, 21, flow->given->id == 0 ? 2 : flow->given->id,
                      INT64_C(1767312000000));
}

static enum rc scan(struct flow *flow)
{
    struct delivery_look *looks = NULL;
    size_t count = 0;
    size_t max = flow->given->amount_fen == 0 ? 10 : (size_t)flow->given->amount_fen;
    enum rc rc = delivery_scan(flow->db, &flow->arena, 3, max, &looks, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        flow_say(flow, " %lld:%lld:%s:%s", (long long)looks[i].id, (long long)looks[i].meter_id,
                 delivery_state_name(looks[i].state), looks[i].serial_number);
    }
    return rc;
}

static enum rc scan_power(struct flow *flow)
{
    struct power_watch *watches = NULL;
    size_t count = 0;
    enum rc rc = power_scan(flow->db, &flow->arena, 3, 10, &watches, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        flow_say(flow, " %lld:%lld:%lld:%lld", (long long)watches[i].supply_id,
                 (long long)watches[i].epoch, (long long)watches[i].meter_id,
                 (long long)watches[i].line_id);
    }
    return rc;
}

#define RESEND READ(5, 2000)
#define NEXT READ(6, 12000)

static const struct flow_case cases[] = {
    /* claim: facts in their written order */
    {"claim", claim, NULL, {.evidence = READ(5, 2000)}},
    {"claim_of_nothing", claim, NULL, {.id = 99, .evidence = READ(5, 2000)}},
    {"claim_held",
     claim,
     "UPDATE delivery SET state = 'hold', wait_code = 'over_hoard'",
     {.evidence = READ(5, 2000)}},
    {"claim_sending", claim, SENDING, {.evidence = READ(5, 2000)}},
    {"claim_held_with_count",
     claim,
     SENDING "UPDATE delivery SET state = 'hold'",
     {.evidence = READ(5, 2000)}},
    {"claim_manual", claim, "UPDATE delivery SET state = 'manual'", {.evidence = READ(5, 2000)}},
    {"claim_cancelled",
     claim,
     "UPDATE delivery SET state = 'cancelled', ended_at = '2026-01-02'",
     {.evidence = READ(5, 2000)}},
    {"claim_not_paid",
     claim,
     "UPDATE payment SET disposition = 'refunded'",
     {.evidence = READ(5, 2000)}},
    {"claim_paid_twice",
     claim,
     "INSERT INTO payment (order_number, purchase_id, channel, amount_fen, state, disposition,"
     " settled_at) VALUES ('P52', 41, 'cash', 10000, 'settled', 'pending', '2026-01-02')",
     {.evidence = READ(5, 2000)}},
    {"claim_wrong_amount",
     claim,
     "UPDATE payment SET amount_fen = 9999",
     {.evidence = READ(5, 2000)}},
    {"claim_of_a_wrong_shop_credit",
     claim,
     "DELETE FROM payment_event; DELETE FROM payment; UPDATE purchase SET origin = 'wrong_shop';"
     "UPDATE transfer SET posting = 'wrong_shop', object_kind = 'purchase', object_id = 41",
     {.evidence = READ(5, 2000)}},
    {"claim_at_the_ceiling",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', '10000')",
     {.evidence = READ(5, 2000)}},
    {"claim_above_the_ceiling",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', '9999')",
     {.evidence = READ(5, 2000)}},
    {"claim_above_a_ceiling_of_one",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', '1')",
     {.evidence = READ(5, 2000)}},
    {"claim_with_a_ceiling_of_zero",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', '0')",
     {.evidence = READ(5, 2000)}},
    {"claim_with_a_broken_ceiling",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', 'much')",
     {.evidence = READ(5, 2000)}},
    {"claim_with_a_negative_ceiling",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('delivery_ceiling_fen', '-1')",
     {.evidence = READ(5, 2000)}},
    {"claim_at_the_common_ceiling",
     claim,
     "UPDATE delivery SET amount_fen = 5000000; UPDATE payment SET amount_fen = 5000000",
     {.evidence = READ(5, 2000)}},
    {"claim_above_the_common_ceiling",
     claim,
     "UPDATE delivery SET amount_fen = 5000001; UPDATE payment SET amount_fen = 5000001",
     {.evidence = READ(5, 2000)}},
    {"claim_of_an_old_epoch", claim, "UPDATE supply SET epoch = 3", {.evidence = READ(5, 2000)}},
    {"claim_of_another_meter",
     claim,
     "UPDATE supply SET meter_id = 15 WHERE id = 21",
     {.evidence = READ(5, 2000)}},
    {"claim_of_a_closed_epoch",
     claim,
     "UPDATE supply_epoch SET closed_at = '2026-01-03', close_count = 5, close_balance_fen = 0,"
     " close_energy_wh = 0 WHERE id = 1",
     {.evidence = READ(5, 2000)}},
    {"claim_behind_a_delivery", claim, OTHER_DELIVERY, {.evidence = READ(5, 2000)}},
    {"claim_behind_an_adjustment", claim, OTHER_ADJUSTMENT, {.evidence = READ(5, 2000)}},
    {"claim_behind_a_swap", claim, SWAP_WITH("NULL"), {.evidence = READ(5, 2000)}},
    {"claim_behind_a_change_of_mode", claim, MODE_WITH("NULL"), {.evidence = READ(5, 2000)}},
    {"claim_frozen", claim, FROZEN, {.evidence = READ(5, 2000)}},
    {"claim_held_and_frozen",
     claim,
     FROZEN "UPDATE delivery SET state = 'hold', wait_code = 'over_hoard'",
     {.evidence = READ(5, 2000)}},
    {"claim_waiting_for_the_freeze",
     claim,
     FROZEN "UPDATE delivery SET wait_code = 'frozen'",
     {.evidence = READ(5, 2000)}},
    {"claim_while_a_restore_is_compared", claim, RESTORED, {.evidence = READ(5, 2000)}},
    {"claim_on_a_read_only_line",
     claim,
     "UPDATE line SET writable = FALSE WHERE id = 5",
     {.evidence = READ(5, 2000)}},
    {"claim_on_a_line_that_is_off",
     claim,
     "UPDATE line SET enabled = FALSE WHERE id = 5",
     {.evidence = READ(5, 2000)}},
    {"claim_of_a_retired_meter",
     claim,
     "UPDATE meter SET state = 'retired' WHERE id = 11",
     {.evidence = READ(5, 2000)}},
    {"claim_of_a_model_without_purchase",
     claim,
     "UPDATE model SET capabilities = ''",
     {.evidence = READ(5, 2000)}},
    {"claim_unverified", claim, UNVERIFIED, {.evidence = READ(5, 2000)}},
    {"claim_unverified_but_accepted", claim, UNVERIFIED ACCEPTED, {.evidence = READ(5, 2000)}},
    {"claim_unverified_at_a_real_site",
     claim,
     UNVERIFIED ACCEPTED,
     {.evidence = READ(5, 2000), .site_real = true}},
    {"claim_read_a_while_ago", claim, NULL, {.evidence = READ(5, 2000), .reading_age_ms = 9000}},
    {"claim_read_too_long_ago", claim, NULL, {.evidence = READ(5, 2000), .reading_age_ms = 10001}},
    {"claim_read_in_the_future", claim, NULL, {.evidence = READ(5, 2000), .reading_age_ms = -9000}},
    {"claim_of_another_serial",
     claim,
     NULL,
     {.evidence = READ(5, 2000), .serial_number = "230946805599"}},
    {"claim_of_an_unknown_serial",
     claim,
     "UPDATE meter SET serial_number = '' WHERE id = 11",
     {.evidence = READ(5, 2000), .serial_number = ""}},
    {"claim_with_a_count_too_high", claim, NULL, {.evidence = READ(6, 2000)}},
    {"claim_with_a_count_too_low", claim, NULL, {.evidence = READ(4, 2000)}},
    {"claim_after_other_counts", claim, EARLIER_COUNT, {.evidence = READ(6, 2000)}},
    {"claim_of_the_last_count",
     claim,
     "UPDATE supply_epoch SET open_count = 65534 WHERE id = 1",
     {.evidence = READ(65534, 2000)}},
    {"claim_with_no_count_left",
     claim,
     "UPDATE supply_epoch SET open_count = 65535 WHERE id = 1",
     {.evidence = READ(65535, 2000)}},
    {"claim_up_to_the_hoard",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('purchase_hoard_fen', '12000')",
     {.evidence = READ(5, 2000)}},
    {"claim_over_the_hoard",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('purchase_hoard_fen', '11999')",
     {.evidence = READ(5, 2000)}},
    {"claim_held_and_still_over_the_hoard",
     claim,
     "INSERT INTO site_setting (name, value) VALUES ('purchase_hoard_fen', '11999');"
     "UPDATE delivery SET state = 'hold', wait_code = 'over_hoard'",
     {.evidence = READ(5, 2000)}},
    {"claim_of_a_supply_without_unit",
     claim,
     "UPDATE supply SET unit_id = NULL WHERE id = 21; " FROZEN,
     {.evidence = READ(5, 2000)}},

    /* take over */
    {"take_over_own", take_over, SENDING, {0}},
    {"take_over_by_a_later_start", take_over, SENDING, {.instance = "q:101"}},
    {"take_over_by_an_earlier_start", take_over, SENDING, {.instance = "q:99"}},
    {"take_over_by_the_same_start", take_over, SENDING, {.instance = "q:100"}},
    {"take_over_by_a_name_without_start", take_over, SENDING, {.instance = "q"}},
    {"take_over_by_a_name_with_a_wrong_start", take_over, SENDING, {.instance = "q:9x"}},
    {"take_over_from_a_name_without_start",
     take_over,
     SENDING "UPDATE delivery SET claimed_by = 'p'",
     {.instance = "q:0"}},
    {"take_over_between_names_without_start",
     take_over,
     SENDING "UPDATE delivery SET claimed_by = 'p'",
     {.instance = "q"}},
    {"take_over_after_29_s", take_over, SENDING, {.instance = "q:1", .offset_ms = 29000}},
    {"take_over_after_31_s", take_over, SENDING, {.instance = "q:1", .offset_ms = 31000}},
    {"take_over_when_the_clock_went_back_28_s",
     take_over,
     SENDING,
     {.instance = "q:1", .offset_ms = -28000}},
    {"take_over_when_the_clock_went_back_31_s",
     take_over,
     SENDING,
     {.instance = "q:1", .offset_ms = -31000}},
    {"take_over_pending", take_over, NULL, {.instance = "q:101"}},
    {"take_over_held",
     take_over,
     SENDING "UPDATE delivery SET state = 'hold'",
     {.instance = "q:101"}},
    {"take_over_held_without_count",
     take_over,
     "UPDATE delivery SET state = 'hold'",
     {.instance = "q:101"}},
    {"take_over_fencing", take_over, FENCING, {.instance = "q:101"}},
    {"take_over_manual", take_over, MANUAL, {.instance = "q:101"}},
    {"take_over_confirmed", take_over, CONFIRMED, {.instance = "q:101"}},
    {"take_over_nothing", take_over, NULL, {.id = 99}},

    /* mark sent */
    {"mark_sent_first",
     mark_sent,
     SENDING "UPDATE delivery SET sends = 0, last_sent_at = NULL, unknown_since_at = NULL,"
             " wait_code = 'frozen'",
     {0}},
    {"mark_sent_again", mark_sent, SENDING, {0}},
    {"mark_sent_of_another", mark_sent, SENDING, {.instance = "q:101"}},
    {"mark_sent_pending", mark_sent, NULL, {0}},
    {"mark_sent_held", mark_sent, SENDING "UPDATE delivery SET state = 'hold'", {0}},
    {"mark_sent_of_an_old_epoch", mark_sent, SENDING "UPDATE supply SET epoch = 3", {0}},
    {"mark_sent_frozen", mark_sent, SENDING FROZEN, {0}},
    {"mark_sent_on_a_read_only_line", mark_sent, SENDING "UPDATE line SET writable = FALSE", {0}},
    {"mark_sent_while_a_restore_is_compared", mark_sent, SENDING RESTORED, {0}},
    {"mark_sent_frozen_on_a_read_only_line",
     mark_sent,
     SENDING FROZEN "UPDATE line SET writable = FALSE",
     {0}},
    {"mark_sent_fence", mark_sent, FENCING, {0}},
    {"mark_sent_fence_frozen", mark_sent, FENCING FROZEN, {0}},
    {"mark_sent_fence_not_proven", mark_sent, FENCING UNVERIFIED ACCEPTED, {0}},
    {"mark_sent_nothing", mark_sent, NULL, {.id = 99}},

    /* waiting */
    {"note_wait", note_wait, NULL, {.kind = "encrypted"}},
    {"note_wait_same",
     note_wait,
     "UPDATE delivery SET wait_code = 'encrypted'",
     {.kind = "encrypted"}},
    {"note_wait_over", note_wait, CONFIRMED, {.kind = "encrypted"}},
    {"note_wait_of_nothing", note_wait, NULL, {.id = 99, .kind = "encrypted"}},
    {"resume",
     resume,
     SENDING "UPDATE delivery SET state = 'hold', wait_code = 'meter_refuses'",
     {0}},
    {"resume_of_another",
     resume,
     SENDING "UPDATE delivery SET state = 'hold'",
     {.instance = "q:101"}},
    {"resume_without_count", resume, "UPDATE delivery SET state = 'hold'", {0}},
    {"resume_sending", resume, SENDING, {0}},
    {"resume_nothing", resume, NULL, {.id = 99}},
    {"note_power",
     note_power,
     "UPDATE purchase SET state = 'delivered', ended_at = '2026-01-02'",
     {0}},
    {"note_power_not_delivered", note_power, NULL, {0}},
    {"note_power_before_it_was_paid",
     note_power,
     "UPDATE purchase SET state = 'delivered', paid_at = '2026-01-03', ended_at = '2026-01-03'",
     {0}},
    {"note_power_of_another_epoch",
     note_power,
     "UPDATE purchase SET state = 'delivered', ended_at = '2026-01-02'",
     {.id = 1}},
    {"scan", scan, OTHER_DELIVERY, {0}},
    {"scan_one", scan, OTHER_DELIVERY, {.amount_fen = 1}},
    {"scan_nothing", scan, CONFIRMED, {0}},
    {"scan_power", scan_power, "UPDATE purchase SET state = 'delivered'", {0}},
    {"scan_power_known",
     scan_power,
     "UPDATE purchase SET state = 'delivered', power_at = paid_at",
     {0}},
    {"scan_power_not_delivered", scan_power, NULL, {0}},
    {"scan_power_of_a_tenant_who_left",
     scan_power,
     "UPDATE purchase SET state = 'delivered'; UPDATE account_supply SET until_at = from_at",
     {0}},

    /* judge */
    {"judge_applied", judge, SENDING ALARMS, {.evidence = NEXT}},
    {"judge_applied_without_power", judge, SENDING, {.evidence = NEXT, .no_power = true}},
    {"judge_applied_after_use", judge, SENDING, {.evidence = READ_USED(6, 11920, 1000)}},
    {"judge_applied_of_another", judge, SENDING, {.evidence = NEXT, .instance = "q:101"}},
    {"judge_pending", judge, NULL, {.evidence = NEXT}},
    {"judge_held", judge, SENDING "UPDATE delivery SET state = 'hold'", {.evidence = NEXT}},
    {"judge_nothing", judge, NULL, {.id = 99, .evidence = NEXT}},
    {"judge_not_applied", judge, SENDING, {.evidence = RESEND}},
    {"judge_not_applied_waiting",
     judge,
     SENDING "UPDATE delivery SET wait_code = 'once_more'",
     {.evidence = RESEND}},
    {"judge_not_applied_four_times",
     judge,
     SENDING "UPDATE delivery SET sends = 4",
     {.evidence = RESEND}},
    {"judge_not_applied_five_times",
     judge,
     SENDING "UPDATE delivery SET sends = 5",
     {.evidence = RESEND}},
    {"judge_not_applied_six_times",
     judge,
     SENDING "UPDATE delivery SET sends = 6",
     {.evidence = RESEND}},
    {"judge_not_applied_once_more",
     judge,
     SENDING "UPDATE delivery SET sends = 5, wait_code = 'once_more'",
     {.evidence = RESEND}},
    {"judge_repeat_not_refused", judge, SENDING NO_REPEAT, {.evidence = RESEND}},
    {"judge_repeat_not_refused_never_sent",
     judge,
     SENDING NO_REPEAT "UPDATE delivery SET sends = 0",
     {.evidence = RESEND}},
    {"judge_repeat_unverified", judge, SENDING UNVERIFIED ACCEPTED, {.evidence = RESEND}},
    {"judge_repeat_unverified_at_a_real_site",
     judge,
     SENDING UNVERIFIED ACCEPTED,
     {.evidence = RESEND, .site_real = true}},
    {"judge_both_fit",
     judge,
     SENDING "UPDATE delivery SET amount_fen = 3; UPDATE purchase SET amount_fen = 3",
     {.evidence = READ(6, 2001)}},
    {"judge_count_without_money", judge, SENDING, {.evidence = READ(6, 2000)}},
    {"judge_money_without_count", judge, SENDING, {.evidence = READ(5, 12000)}},
    {"judge_count_too_high", judge, SENDING, {.evidence = READ(7, 12000)}},
    {"judge_count_too_high_when_frozen", judge, SENDING FROZEN, {.evidence = READ(7, 12000)}},
    {"judge_registers_went_back", judge, SENDING, {.evidence = READ_USED(6, 12000, -10)}},
    {"judge_registers_not_believed",
     judge,
     SENDING,
     {.evidence = READ_USED(6, 12000, INT64_C(900000000000))}},
    {"judge_without_evidence",
     judge,
     SENDING "UPDATE delivery SET before_energy = '{}'",
     {.evidence = NEXT}},
    {"judge_of_another_serial",
     judge,
     SENDING,
     {.evidence = NEXT, .serial_number = "230946805599"}},
    {"judge_of_another_serial_when_frozen",
     judge,
     SENDING FROZEN,
     {.evidence = NEXT, .serial_number = "230946805599"}},
    {"judge_of_an_old_epoch", judge, SENDING "UPDATE supply SET epoch = 3", {.evidence = NEXT}},
    {"judge_of_another_meter",
     judge,
     SENDING "UPDATE meter SET serial_number = '230946805578' WHERE id = 15;"
             "UPDATE supply SET meter_id = 15 WHERE id = 21",
     {.evidence = NEXT}},
    {"judge_fenced", judge, FENCING ALARMS, {.evidence = READ(6, 2000)}},
    {"judge_fenced_correction",
     judge,
     FENCING "UPDATE purchase SET origin = 'correction' WHERE id = 41;",
     {.evidence = READ(6, 2000)}},
    {"judge_fence_came_too_late", judge, FENCING ALARMS, {.evidence = NEXT}},
    {"judge_fence_not_applied", judge, FENCING, {.evidence = RESEND}},
    {"judge_fence_not_applied_14_times",
     judge,
     FENCING "UPDATE delivery SET sends = 14",
     {.evidence = RESEND}},
    {"judge_fence_not_applied_15_times",
     judge,
     FENCING "UPDATE delivery SET sends = 15",
     {.evidence = RESEND}},
    {"judge_fence_not_applied_16_times",
     judge,
     FENCING "UPDATE delivery SET sends = 16",
     {.evidence = RESEND}},
    {"judge_fence_both_fit",
     judge,
     FENCING "UPDATE delivery SET amount_fen = 3; UPDATE purchase SET amount_fen = 3",
     {.evidence = READ(6, 2001)}},
    {"judge_the_money_does_not_stand_in_the_ledger",
     judge,
     SENDING "DELETE FROM transfer",
     {.evidence = NEXT}},
};

int main(void)
{
    return flow_main("test_flow_delivery", cases, ARRAY_LEN(cases));
}

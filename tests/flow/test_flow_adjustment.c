/* Adjustments, the poller's steps: trip, begin, mark written, settle. */
#include "core/flow/adjustment.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

static int64_t id_of(const struct given *given)
{
    return given->id == 0 ? 71 : given->id;
}

static enum rc trip(struct flow *flow)
{
    return adjustment_trip(flow->db, id_of(flow->given));
}

static void say_frame(struct flow *flow, const struct adjustment_frame *frame)
{
    flow_say(flow, " frame=%lld:%lld", (long long)frame->count, (long long)frame->balance_fen);
}

static enum rc begin(struct flow *flow)
{
    struct delivery_reading reading = flow_reading(flow->given);
    struct adjustment_frame frame = {-1, -1};
    enum rc rc =
        adjustment_begin(flow->db, id_of(flow->given), &reading, !flow->given->not_tripped, &frame);
    say_frame(flow, &frame);
    return rc;
}

static enum rc mark_written(struct flow *flow)
{
    struct adjustment_frame frame = {-1, -1};
    enum rc rc = adjustment_mark_written(flow->db, id_of(flow->given), &frame);
    say_frame(flow, &frame);
    return rc;
}

static enum rc settle(struct flow *flow)
{
    struct delivery_reading reading = flow_reading(flow->given);
    enum adjustment_verdict verdict = ADJUSTMENT_VERDICT__MAX;
    enum rc rc = adjustment_settle(flow->db, id_of(flow->given), &reading, &verdict);
    flow_say(flow, " verdict=%s",
             verdict == ADJUSTMENT_VERDICT__MAX ? "-" : adjustment_verdict_code(verdict));
    return rc;
}

static enum rc scan(struct flow *flow)
{
    struct adjustment_look *looks = NULL;
    size_t count = 0;
    size_t max = flow->given->amount_fen == 0 ? 10 : (size_t)flow->given->amount_fen;
    enum rc rc = adjustment_scan(flow->db, &flow->arena, 3, max, &looks, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        flow_say(flow, " %lld:%lld:%s:%s", (long long)looks[i].id, (long long)looks[i].meter_id,
                 adjustment_state_name(looks[i].state), looks[i].serial_number);
    }
    return rc;
}

/* Adjustment 71 of supply 21: asked by clerk, agreed by boss. The meter holds 120.00, count 6. */
#define ADJUSTMENT(kind, amount)                                                                   \
    "INSERT INTO approval (id, kind, object_kind, object_id, payload, maker_id, made_at,"          \
    " expires_at, reason, state, checker_id, decided_at) VALUES (91, 'refund', 'supply', 21, '{}'" \
    ", 2, '2026-01-02', '2026-01-05', '退', 'approved', 1, '2026-01-03');"                        \
    "INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen, state," \
    " reason, maker_id, checker_id, approval_id) VALUES (71, '" kind "', 31, 21, 2, 11, " amount   \
    ", 'approved', '退店', 2, 1, 91);"
#define REFUND CONFIRMED LIABILITY ADJUSTMENT("refund", "3000")
/* Its money stands on the ledger: 100.00 came into the meter. */
#define LIABILITY                                                                                  \
    "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"  \
    " at) VALUES (2, 'delivery_confirmed', 'delivery', 61, 2, 3, 10000, '2026-01-02');"
#define TRIPPED                                                                                    \
    "INSERT INTO command (id, supply_id, meter_id, epoch, kind, origin, state, reason,"            \
    " requested_at, expires_at) VALUES (95, 21, 11, 2, 'trip', 'manual', 'confirmed', '退店',"   \
    " '2026-01-02', '2026-01-03'); UPDATE adjustment SET trip_command_id = 95 WHERE id = 71;"
#define TARGETS(old_fen, new_fen)                                                                  \
    TRIPPED                                                                                        \
    "UPDATE adjustment SET state = 'writing', old_count = 6, old_balance_fen = " old_fen           \
    ", new_count = 6, new_balance_fen = " new_fen ", tolerance_fen = 2 WHERE id = 71;"
#define WRITTEN                                                                                    \
    "UPDATE adjustment SET writes = 1, written_at = '2026-01-03', unknown_since_at = '2026-01-03'" \
    " WHERE id = 71;"
#define WRITING REFUND TARGETS("12000", "9000") WRITTEN
#define FENCE_OF(state)                                                                            \
    state ADJUSTMENT("fence", "0") "UPDATE adjustment SET delivery_id = 61 WHERE id = 71;"
#define FENCE_TARGETS                                                                              \
    TRIPPED                                                                                        \
    "UPDATE adjustment SET state = 'writing', old_count = 5, old_balance_fen = 2000,"              \
    " new_count = 6, new_balance_fen = 2000, tolerance_fen = 2 WHERE id = 71;" WRITTEN
#define LOCKED                                                                                     \
    "INSERT INTO lock_out (id, supply_id, holder_id, reason, created_at) VALUES"                   \
    " (1, 21, 3, '检修', '2026-01-02');"
#define KIND(name) "UPDATE adjustment SET kind = '" name "' WHERE id = 71;"

#define MODE                                                                                       \
    REFUND "UPDATE adjustment SET kind = 'mode', amount_fen = 0 WHERE id = 71;" MODE_WITH("71")
#define SWAP SWAP_WITH("71")

static const struct flow_case cases[] = {
    {"trip", trip, REFUND, {0}},
    {"trip_twice", trip, REFUND TRIPPED, {0}},
    {"trip_asked", trip, REFUND "UPDATE adjustment SET state = 'asked'", {0}},
    {"trip_writing", trip, WRITING, {0}},
    {"trip_nothing", trip, REFUND, {.id = 99}},
    {"scan", scan, REFUND, {0}},
    {"scan_nothing", scan, NULL, {0}},
    {"scan_none", scan, REFUND "UPDATE adjustment SET state = 'asked'", {0}},

    {"begin", begin, REFUND TRIPPED, {.evidence = READ(6, 12000)}},
    {"begin_of_more_than_there_is", begin, REFUND, {.evidence = READ(6, 2999)}},
    {"begin_of_all_there_is", begin, REFUND, {.evidence = READ(6, 3000)}},
    {"begin_of_one_fen", begin, REFUND, {.evidence = READ(6, 1)}},
    {"begin_mode", begin, MODE, {.evidence = READ(6, 12000)}},
    {"begin_mode_that_nobody_asked_for",
     begin,
     MODE "DELETE FROM mode_change",
     {.evidence = READ(6, 12000)}},
    {"begin_mode_not_offered",
     begin,
     MODE "UPDATE model SET capabilities = ''",
     {.evidence = READ(6, 12000)}},
    {"settle_mode", settle, MODE TARGETS("12000", "0") WRITTEN, {.evidence = READ(6, 0)}},
    {"begin_behind_a_swap", begin, REFUND SWAP, {.evidence = READ(6, 12000)}},
    {"begin_of_a_swap",
     begin,
     REFUND SWAP KIND("swap") "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, 12000)}},
    {"settle_of_a_swap",
     settle,
     REFUND SWAP KIND("swap") TARGETS("12000", "0") WRITTEN,
     {.evidence = READ(6, 0)}},
    {"begin_of_a_swap_not_tripped",
     begin,
     REFUND SWAP KIND("swap") TRIPPED "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, 12000), .not_tripped = true}},
    {"begin_mode_in_debt", begin, MODE, {.evidence = READ(6, -500)}},
    {"begin_mode_back_to_the_meter",
     begin,
     MODE "UPDATE mode_change SET to_mode = 'meter';"
          "UPDATE supply SET billing_mode = 'platform' WHERE id = 21",
     {.evidence = READ(6, 12000)}},
    {"begin_in_arrears", begin, REFUND, {.evidence = READ(6, -500)}},
    {"begin_close",
     begin,
     REFUND KIND("close") "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, 12000)}},
    {"begin_close_with_one_fen",
     begin,
     REFUND KIND("close") "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, 1)}},
    {"begin_close_in_arrears",
     begin,
     REFUND KIND("close") "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, -500)}},
    {"begin_swap",
     begin,
     REFUND KIND("swap") "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, 12000)}},
    {"begin_swap_in_arrears",
     begin,
     REFUND KIND("swap") "UPDATE adjustment SET amount_fen = 0",
     {.evidence = READ(6, -500)}},
    {"begin_correction_that_adds",
     begin,
     REFUND KIND("correction") "UPDATE adjustment SET amount_fen = -700",
     {.evidence = READ(6, 12000)}},
    {"begin_asked",
     begin,
     REFUND "UPDATE adjustment SET state = 'asked'",
     {.evidence = READ(6, 12000)}},
    {"begin_writing", begin, WRITING, {.evidence = READ(6, 12000)}},
    {"begin_nothing", begin, REFUND, {.id = 99, .evidence = READ(6, 12000)}},
    {"begin_behind_a_delivery", begin, REFUND EARLIER_IN_FLIGHT, {.evidence = READ(6, 12000)}},
    {"begin_frozen", begin, REFUND FROZEN, {.evidence = READ(6, 12000)}},
    {"begin_while_a_restore_is_compared", begin, REFUND RESTORED, {.evidence = READ(6, 12000)}},
    {"begin_on_a_read_only_line",
     begin,
     REFUND "UPDATE line SET writable = FALSE",
     {.evidence = READ(6, 12000)}},
    {"begin_on_a_line_that_is_off",
     begin,
     REFUND "UPDATE line SET enabled = FALSE",
     {.evidence = READ(6, 12000)}},
    {"begin_of_another_serial",
     begin,
     REFUND,
     {.evidence = READ(6, 12000), .serial_number = "230946805599"}},
    {"begin_of_an_old_epoch",
     begin,
     REFUND "UPDATE supply SET epoch = 3 WHERE id = 21",
     {.evidence = READ(6, 12000)}},
    {"begin_of_another_meter",
     begin,
     REFUND "UPDATE meter SET serial_number = '230946805578' WHERE id = 15;"
            "UPDATE supply SET meter_id = 15 WHERE id = 21",
     {.evidence = READ(6, 12000)}},
    {"begin_not_tripped", begin, REFUND, {.evidence = READ(6, 12000), .not_tripped = true}},
    {"begin_not_offered",
     begin,
     REFUND "UPDATE model SET capabilities = ''",
     {.evidence = READ(6, 12000)}},
    {"begin_not_offered_when_tripped",
     begin,
     REFUND TRIPPED "UPDATE model SET capabilities = ''",
     {.evidence = READ(6, 12000)}},
    {"begin_close_not_offered_when_tripped",
     begin,
     REFUND TRIPPED KIND("close") "UPDATE model SET capabilities = ''",
     {.evidence = READ(6, 12000)}},
    {"begin_not_offered_when_locked_out",
     begin,
     REFUND TRIPPED LOCKED "UPDATE model SET capabilities = ''",
     {.evidence = READ(6, 12000)}},
    {"begin_of_another_serial_when_tripped",
     begin,
     REFUND TRIPPED,
     {.evidence = READ(6, 12000), .serial_number = "230946805599"}},
    {"begin_unverified", begin, REFUND UNVERIFIED, {.evidence = READ(6, 12000)}},
    {"begin_unverified_but_accepted",
     begin,
     REFUND UNVERIFIED ACCEPTED,
     {.evidence = READ(6, 12000)}},
    {"begin_unverified_at_a_real_site",
     begin,
     REFUND UNVERIFIED ACCEPTED,
     {.evidence = READ(6, 12000), .site_real = true}},
    {"begin_fence_sending", begin, FENCE_OF(SENDING), {.evidence = READ(5, 2000)}},
    {"begin_fence_manual", begin, FENCE_OF(MANUAL), {.evidence = READ(5, 2000)}},
    {"begin_fence_fencing", begin, FENCE_OF(FENCING), {.evidence = READ(5, 2000)}},
    {"begin_fence_after_use", begin, FENCE_OF(SENDING), {.evidence = READ_USED(5, 1920, 1000)}},
    {"begin_fence_when_the_money_came_after_all",
     begin,
     FENCE_OF(SENDING) TRIPPED,
     {.evidence = READ(6, 12000)}},
    {"begin_fence_of_money_without_count", begin, FENCE_OF(SENDING), {.evidence = READ(5, 12000)}},
    {"begin_fence_of_count_without_money", begin, FENCE_OF(SENDING), {.evidence = READ(6, 2000)}},
    {"begin_fence_of_registers_that_went_back",
     begin,
     FENCE_OF(SENDING),
     {.evidence = READ_USED(5, 2000, -10)}},
    {"begin_fence_without_evidence",
     begin,
     FENCE_OF(SENDING) "UPDATE delivery SET before_energy = '{}' WHERE id = 61",
     {.evidence = READ(5, 2000)}},
    {"begin_fence_manual_without_count",
     begin,
     FENCE_OF("UPDATE delivery SET state = 'manual', wait_code = 'not_paid';"),
     {.evidence = READ(5, 2000)}},
    {"begin_fence_pending", begin, FENCE_OF(""), {.evidence = READ(5, 2000)}},
    {"begin_fence_confirmed", begin, FENCE_OF(CONFIRMED), {.evidence = READ(5, 2000)}},

    {"mark_written", mark_written, REFUND TARGETS("12000", "9000"), {0}},
    {"mark_written_again", mark_written, WRITING, {0}},
    {"mark_written_approved", mark_written, REFUND, {0}},
    {"mark_written_frozen", mark_written, WRITING FROZEN, {0}},
    {"mark_written_while_a_restore_is_compared", mark_written, WRITING RESTORED, {0}},
    {"mark_written_on_a_read_only_line",
     mark_written,
     WRITING "UPDATE line SET writable = FALSE",
     {0}},
    {"mark_written_nothing", mark_written, NULL, {.id = 99}},

    {"settle_applied", settle, WRITING, {.evidence = READ(6, 9000)}},
    {"settle_applied_within_the_tolerance", settle, WRITING, {.evidence = READ(6, 9002)}},
    {"settle_not_applied", settle, WRITING, {.evidence = READ(6, 12000)}},
    {"settle_something_else", settle, WRITING, {.evidence = READ(6, 9003)}},
    {"settle_another_count", settle, WRITING, {.evidence = READ(7, 9000)}},
    {"settle_something_else_frozen", settle, WRITING FROZEN, {.evidence = READ(7, 9000)}},
    {"settle_another_serial",
     settle,
     WRITING,
     {.evidence = READ(6, 9000), .serial_number = "230946805599"}},
    {"settle_approved", settle, REFUND, {.evidence = READ(6, 9000)}},
    {"settle_nothing", settle, NULL, {.id = 99, .evidence = READ(6, 9000)}},
    {"settle_without_a_trip_of_ours",
     settle,
     WRITING "UPDATE adjustment SET trip_command_id = NULL WHERE id = 71",
     {.evidence = READ(6, 9000)}},
    {"settle_locked_out", settle, WRITING LOCKED, {.evidence = READ(6, 9000)}},
    {"settle_reversal", settle, WRITING KIND("reversal"), {.evidence = READ(6, 9000)}},
    {"settle_wrong_shop", settle, WRITING KIND("wrong_shop"), {.evidence = READ(6, 9000)}},
    {"settle_correction", settle, WRITING KIND("correction"), {.evidence = READ(6, 9000)}},
    {"settle_correction_that_adds",
     settle,
     REFUND KIND("correction") "UPDATE adjustment SET amount_fen = -700;" TARGETS("12000", "12700")
         WRITTEN,
     {.evidence = READ(6, 12700)}},
    {"settle_close", settle, WRITING KIND("close"), {.evidence = READ(6, 9000)}},
    {"settle_swap_that_nobody_asked_for",
     settle,
     WRITING KIND("swap"),
     {.evidence = READ(6, 9000)}},
    {"settle_nothing_left",
     settle,
     REFUND TARGETS("12000", "12000") WRITTEN,
     {.evidence = READ(6, 12000)}},
    {"settle_two_fen_more",
     settle,
     REFUND TARGETS("12000", "12000") WRITTEN,
     {.evidence = READ(6, 12002)}},
    {"settle_two_fen_more_of_a_wrong_shop",
     settle,
     REFUND KIND("wrong_shop") TARGETS("12000", "12000") WRITTEN,
     {.evidence = READ(6, 12002)}},
    {"settle_too_small_to_see",
     settle,
     REFUND TARGETS("12000", "11998"),
     {.evidence = READ(6, 12000)}},
    {"settle_too_small_to_see_but_written",
     settle,
     REFUND TARGETS("12000", "11998") WRITTEN,
     {.evidence = READ(6, 12000)}},
    {"settle_nothing_to_write",
     settle,
     REFUND TARGETS("12000", "12000"),
     {.evidence = READ(6, 12000)}},
    {"settle_fence", settle, FENCE_OF(FENCING) FENCE_TARGETS ALARMS, {.evidence = READ(6, 2000)}},
    {"settle_fence_of_a_correction",
     settle,
     FENCE_OF(FENCING) FENCE_TARGETS "UPDATE purchase SET origin = 'correction' WHERE id = 41;",
     {.evidence = READ(6, 2000)}},
    {"settle_fence_never_written",
     settle,
     FENCE_OF(FENCING) FENCE_TARGETS "UPDATE adjustment SET writes = 0",
     {.evidence = READ(6, 2000)}},
    {"settle_fence_not_applied",
     settle,
     FENCE_OF(FENCING) FENCE_TARGETS,
     {.evidence = READ(5, 2000)}},
    {"settle_fence_seen_before",
     settle,
     FENCE_OF(FENCING) FENCE_TARGETS
     "UPDATE delivery SET state = 'fenced', fence_proof = 'zero_purchase',"
     " ended_at = '2026-01-03' WHERE id = 61",
     {.evidence = READ(6, 2000)}},
    {"settle_fence_of_a_confirmed_one",
     settle,
     FENCE_OF(CONFIRMED) FENCE_TARGETS,
     {.evidence = READ(6, 2000)}},
};

int main(void)
{
    return flow_main("test_flow_adjustment", cases, ARRAY_LEN(cases));
}

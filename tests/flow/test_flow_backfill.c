/* After a restore: purchases that are in a meter already are entered, and agreed to. */
#include <string.h>

#include "core/flow/backfill.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

#define SLIP(fen, slip)                                                                            \
    {                                                                                              \
        .amount_fen = (fen), .channel = "transfer", .merchant = "", .transaction = (slip),         \
        .order_number = ""                                                                         \
    }
#define ONLINE_OF(fen, merchant_key, number, order)                                                \
    {                                                                                              \
        .amount_fen = (fen), .channel = "wechat", .merchant = (merchant_key),                      \
        .transaction = (number), .order_number = (order)                                           \
    }
#define ONLINE(fen, number, order) ONLINE_OF(fen, "main", number, order)
#define CASH(fen, order)                                                                           \
    {                                                                                              \
        .amount_fen = (fen), .channel = "cash", .merchant = "", .transaction = "",                 \
        .order_number = (order)                                                                    \
    }
#define OURS(purchase)                                                                             \
    {                                                                                              \
        .purchase_id = (purchase), .channel = "", .merchant = "", .transaction = "",               \
        .order_number = ""                                                                         \
    }

/* Named by given.kind. */
static const struct {
    const char *name;
    size_t count;
    struct backfill_item items[2];
} sets[] = {
    {"two", 2, {SLIP(5000, "B1"), ONLINE(3000, "420", "P420")}},
    {"one", 1, {SLIP(8000, "B1")}},
    {"receipt", 2, {CASH(5000, "P77"), ONLINE(3000, "420", "P420")}},
    {"known_receipt", 2, {CASH(5000, "P41"), ONLINE(3000, "420", "P420")}},
    {"cash_without_receipt", 2, {CASH(5000, ""), ONLINE(3000, "420", "P420")}},
    {"two_slips", 2, {SLIP(5000, "B1"), SLIP(3000, "B2")}},
    {"two_merchants", 2, {ONLINE(5000, "420", "P420"), ONLINE_OF(3000, "other", "420", "P421")}},
    {"same_slip", 2, {SLIP(5000, "B1"), SLIP(3000, "B1")}},
    {"same_order", 2, {ONLINE(5000, "419", "P420"), ONLINE(3000, "420", "P420")}},
    {"other_merchant_twice", 2, {SLIP(5000, "420"), ONLINE(3000, "420", "P420")}},
    {"same_purchase", 2, {OURS(41), OURS(41)}},
    {"ours_and_one", 2, {OURS(41), SLIP(3000, "B1")}},
    {"one_and_ours", 2, {SLIP(3000, "B1"), OURS(41)}},
    {"ours", 1, {OURS(41)}},
    {"nobodys", 1, {OURS(99)}},
    {"nothing", 1, {SLIP(0, "B1")}},
    {"other_merchant", 1, {ONLINE_OF(8000, "other", "420", "P420")}},
    {"cash_of_a_merchant",
     1,
     {{.amount_fen = 8000,
       .channel = "cash",
       .merchant = "main",
       .transaction = "1",
       .order_number = ""}}},
    {"other_channel",
     1,
     {{.amount_fen = 8000,
       .channel = "alipay",
       .merchant = "main",
       .transaction = "1",
       .order_number = "P1"}}},
    {"no_transaction", 1, {ONLINE(8000, "", "P420")}},
    {"no_order", 1, {ONLINE(8000, "420", "")}},
    {"of_41",
     1,
     {{.amount_fen = 8000,
       .channel = "cash",
       .merchant = "",
       .transaction = "T51",
       .order_number = ""}}},
    {"suspense", 1, {ONLINE(8000, "T52", "P52")}},
    {"suspense_of_less", 1, {ONLINE(7999, "T52", "P52")}},
};

static const uint8_t photo[32] = {1, 2, 3, 250};
static const uint8_t another[32] = {9};

static struct backfill backfill_of(const struct given *given)
{
    const char *name = given->kind == NULL ? "two" : given->kind;
    size_t at = 0;
    while (at < ARRAY_LEN(sets) - 1 && strcmp(sets[at].name, name) != 0) {
        at++;
    }
    return (struct backfill){.supply_id = given->id == 0 ? 21 : given->id,
                             .items = sets[at].items,
                             .count = sets[at].count,
                             .evidence_sha256 = given->site_real       ? NULL
                                                : given->with_evidence ? another
                                                                       : photo,
                             .reason = given->reason == NULL ? "恢复" : given->reason};
}

static enum rc look_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct backfill_look look;
    enum rc rc =
        backfill_look(db, &flow->arena, backfill_of(flow->given).supply_id, &look, &flow->refusal);
    if (rc == RC_OK) {
        flow_say(flow, " count=%lld/%lld balance=%lld/%lld sum=%lld..%lld",
                 (long long)look.our_count, (long long)look.meter_count,
                 (long long)look.our_balance_fen, (long long)look.meter_balance_fen,
                 (long long)look.least_fen, (long long)look.most_fen);
    }
    return rc;
}

static enum rc look(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, look_work);
}

static enum rc ask_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct backfill backfill = backfill_of(flow->given);
    struct backfill_look seen;
    int64_t approval_id = -1;
    enum rc rc = backfill_ask(db, &flow->arena, &flow->actor, &backfill, &approval_id, &seen,
                              &flow->refusal);
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

static enum rc carry_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct backfill backfill = backfill_of(flow->given);
    return backfill_carry(db, &flow->arena, &flow->actor, 91, &backfill, &flow->refusal);
}

static enum rc carry(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, carry_work);
}

/* Meter 11 said count and balance after the restore; the database knows 5 and 20.00. */
#define METER(meter_count, meter_balance)                                                          \
    "UPDATE meter_state SET purchase_count = " meter_count ", balance_fen = " meter_balance        \
    ", energy_wh = 100000, energy_sharp_wh = 10000, energy_peak_wh = 20000,"                       \
    " energy_flat_wh = 30000, energy_valley_wh = 40000 WHERE meter_id = 11;"                       \
    "INSERT INTO meter_parameter (meter_id, read_at, price_sharp_e4, price_peak_e4,"               \
    " price_flat_e4, price_valley_e4) VALUES (11, UTC_TIMESTAMP(3), 12000, 10000, 8000, 5000);"
#define CHECKED                                                                                    \
    "INSERT INTO restore_run (id, restored_at, backup_name, backup_at, made_by, reason) VALUES"    \
    " (1, '2026-01-03', 'b', '2026-01-02', 'root', '坏盘');"                                     \
    "INSERT INTO restore_check (restore_id, supply_id, meter_id, epoch, state, our_count,"         \
    " our_balance_fen, our_taken_at, our_energy, finding, checked_at) VALUES (1, 21, 11, 2,"       \
    " 'frozen', 5, 2000, '2026-01-02', JSON_SET('" ENERGY "', '$.extra_fen', 0), 'count_ahead',"   \
    " '2026-01-03');"
#define PAID_BY                                                                                    \
    "INSERT INTO pay_channel (channel, merchant, scenes, state, checked_at) VALUES ('wechat',"     \
    " 'main', 'jsapi', 'up', '2026-01-02');"
#define AHEAD FROZEN CHECKED PAID_BY METER("7", "10000")
#define ONE_AHEAD(balance) FROZEN CHECKED PAID_BY METER("6", balance)
#define EIGHTY ONE_AHEAD("10000")
#define HUNDRED ONE_AHEAD("12000")
#define SUSPENSE                                                                                   \
    "INSERT INTO payment (id, order_number, channel, merchant, amount_fen, state, disposition,"    \
    " suspense_reason, provider_transaction, settled_at) VALUES (52, 'S52', 'wechat', 'main',"     \
    " 8000, 'settled', 'suspense', 'no_order', 'T52', '2026-01-02');"                              \
    "INSERT INTO payment_event (id, payment_id, source, channel, merchant, provider_transaction,"  \
    " order_number, paid, amount_fen, verified, verdict) VALUES (56, 52, 'notice', 'wechat',"      \
    " 'main', 'T52', 'P52', TRUE, 8000, TRUE, 'no_order');"                                        \
    "INSERT INTO ledger_account (id, code, channel) VALUES (5, 'receivable', 'wechat');"           \
    "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"  \
    " at) VALUES (5, 'payment_suspense', 'payment', 52, 5, 4, 8000, '2026-01-02');"
#define APPROVAL                                                                                   \
    "INSERT INTO approval (id, kind, object_kind, object_id, payload, maker_id, made_at,"          \
    " expires_at, reason, state, checker_id, decided_at) VALUES (91, 'backfill', 'supply', 21,"    \
    " '{}', 2, '2026-01-02', '2026-01-05', '恢复', 'approved', 1, '2026-01-03');"

static const struct flow_case cases[] = {
    {"look", look, AHEAD, {0}},
    {"look_without_a_balance", look, AHEAD "UPDATE restore_check SET our_balance_fen = NULL", {0}},
    {"look_not_frozen", look, CHECKED METER("7", "10000"), {0}},
    {"look_frozen_for_its_serial_number",
     look,
     AHEAD "UPDATE supply SET frozen_reason = 'serial_mismatch' WHERE id = 21",
     {0}},
    {"look_never_restored", look, FROZEN METER("7", "10000"), {0}},
    {"look_passed", look, AHEAD "UPDATE restore_check SET state = 'passed'", {0}},
    {"look_of_an_older_epoch", look, AHEAD "UPDATE restore_check SET epoch = 1", {0}},
    {"look_nothing_missing", look, FROZEN CHECKED METER("5", "2000"), {0}},
    {"look_behind", look, FROZEN CHECKED METER("4", "2000"), {0}},
    {"look_backwards",
     look,
     AHEAD "UPDATE meter_state SET energy_flat_wh = 29000 WHERE meter_id = 11",
     {0}},
    {"look_stale",
     look,
     AHEAD "UPDATE meter_state SET taken_at = '2026-01-04' WHERE meter_id = 11",
     {0}},
    {"look_undecided", look, AHEAD MANUAL, {0}},
    {"look_without_an_epoch",
     look,
     AHEAD
     "UPDATE supply_epoch SET closed_at = '2026-01-05', close_count = 5, close_balance_fen = 0,"
     " close_energy_wh = open_energy_wh WHERE supply_id = 21 AND epoch = 2",
     {0}},
    {"look_without_account", look, AHEAD "UPDATE account_supply SET until_at = '2026-01-02'", {0}},
    {"look_closed_account",
     look,
     AHEAD "UPDATE account SET state = 'closed', closed_at = '2026-01-02' WHERE id = 31",
     {0}},
    {"look_at_nothing", look, AHEAD, {.id = 99}},
    {"look_after_use",
     look,
     AHEAD "UPDATE meter_state SET energy_flat_wh = 31000, energy_wh = 101000, balance_fen = 9920"
           " WHERE meter_id = 11",
     {0}},

    {"ask", ask, AHEAD, {0}},
    {"ask_receipt", ask, AHEAD, {.kind = "receipt"}},
    {"ask_by_a_program", ask, AHEAD, {.actor = "jobs"}},
    {"ask_without_a_unit", ask, AHEAD "UPDATE supply SET unit_id = NULL WHERE id = 21", {0}},
    {"ask_without_a_balance",
     ask,
     AHEAD "UPDATE restore_check SET our_balance_fen = NULL",
     {.kind = "ours_and_one"}},
    {"ask_suspense", ask, EIGHTY SUSPENSE, {.kind = "suspense"}},
    {"ask_ours", ask, HUNDRED, {.kind = "ours"}},
    {"ask_too_few", ask, AHEAD, {.kind = "one"}},
    {"ask_too_much", ask, AHEAD, {.kind = "ours_and_one"}},
    {"ask_too_little", ask, FROZEN CHECKED PAID_BY METER("7", "10010"), {0}},
    {"ask_two_slips", ask, AHEAD, {.kind = "two_slips"}},
    {"ask_one_number_of_two_merchants",
     ask,
     AHEAD "INSERT INTO pay_channel (channel, merchant, scenes, state, checked_at) VALUES"
           " ('wechat', 'other', 'qr', 'up', '2026-01-03')",
     {.kind = "two_merchants"}},
    {"ask_the_same_slip", ask, AHEAD, {.kind = "same_slip"}},
    {"ask_the_same_order", ask, AHEAD, {.kind = "same_order"}},
    {"ask_the_same_number_of_two_channels", ask, AHEAD, {.kind = "other_merchant_twice"}},
    {"ask_the_same_purchase", ask, AHEAD, {.kind = "same_purchase"}},
    {"ask_money_before_ours", ask, AHEAD, {.kind = "one_and_ours"}},
    {"ask_nobodys", ask, EIGHTY, {.kind = "nobodys"}},
    {"ask_anothers",
     ask,
     EIGHTY "UPDATE delivery SET supply_id = 22, epoch = 1, meter_id = 12 WHERE id = 61",
     {.kind = "ours"}},
    {"ask_of_an_older_epoch",
     ask,
     HUNDRED "INSERT INTO supply_epoch (id, supply_id, epoch, meter_id, open_count,"
             " open_balance_fen, open_energy_wh, opened_at, close_count, close_balance_fen,"
             " close_energy_wh, closed_at) VALUES (9, 21, 1, 15, 0, 0, 0, '2025-01-01', 0, 0, 0,"
             " '2026-01-01'); UPDATE delivery SET epoch = 1 WHERE id = 61",
     {.kind = "ours"}},
    {"ask_confirmed_before", ask, CONFIRMED FROZEN CHECKED METER("7", "10000"), {.kind = "ours"}},
    {"ask_cancelled",
     ask,
     HUNDRED "UPDATE delivery SET state = 'cancelled', ended_at = '2026-01-02'",
     {.kind = "ours"}},
    {"ask_nothing", ask, EIGHTY, {.kind = "nothing"}},
    {"ask_another_merchant", ask, EIGHTY, {.kind = "other_merchant"}},
    {"ask_cash_of_a_merchant", ask, EIGHTY, {.kind = "cash_of_a_merchant"}},
    {"ask_another_channel", ask, EIGHTY, {.kind = "other_channel"}},
    {"ask_cash_without_receipt", ask, AHEAD, {.kind = "cash_without_receipt"}},
    {"ask_without_transaction", ask, EIGHTY, {.kind = "no_transaction"}},
    {"ask_without_order", ask, EIGHTY, {.kind = "no_order"}},
    {"ask_a_known_transaction", ask, EIGHTY, {.kind = "of_41"}},
    {"ask_a_transaction_of_no_payment",
     ask,
     EIGHTY SUSPENSE "UPDATE payment_event SET payment_id = NULL WHERE id = 56",
     {.kind = "suspense"}},
    {"ask_suspense_of_another_amount", ask, EIGHTY SUSPENSE, {.kind = "suspense_of_less"}},
    {"ask_a_known_order", ask, AHEAD, {.kind = "known_receipt"}},
    {"ask_without_paper", ask, AHEAD, {.site_real = true}},
    {"ask_with_a_paper_that_nobody_gave", ask, AHEAD, {.with_evidence = true}},
    {"ask_without_reason", ask, AHEAD, {.reason = ""}},
    {"ask_of_nothing", ask, AHEAD, {.id = 99}},

    {"carry", carry, AHEAD APPROVAL, {0}},
    {"carry_receipt", carry, AHEAD APPROVAL, {.kind = "receipt"}},
    {"carry_ours", carry, HUNDRED APPROVAL, {.kind = "ours"}},
    {"carry_ours_held",
     carry,
     HUNDRED APPROVAL "UPDATE delivery SET state = 'hold', wait_code = 'over_hoard'",
     {.kind = "ours"}},
    {"carry_ours_manual",
     carry,
     HUNDRED APPROVAL ALARMS "UPDATE delivery SET state = 'manual', wait_code = 'frozen'",
     {.kind = "ours"}},
    {"carry_suspense", carry, EIGHTY APPROVAL SUSPENSE, {.kind = "suspense"}},
    {"carry_suspense_that_is_asked_back",
     carry,
     EIGHTY APPROVAL SUSPENSE
     "INSERT INTO refund (id, refund_number, payment_id, source, amount_fen, reason, maker_id)"
     " VALUES (1, 'R1', 52, 'suspense', 8000, '退', 2)",
     {.kind = "suspense"}},
    {"carry_too_few", carry, AHEAD APPROVAL, {.kind = "one"}},
    {"carry_what_is_settled_since",
     carry,
     AHEAD APPROVAL "UPDATE payment SET provider_transaction = 'B1', channel = 'transfer';"
                    "UPDATE payment_event SET provider_transaction = 'B1', channel = 'transfer'",
     {0}},
};

int main(void)
{
    return flow_main("test_flow_backfill", cases, ARRAY_LEN(cases));
}

/* Money in: what settling makes of each word of a provider, and the counter's sale. */
#include <string.h>

#include "core/flow/sell.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

#define ZERO INT64_MIN /* an amount of 0, which else stands for that of the order */

static const uint8_t body[32] = {9, 8, 7};

/* The fact of a case, with what it leaves out as a true notice of order P53 says it. */
static struct settle_fact fact_of(const struct given *given)
{
    struct settle_fact fact = given->fact;
    fact.channel = fact.channel == NULL ? "wechat" : fact.channel;
    fact.merchant = fact.merchant == NULL ? "m1" : fact.merchant;
    fact.provider_transaction =
        fact.provider_transaction == NULL ? "W53" : fact.provider_transaction;
    fact.order_number = fact.order_number == NULL ? "P53" : fact.order_number;
    fact.currency = fact.currency == NULL ? "CNY" : fact.currency;
    fact.amount_fen = fact.amount_fen == 0 ? 5000 : fact.amount_fen == ZERO ? 0 : fact.amount_fen;
    fact.paid = !given->not_tripped;
    fact.body_sha256 = given->with_evidence ? body : NULL;
    return fact;
}

static void say_answer(struct flow *flow, const struct settle_answer *answer)
{
    flow_say(flow, " %s", settle_verdict_code(answer->verdict));
    if (answer->verdict == SETTLE_OK) {
        flow_say(flow, " to %s", settle_destination_code(answer->destination));
    }
    flow_say(flow, " payment=%lld purchase=%lld delivery=%lld shard=%d",
             (long long)answer->payment_id, (long long)answer->purchase_id,
             (long long)answer->delivery_id, (int)answer->shard);
}

static enum rc settle_work(struct db *db, void *context)
{
    struct flow *flow = context;
    struct settle_fact fact = fact_of(flow->given);
    struct settle_answer answer = {0};
    enum rc rc = settle_payment(db, &flow->arena, &flow->actor, &fact, &answer);
    if (rc == RC_OK) {
        say_answer(flow, &answer);
    }
    return rc;
}

static enum rc settle(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, settle_work);
}

static enum rc sell_work(struct db *db, void *context)
{
    struct flow *flow = context;
    const struct given *given = flow->given;
    struct counter_sale sale = {
        .supply_id = given->id == 0 ? 21 : given->id,
        .account_id = given->other_id == 0 ? 31 : given->other_id,
        .epoch = given->epoch == 0 ? 2 : given->epoch,
        .amount_fen = given->amount_fen,
        .channel = given->kind == NULL ? "cash" : given->kind,
        .reference = given->reason == NULL ? "" : given->reason,
        .seen = given->seen,
    };
    struct settle_answer answer = {0};
    enum rc rc = sale_at_counter(db, &flow->arena, &flow->actor, &sale, &answer, &flow->refusal);
    if (rc == RC_OK) {
        say_answer(flow, &answer);
    }
    return rc;
}

static enum rc sell(struct flow *flow)
{
    flow_as(flow, "staff");
    return flow_transact(flow, sell_work);
}

static enum rc quote(struct flow *flow)
{
    struct sale_quote got = {.priced_by = "-"};
    int64_t id = flow->given->id == 0 ? 21 : flow->given->id;
    flow_as(flow, "staff");
    enum rc rc =
        sale_quote(flow->db, &flow->arena, id, flow->given->amount_fen, &got, &flow->refusal);
    if (rc != RC_OK) {
        return rc;
    }
    flow_say(flow,
             " %s (%s) warnings=%u room=%lld debt=%lld usable=%lld after=%lld%s by %s %s: %lld Wh",
             purchase_verdict_code(got.verdict), sale_why_not(&got), got.warnings,
             (long long)got.room_fen, (long long)got.debt_fen, (long long)got.usable_fen,
             (long long)got.balance_after_fen, got.stale ? " stale" : "", got.priced_by,
             got.tariff_name == NULL ? "" : got.tariff_name, (long long)got.energy_wh);
    for (size_t i = 0; i < got.line_count; i++) {
        flow_say(flow, ", step %lld %s %lld e4 %lld Wh", (long long)got.lines[i].step,
                 got.lines[i].rate, (long long)got.lines[i].price_e4,
                 (long long)got.lines[i].energy_wh);
    }
    return rc;
}

/* Order P53: 50.00 by wechat for supply 21, not paid yet. */
#define ORDER_OF(supply, account, epoch, mode)                                                     \
    "INSERT INTO purchase (id, number, account_id, supply_id, epoch, mode, amount_fen, state,"     \
    " actor_kind, actor_id) VALUES (43, 'P43', " account ", " supply ", " epoch ", '" mode         \
    "', 5000, 'open', 'tenant', 9);"                                                               \
    "INSERT INTO payment (id, order_number, purchase_id, channel, merchant, amount_fen, state,"    \
    " next_query_at) VALUES (53, 'P53', 43, 'wechat', 'm1', 5000, 'open', '2026-01-02');"
#define ORDER ORDER_OF("21", "31", "2", "meter")
/* It was paid already, by transaction W53. */
#define PAID                                                                                       \
    "UPDATE payment SET state = 'settled', disposition = 'pending', settled_at = '2026-01-02',"    \
    " provider_transaction = 'W53' WHERE id = 53;"                                                 \
    "UPDATE purchase SET state = 'paid', paid_at = '2026-01-02' WHERE id = 43;" EVENT
#define EVENT                                                                                      \
    "INSERT INTO payment_event (payment_id, source, channel, merchant, provider_transaction,"      \
    " order_number, paid, amount_fen, verified, verdict) VALUES (53, 'notice', 'wechat', 'm1',"    \
    " 'W53', 'P53', TRUE, 5000, TRUE, 'settle');"
#define LATE "UPDATE purchase SET state = 'cancelled', ended_at = '2026-01-02' WHERE id = 43;"
#define REOPEN(value)                                                                              \
    "INSERT INTO site_setting (name, value) VALUES ('payment_reopen_late', '" value "');"
#define CLOSED_ACCOUNT                                                                             \
    "UPDATE account SET state = 'closed', closed_at = '2026-01-04' WHERE id = 31;"
#define CLOSES                                                                                     \
    "INSERT INTO account_close (id, number, account_id, payout, reason, maker_id) VALUES"          \
    " (1, 'C1', 31, 'counter', '退租', 2);"
#define SETTING(name, value)                                                                       \
    "INSERT INTO site_setting (name, value) VALUES ('" name "', '" value "');"
#define SIXTY_FOUR "1234567890123456789012345678901234567890123456789012345678901234"
#define TARIFF(kind, prices)                                                                       \
    "INSERT INTO tariff (id, site_id, code, name) VALUES (1, 1, 'T', '商业');"                   \
    "INSERT INTO tariff_version (tariff_id, valid_from_at, kind, body) VALUES (1, '2026-01-01', "  \
    "'" kind "', '" prices "');"                                                                   \
    "INSERT INTO supply_tariff (supply_id, valid_from_at, tariff_id) VALUES (21, '2026-01-01', "   \
    "1);"

#define MONTH "{\"period\":{\"every\":\"month\",\"day\":1}"
#define ALWAYS_PEAK                                                                                \
    "\"prices_e4\":{\"flat\":9000,\"peak\":12500},\"calendar\":{\"tables\":[[[0,\"peak\"]]],"      \
    "\"seasons\":[{\"from\":\"01-01\",\"tables\":[0,0,0,0]}],\"weekdays\":[0,0,0,0,0,0,0],"        \
    "\"dates\":[]}"

static const struct flow_case cases[] = {
    {"settle",
     settle,
     ORDER,
     {.with_evidence = true, .fact = {.occurred_at_ms = INT64_C(1767312000000)}}},
    {"settle_query", settle, ORDER, {.fact = {.source = SETTLE_QUERY}}},
    {"settle_bill", settle, ORDER, {.fact = {.source = SETTLE_BILL}}},
    {"settle_counter", settle, ORDER, {.fact = {.source = SETTLE_COUNTER}}},
    {"settle_by_a_program", settle, ORDER, {.actor = "jobs"}},
    {"settle_creating", settle, ORDER "UPDATE payment SET state = 'creating' WHERE id = 53", {0}},
    {"settle_closed_payment",
     settle,
     ORDER "UPDATE payment SET state = 'closed' WHERE id = 53",
     {0}},
    {"settle_failed_payment",
     settle,
     ORDER "UPDATE payment SET state = 'failed' WHERE id = 53",
     {0}},
    {"settle_platform_mode", settle, ORDER_OF("23", "33", "1", "platform"), {0}},
    {"settle_when_the_mode_changed",
     settle,
     ORDER "UPDATE supply SET billing_mode = 'platform' WHERE id = 21",
     {0}},
    {"settle_for_a_closed_account", settle, ORDER CLOSED_ACCOUNT, {0}},
    {"settle_late", settle, ORDER LATE, {0}},
    {"settle_late_reopened", settle, ORDER LATE REOPEN("1"), {0}},
    {"settle_late_not_reopened", settle, ORDER LATE REOPEN("0"), {0}},
    {"settle_a_second_payment_of_a_purchase",
     settle,
     ORDER "UPDATE payment SET purchase_id = 41 WHERE id = 53",
     {0}},
    {"settle_without_purchase",
     settle,
     ORDER "UPDATE payment SET purchase_id = NULL, state = 'settled', disposition = 'suspense',"
           " suspense_reason = 'no_order', settled_at = '2026-01-02' WHERE id = 53",
     {0}},
    {"not_paid", settle, ORDER, {.not_tripped = true}},
    {"not_paid_without_transaction",
     settle,
     ORDER,
     {.not_tripped = true, .fact = {.provider_transaction = "", .amount_fen = -1}}},
    {"not_paid_no_order", settle, ORDER, {.not_tripped = true, .fact = {.order_number = "P99"}}},
    {"exists", settle, ORDER PAID, {0}},
    {"conflict_of_amount", settle, ORDER PAID, {.fact = {.amount_fen = 4999}}},
    {"conflict_of_order", settle, ORDER PAID, {.fact = {.order_number = "P99"}}},
    {"conflict_of_currency", settle, ORDER PAID, {.fact = {.currency = "USD"}}},
    {"conflict_with_an_event_of_nobody",
     settle,
     ORDER EVENT "UPDATE payment_event SET payment_id = NULL",
     {0}},
    {"no_order", settle, ORDER, {.fact = {.order_number = "P99"}}},
    {"no_order_of_this_channel", settle, ORDER, {.fact = {.channel = "alipay"}}},
    {"no_order_of_this_merchant", settle, ORDER, {.fact = {.merchant = "m2"}}},
    {"wrong_amount", settle, ORDER, {.fact = {.amount_fen = 4999}}},
    {"wrong_currency", settle, ORDER, {.fact = {.currency = "USD"}}},
    {"wrong_currency_no_order",
     settle,
     ORDER,
     {.fact = {.currency = "USD", .order_number = "P99"}}},
    {"paid_twice_at_the_provider", settle, ORDER PAID, {.fact = {.provider_transaction = "W54"}}},
    {"longest_texts",
     settle,
     ORDER,
     {.fact = {.provider_transaction = SIXTY_FOUR, .order_number = SIXTY_FOUR}}},
    {"transaction_too_long", settle, ORDER, {.fact = {.provider_transaction = SIXTY_FOUR "5"}}},
    {"order_too_long", settle, ORDER, {.fact = {.order_number = SIXTY_FOUR "5"}}},
    {"no_channel", settle, ORDER, {.fact = {.channel = ""}}},
    {"no_currency", settle, ORDER, {.fact = {.currency = "CN"}}},
    {"no_transaction", settle, ORDER, {.fact = {.provider_transaction = ""}}},
    {"one_fen", settle, ORDER, {.fact = {.amount_fen = 1}}},
    {"zero", settle, ORDER, {.fact = {.amount_fen = ZERO}}},
    {"below_zero", settle, ORDER, {.fact = {.amount_fen = -1}}},
    {"most", settle, ORDER, {.fact = {.amount_fen = INT64_C(1000000000000)}}},
    {"too_much", settle, ORDER, {.fact = {.amount_fen = INT64_C(1000000000001)}}},

    {"sell", sell, NULL, {.amount_fen = 5000}},
    {"sell_by_card_with_slip", sell, NULL, {.amount_fen = 5000, .kind = "card", .reason = "C77"}},
    {"sell_by_transfer", sell, NULL, {.amount_fen = 5000, .kind = "transfer", .reason = "B77"}},
    {"sell_by_transfer_without_slip", sell, NULL, {.amount_fen = 5000, .kind = "transfer"}},
    {"sell_with_a_used_slip", sell, NULL, {.amount_fen = 5000, .reason = "T51"}},
    {"sell_with_a_short_slip_that_was_used",
     sell,
     "UPDATE payment_event SET provider_transaction = '7'",
     {.amount_fen = 5000, .reason = "7"}},
    {"sell_with_a_short_slip", sell, NULL, {.amount_fen = 5000, .reason = "7"}},
    {"sell_platform_mode", sell, NULL, {.id = 23, .other_id = 33, .epoch = 1, .amount_fen = 5000}},
    {"sell_to_another_account", sell, NULL, {.amount_fen = 5000, .other_id = 32}},
    {"sell_to_an_old_epoch", sell, NULL, {.amount_fen = 5000, .epoch = 1}},
    {"sell_nothing", sell, NULL, {.amount_fen = 0}},
    {"sell_below_zero", sell, NULL, {.amount_fen = -5000}},
    {"sell_the_least", sell, NULL, {.amount_fen = 100}},
    {"sell_less_than_the_least", sell, NULL, {.amount_fen = 99}},
    {"sell_the_most", sell, NULL, {.amount_fen = 5000000}},
    {"sell_more_than_the_most", sell, NULL, {.amount_fen = 5000001}},
    {"sell_up_to_the_hoard", sell, SETTING("purchase_hoard_fen", "17000"), {.amount_fen = 5000}},
    {"sell_over_the_hoard", sell, SETTING("purchase_hoard_fen", "16999"), {.amount_fen = 5000}},
    {"sell_to_a_closed_account", sell, CLOSED_ACCOUNT, {.amount_fen = 5000}},
    {"sell_to_a_postpaid_account",
     sell,
     "UPDATE account SET kind = 'postpaid' WHERE id = 31",
     {.amount_fen = 5000}},
    {"sell_to_a_postpaid_account_in_platform_mode",
     sell,
     "UPDATE account SET kind = 'postpaid' WHERE id = 33",
     {.id = 23, .other_id = 33, .epoch = 1, .amount_fen = 5000}},
    {"sell_to_an_account_that_closes", sell, CLOSES, {.amount_fen = 5000}},
    {"quote_for_an_account_that_closes", quote, CLOSES, {.amount_fen = 5000}},
    {"quote_for_a_closed_account", quote, CLOSED_ACCOUNT, {.amount_fen = 5000}},
    {"quote_for_a_vacant_account",
     quote,
     "UPDATE account SET kind = 'vacant' WHERE id = 31",
     {.amount_fen = 5000}},
    {"quote_for_own_use",
     quote,
     "UPDATE account SET kind = 'own_use' WHERE id = 31",
     {.amount_fen = 5000}},
    {"sell_to_a_temporary_account",
     sell,
     "UPDATE account SET kind = 'temporary', ends_at = '2027-01-01' WHERE id = 31",
     {.amount_fen = 5000}},
    {"sell_without_account", sell, "DELETE FROM account_supply", {.amount_fen = 5000}},
    {"sell_without_epoch",
     sell,
     "UPDATE supply_epoch SET closed_at = '2026-01-03', close_count = 5, close_balance_fen = 0,"
     " close_energy_wh = 0 WHERE id = 1",
     {.amount_fen = 5000}},
    {"sell_frozen", sell, FROZEN, {.amount_fen = 5000}},
    {"sell_frozen_and_seen", sell, FROZEN, {.amount_fen = 5000, .seen = PURCHASE_WARN_FROZEN}},
    {"sell_frozen_and_another_seen",
     sell,
     FROZEN,
     {.amount_fen = 5000, .seen = PURCHASE_WARN_STALE}},
    {"sell_read_only", sell, "UPDATE line SET writable = FALSE", {.amount_fen = 5000}},
    {"sell_stale",
     sell,
     "UPDATE meter_state SET taken_at = UTC_TIMESTAMP(3) - INTERVAL 10 MINUTE",
     {.amount_fen = 5000}},
    {"sell_silent",
     sell,
     "INSERT INTO meter_health (meter_id, silent_since_at, updated_at) VALUES (11, '2026-01-02',"
     " '2026-01-02')",
     {.amount_fen = 5000}},
    {"sell_by_hand", sell, "UPDATE supply SET close_by_hand = TRUE", {.amount_fen = 5000}},
    {"sell_to_nobody", sell, NULL, {.id = 99, .amount_fen = 5000}},

    {"quote_unknown_price", quote, NULL, {.amount_fen = 5000}},
    {"quote_by_the_meter",
     quote,
     "INSERT INTO meter_parameter (meter_id, read_at, price_flat_e4) VALUES (11, '2026-01-02',"
     " 8000)",
     {.amount_fen = 5000}},
    {"quote_by_a_meter_without_price",
     quote,
     "INSERT INTO meter_parameter (meter_id, read_at, price_flat_e4) VALUES (11, '2026-01-02', 0)",
     {.amount_fen = 5000}},
    {"quote_by_a_meter_of_least_price",
     quote,
     "INSERT INTO meter_parameter (meter_id, read_at, price_flat_e4) VALUES (11, '2026-01-02', 1)",
     {.amount_fen = 5000}},
    {"quote_in_arrears",
     quote,
     "UPDATE meter_state SET balance_fen = -2000 WHERE meter_id = 11;"
     "INSERT INTO meter_parameter (meter_id, read_at, price_flat_e4) VALUES (11, '2026-01-02',"
     " 10000)",
     {.amount_fen = 5000}},
    {"quote_less_than_the_debt",
     quote,
     "UPDATE meter_state SET balance_fen = -9000 WHERE meter_id = 11",
     {.amount_fen = 5000}},
    {"quote_of_nothing",
     quote,
     "UPDATE meter_state SET balance_fen = -9000 WHERE meter_id = 11",
     {.amount_fen = 0}},
    {"quote_below_zero",
     quote,
     "UPDATE meter_state SET balance_fen = -9000 WHERE meter_id = 11",
     {.amount_fen = -1}},
    {"quote_of_an_unknown_balance", quote, "DELETE FROM meter_state", {.amount_fen = 5000}},
    {"quote_platform_mode",
     quote,
     "INSERT INTO ledger_account (id, code, supply_id) VALUES (7, 'tenant_liability', 23),"
     " (8, 'meter_clearing', 23);"
     "INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen,"
     " at) VALUES (7, 'payment_credited', 'purchase', 40, 8, 7, 1234, '2026-01-02')",
     {.id = 23, .amount_fen = 5000}},
    {"quote_by_a_tariff",
     quote,
     TARIFF("single", MONTH ",\"prices_e4\":{\"flat\":9000}}"),
     {.amount_fen = 5000}},
    {"quote_by_a_tariff_in_arrears",
     quote,
     TARIFF("single", MONTH ",\"prices_e4\":{\"flat\":9000}}") "UPDATE meter_state SET balance_fen "
                                                               "= -2000 WHERE meter_id = 11",
     {.amount_fen = 5000}},
    {"quote_by_a_tariff_of_an_unknown_balance",
     quote,
     TARIFF("single", MONTH ",\"prices_e4\":{\"flat\":9000}}") "DELETE FROM meter_state",
     {.amount_fen = 5000}},
    {"quote_by_a_tariff_for_nothing",
     quote,
     TARIFF("single", MONTH ",\"prices_e4\":{\"flat\":0}}"),
     {.amount_fen = 5000}},
    {"quote_by_rates", quote, TARIFF("rates", MONTH "," ALWAYS_PEAK "}"), {.amount_fen = 5000}},
    {"quote_by_steps",
     quote,
     TARIFF("steps", MONTH ",\"prices_e4\":{\"flat\":10000},\"steps\":["
                           "{\"from_wh\":0,\"surcharge_e4\":0},"
                           "{\"from_wh\":20000,\"surcharge_e4\":2000}]}"),
     {.amount_fen = 5000}},
    {"quote_by_a_tariff_of_later",
     quote,
     TARIFF("single",
            MONTH ",\"prices_e4\":{\"flat\":9000}}") "UPDATE tariff_version SET valid_from_at = "
                                                     "UTC_TIMESTAMP(3) + INTERVAL 2 DAY",
     {.amount_fen = 5000}},
    {"sell_by_steps",
     sell,
     TARIFF("steps", MONTH ",\"prices_e4\":{\"flat\":10000},\"steps\":["
                           "{\"from_wh\":0,\"surcharge_e4\":0},"
                           "{\"from_wh\":20000,\"surcharge_e4\":2000}]}"),
     {.amount_fen = 5000}},
    {"sell_by_a_broken_tariff", sell, TARIFF("single", "{}"), {.amount_fen = 5000}},
    {"quote_of_nobody", quote, NULL, {.id = 99, .amount_fen = 5000}},
    {"quote_with_strange_settings",
     quote,
     SETTING("purchase_min_fen", "-5") SETTING("purchase_max_fen", "0")
         SETTING("purchase_hoard_fen", "-7"),
     {.amount_fen = 5000}},
};

int main(void)
{
    return flow_main("test_flow_settle", cases, ARRAY_LEN(cases));
}

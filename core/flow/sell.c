#include "core/flow/sell.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/number.h"
#include "core/flow/sell_own.h"
#include "core/flow/step.h"
#include "core/flow/tariff.h"
#include "core/rules/money.h"
#include "core/store/account_close.h"
#include "core/store/ledger.h"
#include "core/store/payment.h"
#include "core/store/row.h"
#include "core/store/tariff.h"

/* Prepaid and temporary accounts buy; a postpaid one pays its debts, where the platform keeps them.
 */
static bool buys(const char *kind, bool platform_mode)
{
    return strcmp(kind, "prepaid") == 0 || strcmp(kind, "temporary") == 0 ||
           (strcmp(kind, "postpaid") == 0 && platform_mode);
}

const char *sale_why_not(const struct sale_quote *quote)
{
    static const struct {
        const char *kind;
        const char *code;
    } kinds[] = {{"own_use", "own_use_account"},
                 {"postpaid", "postpaid_in_meter"},
                 {"vacant", "vacant_account"}};
    if (quote->verdict == PURCHASE_OK) {
        return "";
    }
    if (quote->verdict == PURCHASE_ACCOUNT_CLOSED && quote->closing) {
        return "account_closing";
    }
    for (size_t i = 0; quote->verdict == PURCHASE_NOT_PREPAID && i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].kind, quote->facts.account_kind) == 0) {
            return kinds[i].code;
        }
    }
    return purchase_verdict_code(quote->verdict);
}

static int64_t between(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static struct purchase_facts facts_of(const struct sale_facts *facts, int64_t amount_fen,
                                      bool stale)
{
    int64_t min_fen = between(facts->min_fen, 1, MONEY_MAX_FEN);
    int64_t balance_fen = facts->balance_fen == ROW_NULL ? 0 : facts->balance_fen;
    return (struct purchase_facts){
        .account_open = strcmp(facts->account_state, "open") == 0,
        .prepaid = buys(facts->account_kind, facts->platform_mode),
        .supply_fits = facts->account_id != 0,
        .amount_fen = amount_fen,
        .min_fen = min_fen,
        .max_fen = between(facts->max_fen, min_fen, MONEY_MAX_FEN),
        .hoard_fen = between(facts->hoard_fen, 0, MONEY_MAX_FEN),
        .balance_fen = between(balance_fen, -MONEY_MAX_FEN, MONEY_MAX_FEN),
        .on_its_way_fen = between(facts->on_its_way_fen, 0, MONEY_MAX_FEN),
        .meter_silent = facts->silent,
        .balance_stale = stale,
        .frozen = facts->frozen,
        .read_only_line = !facts->writable_line,
        .by_hand = facts->close_by_hand,
    };
}

/* Platform mode: the ledger is the balance, and no meter needs to be reached. */
static enum rc take_platform_balance(struct db *db, struct arena *arena, struct sale_facts *facts)
{
    int64_t debit_fen = 0;
    TRY(ledger_balance(db, arena, LEDGER_TENANT_LIABILITY, facts->supply_id, "", &debit_fen));
    facts->balance_fen = -debit_fen;
    facts->taken_at_ms = clock_now_ms();
    return RC_OK;
}

/* What the tariff in force makes of the amount, from where the supply stands in its period. */
static enum rc price_by_tariff(struct db *db, struct arena *arena, int64_t amount_fen,
                               struct sale_quote *quote)
{
    int64_t now_ms = clock_now_ms();
    int64_t tariff_id = 0;
    int64_t period_ms = 0;
    int64_t period_wh = 0;
    int at = 0;
    struct tariff *tariff = NULL;
    struct tariff_row row;
    TRY(supply_tariffs_at(db, arena, quote->facts.supply_id, now_ms, &tariff_id));
    TRY(tariff_load(db, arena, tariff_id, &tariff));
    TRY(tariff_version_at(tariff, now_ms, &at));
    TRY(tariff_period_start(tariff, now_ms, &period_ms));
    TRY(supply_period_wh(db, arena, quote->facts.supply_id, period_ms, &period_wh));
    TRY(tariffs_get(db, arena, tariff_id, &row));
    const struct tariff_version *version = &tariff->versions[at];
    enum rate rate = tariff_rate_at(tariff, version, now_ms);
    struct charge_quote bought;
    charge_quote(version, rate, period_wh, amount_fen,
                 quote->facts.balance_fen == ROW_NULL ? 0 : quote->facts.balance_fen, &bought);
    quote->priced_by = "tariff";
    quote->tariff_name = row.name;
    quote->energy_wh = bought.unlimited ? ROW_NULL : bought.energy_wh;
    quote->line_count = (size_t)bought.count;
    for (int i = 0; i < bought.count; i++) {
        quote->lines[i] = (struct sale_quote_line){
            .step = bought.lines[i].step + 1,
            .rate = tariff_kind_has_rates(version->kind) ? rate_name(rate) : "",
            .price_e4 = bought.lines[i].price_e4,
            .energy_wh = bought.lines[i].energy_wh};
    }
    return RC_OK;
}

/* One line at the price that the meter holds: what it would do by itself. */
static void price_by_meter(struct sale_quote *quote)
{
    int64_t price_e4 = quote->facts.meter_price_e4;
    quote->priced_by = "unknown";
    quote->energy_wh = ROW_NULL;
    if (price_e4 == ROW_NULL || price_e4 <= 0) {
        return;
    }
    quote->priced_by = "meter";
    quote->energy_wh = quote->usable_fen * COST_E5_PER_FEN / price_e4;
    quote->lines[0] = (struct sale_quote_line){
        .step = 1, .rate = "", .price_e4 = price_e4, .energy_wh = quote->energy_wh};
    quote->line_count = 1;
}

enum rc sale_judge(struct db *db, struct arena *arena, int64_t supply_id, int64_t amount_fen,
                   struct sale_quote *ret_quote, struct command_refusal *ret_refusal)
{
    struct sale_quote quote = {0};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(sale_facts_get(db, arena, supply_id, &quote.facts));
    if (quote.facts.account_id == 0) {
        return step_refuse(RC_REFUSED, "no_account", "supply_id", ret_refusal);
    }
    if (!quote.facts.epoch_live) {
        return step_refuse(RC_REFUSED, "no_epoch", "supply_id", ret_refusal);
    }
    if (quote.facts.platform_mode) {
        TRY(take_platform_balance(db, arena, &quote.facts));
    }
    quote.stale = supply_is_stale(clock_now_ms(), quote.facts.taken_at_ms, command_stale_ms());
    struct purchase_facts facts = facts_of(&quote.facts, amount_fen, quote.stale);
    TRY(account_closes_under_way(db, arena, quote.facts.account_id, &quote.closing));
    facts.account_open = facts.account_open && !quote.closing;
    quote.verdict = purchase_guard(&facts);
    quote.warnings = purchase_warnings(&facts);
    quote.room_fen = purchase_room_fen(&facts);
    int64_t paid_fen = amount_fen > 0 ? amount_fen : 0;
    quote.debt_fen = facts.balance_fen < 0 ? between(-facts.balance_fen, 0, paid_fen) : 0;
    quote.usable_fen = paid_fen - quote.debt_fen;
    quote.balance_after_fen =
        quote.facts.balance_fen == ROW_NULL
            ? ROW_NULL
            : quote.facts.balance_fen + quote.facts.on_its_way_fen + amount_fen;
    *ret_quote = quote;
    return RC_OK;
}

enum rc sale_price(struct db *db, struct arena *arena, int64_t amount_fen, struct sale_quote *quote)
{
    enum rc rc = price_by_tariff(db, arena, amount_fen, quote);
    if (rc == RC_NOT_FOUND) { /* no tariff, or none in force yet */
        price_by_meter(quote);
        rc = RC_OK;
    }
    return rc;
}

enum rc sale_quote(struct db *db, struct arena *arena, int64_t supply_id, int64_t amount_fen,
                   struct sale_quote *ret_quote, struct command_refusal *ret_refusal)
{
    struct sale_quote quote;
    TRY(sale_judge(db, arena, supply_id, amount_fen, &quote, ret_refusal));
    TRY(sale_price(db, arena, amount_fen, &quote));
    *ret_quote = quote;
    return RC_OK;
}

enum rc sale_allow(const struct sale_quote *quote, unsigned seen,
                   struct command_refusal *ret_refusal)
{
    switch (quote->verdict) {
    case PURCHASE_OK:
        break;
    case PURCHASE_NOT_POSITIVE:
    case PURCHASE_BELOW_MINIMUM:
    case PURCHASE_ABOVE_MAXIMUM:
    case PURCHASE_OVER_HOARD:
        return step_refuse(RC_REFUSED, purchase_verdict_code(quote->verdict), "amount_fen",
                           ret_refusal);
    case PURCHASE_ACCOUNT_CLOSED:
    case PURCHASE_NOT_PREPAID:
    case PURCHASE_WRONG_SUPPLY:
    case PURCHASE_VERDICT__MAX:
        return step_refuse(RC_REFUSED, sale_why_not(quote), "account_id", ret_refusal);
    }
    if ((quote->warnings & SALE_WARNINGS_TO_CONFIRM & ~seen) != 0) {
        return step_refuse(RC_REFUSED, "warning_not_seen", "warnings_seen", ret_refusal);
    }
    return RC_OK;
}

static enum rc check_sale(const struct sale_quote *quote, const struct counter_sale *sale,
                          struct command_refusal *ret_refusal)
{
    if (quote->facts.account_id != sale->account_id) {
        return step_refuse(RC_REFUSED, "wrong_account", "account_id", ret_refusal);
    }
    if (quote->facts.epoch != sale->epoch) {
        return step_refuse(RC_REFUSED, "wrong_epoch", "epoch", ret_refusal);
    }
    TRY(sale_allow(quote, sale->seen, ret_refusal));
    bool transfer = strcmp(sale->channel, "transfer") == 0;
    if (transfer && sale->reference[0] == '\0') { /* the bank's slip is the evidence */
        return step_refuse(RC_INVALID, "invalid_field", "reference", ret_refusal);
    }
    return RC_OK;
}

static enum rc check_reference(struct db *db, struct arena *arena, const struct counter_sale *sale,
                               struct command_refusal *ret_refusal)
{
    struct payment_event_seen seen;
    if (sale->reference[0] == '\0') {
        return RC_OK;
    }
    enum rc rc = payment_events_find_paid(db, arena, sale->channel, "", sale->reference, &seen);
    if (rc == RC_OK) {
        return step_refuse(RC_CONFLICT, "reference_used", "reference", ret_refusal);
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc sale_write_order(struct db *db, const struct actor *actor, const struct sale_quote *quote,
                         const char *shown, struct payment *payment, int64_t *ret_payment_id)
{
    struct purchase purchase = {
        .number = payment->order_number,
        .account_id = quote->facts.account_id,
        .supply_id = quote->facts.supply_id,
        .epoch = quote->facts.epoch,
        .platform_mode = quote->facts.platform_mode,
        .origin = "payment",
        .amount_fen = payment->amount_fen,
        .state = PURCHASE_OPEN,
        .quote = shown,
        .actor_kind = actor->kind,
        .actor_id = actor->id,
    };
    TRY(purchases_insert(db, &purchase, &payment->purchase_id));
    return payments_insert(db, payment, ret_payment_id);
}

enum rc sale_at_counter(struct db *db, struct arena *arena, const struct actor *actor,
                        const struct counter_sale *sale, struct settle_answer *ret_answer,
                        struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(supply_lock(db, sale->supply_id));
    struct sale_quote quote;
    TRY(sale_judge(db, arena, sale->supply_id, sale->amount_fen, &quote, ret_refusal));
    TRY(check_sale(&quote, sale, ret_refusal));
    TRY(check_reference(db, arena, sale, ret_refusal));
    TRY(sale_price(db, arena, sale->amount_fen, &quote));
    const char *shown = NULL;
    TRY(sale_quote_json(arena, &quote, &shown));
    char number[NUMBER_BYTES];
    int64_t now_ms = clock_now_ms();
    TRY(number_make('P', now_ms, number));
    struct payment payment = {
        .order_number = number,
        .channel = sale->channel,
        .merchant = "",
        .amount_fen = sale->amount_fen,
        .currency = SETTLE_CURRENCY,
        .state = PAYMENT_CREATING,
        .suspense_reason = "",
    };
    int64_t payment_id = 0;
    TRY(sale_write_order(db, actor, &quote, shown, &payment, &payment_id));
    struct settle_fact fact = {
        .source = SETTLE_COUNTER,
        .channel = sale->channel,
        .merchant = "",
        .provider_transaction = sale->reference[0] == '\0' ? number : sale->reference,
        .order_number = number,
        .paid = true,
        .amount_fen = sale->amount_fen,
        .currency = SETTLE_CURRENCY,
        .occurred_at_ms = now_ms,
    };
    TRY(settle_payment(db, arena, actor, &fact, ret_answer));
    return ret_answer->verdict == SETTLE_OK ? RC_OK : RC_INTERNAL;
}

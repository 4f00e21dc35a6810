/* Bills and quotes: the same figures for people. */
#include "core/rules/charge.h"

#include <assert.h>

#include "core/rules/money.h"

void charge_bill_open(struct charge_bill *bill, const struct charge_state *state)
{
    assert(bill != NULL && state != NULL);
    bill->opening = *state;
    bill->count = 0;
}

/* Each line ends where the next one begins, so what one line loses by rounding the next one gets.
 */
int64_t charge_bill_close(struct charge_bill *bill)
{
    assert(bill != NULL && bill->count >= 0 && bill->count <= CHARGE_LINES_MAX);
    int64_t sum_fen = 0;
    int64_t cost_e5 = bill->opening.cost_e5;
    int64_t period_start_at_ms = bill->opening.period_start_at_ms;
    for (int i = 0; i < bill->count; i++) {
        struct charge_line *line = &bill->lines[i];
        if (line->period_start_at_ms != period_start_at_ms) {
            period_start_at_ms = line->period_start_at_ms;
            cost_e5 = 0;
        }
        int64_t before_fen = money_from_cost_e5(cost_e5);
        cost_e5 += line->cost_e5;
        line->fen = money_from_cost_e5(cost_e5) - before_fen;
        sum_fen += line->fen;
    }
    return sum_fen;
}

void charge_quote(const struct tariff_version *version, enum rate rate, int64_t period_wh,
                  int64_t amount_fen, int64_t balance_fen, struct charge_quote *ret_quote)
{
    assert(version != NULL && ret_quote != NULL && amount_fen > 0 && amount_fen <= MONEY_MAX_FEN);
    assert(balance_fen >= -MONEY_MAX_FEN && balance_fen <= MONEY_MAX_FEN);
    struct charge_quote quote = {.debt_fen = balance_fen < 0 ? -balance_fen : 0};
    if (quote.debt_fen > amount_fen) {
        quote.debt_fen = amount_fen;
    }
    quote.usable_fen = amount_fen - quote.debt_fen;
    int64_t left_e5 = quote.usable_fen * COST_E5_PER_FEN;
    for (int step = tariff_step_of(version, period_wh); step < version->step_count && left_e5 > 0;
         step++) {
        struct charge_quote_line *line = &quote.lines[quote.count++];
        line->step = step;
        line->price_e4 = tariff_price_e4(version, step, rate);
        bool last = step + 1 == version->step_count;
        int64_t room_wh = last ? ENERGY_MAX_WH : version->step_from_wh[step + 1] - period_wh;
        int64_t wh = line->price_e4 == 0 ? ENERGY_MAX_WH : left_e5 / line->price_e4;
        if (last && line->price_e4 == 0) {
            quote.unlimited = true;
            break;
        }
        line->energy_wh = wh < room_wh ? wh : room_wh;
        quote.energy_wh += line->energy_wh;
        period_wh += line->energy_wh;
        left_e5 = wh < room_wh ? 0 : left_e5 - line->energy_wh * line->price_e4;
    }
    *ret_quote = quote;
}

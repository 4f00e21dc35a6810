#include "core/rules/evidence.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/json.h"
#include "core/rules/model.h"
#include "core/rules/money.h"

#define ROUNDING_FEN 2 /* one on each side: the meter shows whole fen */

static const enum point rate_points[EVIDENCE_RATES] = {POINT_energy_sharp, POINT_energy_peak,
                                                       POINT_energy_flat, POINT_energy_valley};
static const enum point price_points[EVIDENCE_RATES] = {POINT_price_sharp, POINT_price_peak,
                                                        POINT_price_flat, POINT_price_valley};

/* What one count of the total register is worth. */
static int64_t unit_of(const struct model *model, const struct reading *fast)
{
    const struct model_point *row = model_find_point(model, POINT_energy);
    int64_t unit_wh = 1;
    for (int i = 0; row != NULL && i < row->scale; i++) {
        unit_wh *= 10;
    }
    int64_t ct = 1;
    int64_t pt = 1;
    if (model->secondary) {
        (void)reading_get(fast, POINT_ct_ratio, &ct);
        (void)reading_get(fast, POINT_pt_ratio, &pt);
    }
    bool believed = ct >= 1 && pt >= 1 && ct <= 10000 && pt <= 10000;
    return believed ? unit_wh * ct * pt : unit_wh;
}

static bool bounded(const struct evidence *evidence)
{
    bool fine = evidence->count >= 0 && evidence->unit_wh >= 1 &&
                evidence->balance_fen >= -MONEY_MAX_FEN && evidence->balance_fen <= MONEY_MAX_FEN &&
                evidence->energy_wh >= 0 && evidence->energy_wh <= ENERGY_MAX_WH;
    for (int i = 0; i < EVIDENCE_RATES; i++) {
        fine = fine && evidence->rate_wh[i] >= 0 && evidence->rate_wh[i] <= ENERGY_MAX_WH &&
               evidence->price_e4[i] >= 0 && evidence->price_e4[i] <= PRICE_MAX_E4;
    }
    return fine;
}

enum rc evidence_make(const struct model *model, const struct reading *fast,
                      const struct reading *prices, struct evidence *ret_evidence)
{
    assert(model != NULL && fast != NULL && prices != NULL && ret_evidence != NULL);
    struct evidence evidence = {.unit_wh = unit_of(model, fast), .fee_control = true};
    bool whole = reading_get(fast, POINT_purchase_count, &evidence.count) &&
                 reading_get(fast, POINT_balance, &evidence.balance_fen) &&
                 reading_get(fast, POINT_energy, &evidence.energy_wh);
    for (int i = 0; i < EVIDENCE_RATES; i++) {
        whole = whole && reading_get(fast, rate_points[i], &evidence.rate_wh[i]);
        whole = whole && reading_get(prices, price_points[i], &evidence.price_e4[i]);
    }
    if (!whole) {
        return RC_NOT_FOUND;
    }
    int64_t control_bits = 0;
    if (model->status.fee_control != 0 && reading_get(fast, POINT_control_bits, &control_bits)) {
        evidence.fee_control = (control_bits & model->status.fee_control) != 0;
    }
    if (!bounded(&evidence)) {
        return RC_INVALID;
    }
    *ret_evidence = evidence;
    return RC_OK;
}

static void add_list(struct text *json, const char *key, const int64_t *values)
{
    text_printf(json, ",\"%s\":[", key);
    for (int i = 0; i < EVIDENCE_RATES; i++) {
        text_add_string(json, i > 0 ? "," : "");
        text_add_int(json, values[i]);
    }
    text_add_char(json, ']');
}

void evidence_add_json(struct text *json, const struct evidence *evidence)
{
    assert(json != NULL && evidence != NULL);
    text_printf(json, "{\"energy_wh\":%lld,\"unit_wh\":%lld,\"fee_control\":%s",
                (long long)evidence->energy_wh, (long long)evidence->unit_wh,
                evidence->fee_control ? "true" : "false");
    add_list(json, "rate_wh", evidence->rate_wh);
    add_list(json, "price_e4", evidence->price_e4);
    text_add_char(json, '}');
}

static enum rc parse_list(const struct json_object *json, const char *key, int64_t max,
                          int64_t *values)
{
    const struct json_object *list = NULL;
    TRY(json_get_array(json, key, EVIDENCE_RATES, &list));
    if (json_count(list) != EVIDENCE_RATES) {
        return RC_INVALID;
    }
    for (size_t i = 0; i < EVIDENCE_RATES; i++) {
        TRY(json_at_int(list, i, 0, max, &values[i]));
    }
    return RC_OK;
}

enum rc evidence_parse_json(const char *text, struct evidence *ret_evidence)
{
    assert(text != NULL && ret_evidence != NULL);
    CLEANUP(json_release) struct json_object *json = NULL;
    struct evidence evidence = {.count = 0};
    TRY(json_parse(text, strlen(text), 3, &json));
    TRY(json_get_int(json, "energy_wh", 0, ENERGY_MAX_WH, &evidence.energy_wh));
    TRY(json_get_int(json, "unit_wh", 1, ENERGY_MAX_WH, &evidence.unit_wh));
    TRY(json_get_bool(json, "fee_control", &evidence.fee_control));
    TRY(parse_list(json, "rate_wh", ENERGY_MAX_WH, evidence.rate_wh));
    TRY(parse_list(json, "price_e4", PRICE_MAX_E4, evidence.price_e4));
    *ret_evidence = evidence;
    return RC_OK;
}

enum rc evidence_cost(const struct evidence *before, const struct evidence *after,
                      int64_t *ret_cost_fen, int64_t *ret_tolerance_fen)
{
    assert(before != NULL && after != NULL && ret_cost_fen != NULL && ret_tolerance_fen != NULL);
    assert(bounded(before) && bounded(after));
    int64_t cost_e5 = 0;
    int64_t tolerance_e5 = 0;
    if (after->energy_wh < before->energy_wh) {
        return RC_CONFLICT;
    }
    for (int i = 0; i < EVIDENCE_RATES; i++) {
        int64_t used_wh = after->rate_wh[i] - before->rate_wh[i];
        int64_t used_e5 = 0;
        int64_t unit_e5 = 0;
        if (used_wh < 0) {
            return RC_CONFLICT;
        }
        TRY(money_cost_e5(used_wh, before->price_e4[i], &used_e5));
        TRY(money_cost_e5(before->unit_wh, before->price_e4[i], &unit_e5));
        TRY(money_add(cost_e5, used_e5, &cost_e5));
        TRY(money_add(tolerance_e5, unit_e5, &tolerance_e5));
    }
    if (!before->fee_control && !after->fee_control) {
        cost_e5 = 0;
        tolerance_e5 = 0;
    }
    int64_t cost_fen = money_from_cost_e5(cost_e5);
    if (cost_fen > MONEY_MAX_FEN) {
        return RC_TOO_LARGE;
    }
    *ret_cost_fen = cost_fen;
    *ret_tolerance_fen = money_from_cost_e5(tolerance_e5) + ROUNDING_FEN;
    return RC_OK;
}

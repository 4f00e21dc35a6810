/* People and pushes: asking for one with what stands and what shall, agreeing, trying again. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/push.h"
#include "core/flow/push_own.h"
#include "core/flow/step.h"
#include "core/flow/tariff.h"
#include "core/store/epoch.h"
#include "core/store/purchase.h"
#include "core/store/row.h"
#include "core/store/tariff.h"

#define PAYLOAD_MAX ((size_t)4 << 20)

struct asking {
    struct db *db;
    struct arena *arena;
    const struct push_ask *ask;
    struct command_refusal *refusal;
    int64_t due_at_ms;
    int64_t tariff_id; /* of tariff, 0: none loaded */
    struct tariff *tariff;
    struct text items;
};

static enum rc refuse(const struct asking *asking, const char *code)
{
    return step_refuse(RC_REFUSED, code, "supply_ids", asking->refusal);
}

/* The four prices and, with rates, the tables of the version in force at the moment. */
static enum rc want_prices(struct asking *asking, int64_t supply_id, struct push_wanted *wanted)
{
    int64_t tariff_id = 0;
    int at = 0;
    enum rc rc =
        supply_tariffs_at(asking->db, asking->arena, supply_id, asking->due_at_ms, &tariff_id);
    if (rc == RC_OK && tariff_id != asking->tariff_id) {
        rc = tariff_load(asking->db, asking->arena, tariff_id, &asking->tariff);
        asking->tariff_id = rc == RC_OK ? tariff_id : 0;
    }
    rc = rc == RC_OK ? tariff_version_at(asking->tariff, asking->due_at_ms, &at) : rc;
    if (rc == RC_NOT_FOUND) {
        return refuse(asking, "no_tariff");
    }
    TRY(rc);
    const char *code = push_want_version(&asking->tariff->versions[at], wanted);
    return code[0] == '\0' ? RC_OK : refuse(asking, code);
}

/* What stands in the meter of the parts that are wanted; parts that were never read are left out.
 */
static struct push_wanted standing_of(const struct meter_money *money,
                                      const struct push_wanted *wanted)
{
    const int64_t prices_e4[PUSH_RATES] = {money->price_sharp_e4, money->price_peak_e4,
                                           money->price_flat_e4, money->price_valley_e4};
    struct push_wanted old = {.has_prices = wanted->has_prices,
                              .has_alarms = wanted->has_alarms && money->alarm1_fen != ROW_NULL &&
                                            money->alarm2_fen != ROW_NULL,
                              .alarm_fen = {money->alarm1_fen, money->alarm2_fen},
                              .has_overdraft =
                                  wanted->has_overdraft && money->overdraft_fen != ROW_NULL,
                              .overdraft_fen = money->overdraft_fen};
    for (int i = 0; i < PUSH_RATES; i++) {
        old.has_prices = old.has_prices && prices_e4[i] != ROW_NULL;
        old.price_e4[i] = prices_e4[i];
    }
    return old;
}

static enum rc add_item(struct asking *asking, int64_t supply_id)
{
    const struct push_ask *ask = asking->ask;
    struct supply supply;
    struct sale_facts facts;
    struct meter_money money;
    struct push_wanted wanted = {.has_alarms = ask->alarm_fen[0] >= 0,
                                 .alarm_fen = {ask->alarm_fen[0], ask->alarm_fen[1]},
                                 .has_overdraft = ask->overdraft_fen >= 0,
                                 .overdraft_fen = ask->overdraft_fen,
                                 .has_fee_control = ask->fee_control};
    enum rc rc = supply_get(asking->db, asking->arena, supply_id, &supply);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "unknown_supply", "supply_ids", asking->refusal);
    }
    TRY(rc);
    TRY(sale_facts_get(asking->db, asking->arena, supply_id, &facts));
    if (facts.platform_mode && (ask->prices || wanted.has_alarms || wanted.has_overdraft)) {
        return refuse(asking, "platform_mode"); /* the ledger has them */
    }
    wanted.fee_control = !facts.platform_mode;
    if (ask->prices) {
        TRY(want_prices(asking, supply_id, &wanted));
    }
    TRY(meter_money_get(asking->db, asking->arena, supply_id, &money));
    struct push_wanted old = standing_of(&money, &wanted);
    struct text was CLEANUP(text_release);
    struct text shall CLEANUP(text_release);
    text_init(&was, PUSH_JSON_MAX);
    text_init(&shall, PUSH_JSON_MAX);
    push_add_json(&was, &old);
    push_add_json(&shall, &wanted);
    TRY(text_result(&was));
    TRY(text_result(&shall));
    const char *label = step_json_string(asking->arena, supply_label(&supply));
    if (label == NULL) {
        return RC_MEMORY;
    }
    text_printf(&asking->items, "%s{\"supply_id\":%lld,\"label\":%s,\"old\":%s,\"wanted\":%s}",
                asking->items.len == 0 ? "" : ",", (long long)supply_id, label, text_string(&was),
                text_string(&shall));
    return text_result(&asking->items);
}

static enum rc check_ask(const struct asking *asking)
{
    const struct push_ask *ask = asking->ask;
    bool alarms = ask->alarm_fen[0] >= 0;
    if (ask->count == 0 || ask->count > PUSH_ASK_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", "supply_ids", asking->refusal);
    }
    if (alarms != (ask->alarm_fen[1] >= 0) || (alarms && ask->alarm_fen[0] < ask->alarm_fen[1])) {
        return step_refuse(RC_INVALID, "invalid_field", "alarm2_fen", asking->refusal);
    }
    if (!ask->prices && !alarms && ask->overdraft_fen < 0 && !ask->fee_control) {
        return step_refuse(RC_INVALID, "invalid_field", "prices", asking->refusal);
    }
    return ask->due_at_ms != 0 && ask->due_at_ms < clock_now_ms()
               ? step_refuse(RC_REFUSED, "moment_past", "due_at", asking->refusal)
               : RC_OK;
}

static enum rc ask_second_person(struct asking *asking, const struct actor *actor,
                                 int64_t *ret_approval_id)
{
    char moment[CLOCK_TEXT_MAX];
    (void)clock_format_rfc3339(asking->due_at_ms, moment);
    size_t count = asking->ask->count;
    const char *payload = arena_printf(
        asking->arena,
        "{\"act\":\"push\",\"due_at_ms\":%lld,\"summary_zh\":\"向 %zu 块电表下发参数,%s 起写入,"
        "写后读回\",\"summary_en\":\"Push parameters into %zu meters from %s on, each read"
        " back\",\"items\":[%s]}",
        (long long)asking->due_at_ms, count, moment, count, moment, text_string(&asking->items));
    struct approval_request request = {.kind = APPROVAL_PUSH,
                                       .object_kind = "supply",
                                       .object_id = asking->ask->supply_ids[0],
                                       .object_label = "",
                                       .payload = payload,
                                       .reason = asking->ask->reason,
                                       .expires_after_ms = PUSH_APPROVAL_EXPIRY_MS};
    return approval_request(asking->db, asking->arena, actor, &request, ret_approval_id,
                            asking->refusal);
}

enum rc push_request(struct db *db, struct arena *arena, const struct actor *actor,
                     const struct push_ask *ask, int64_t *ret_approval_id,
                     struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct asking asking = {.db = db, .arena = arena, .ask = ask, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    asking.due_at_ms = ask->due_at_ms == 0 ? clock_now_ms() : ask->due_at_ms;
    TRY(step_check_reason(ask->reason, "reason", ret_refusal));
    TRY(check_ask(&asking));
    text_init(&asking.items, PAYLOAD_MAX);
    enum rc rc = RC_OK;
    for (size_t i = 0; i < ask->count && rc == RC_OK; i++) {
        rc = add_item(&asking, ask->supply_ids[i]);
    }
    rc = rc == RC_OK ? ask_second_person(&asking, actor, ret_approval_id) : rc;
    text_release(&asking.items);
    return rc;
}

enum rc push_carry(struct db *db, struct arena *arena, const struct actor *maker,
                   int64_t approval_id, const struct json_object *payload, const char *reason,
                   struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    const struct json_object *list = NULL;
    int64_t due_at_ms = 0;
    int64_t batch_id = 0;
    TRY(json_get_array(payload, "items", PUSH_ASK_MAX, &list));
    TRY(json_get_int(payload, "due_at_ms", 1, INT64_MAX, &due_at_ms));
    size_t count = json_count(list);
    struct push_item *items = arena_take_array(arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct json_object *wanted = NULL;
        TRY(json_get_int(json_at(list, i), "supply_id", 1, INT64_MAX, &items[i].supply_id));
        TRY(json_get_object(json_at(list, i), "wanted", &wanted));
        TRY(push_parse_json(json_written(wanted), &items[i].wanted));
    }
    return push_ask(db, maker, items, count, due_at_ms, approval_id, reason, &batch_id,
                    ret_refusal);
}

enum rc push_retry(struct db *db, struct arena *arena, const struct actor *actor, int64_t batch_id,
                   int64_t *ret_batch_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct push_progress batch;
    struct push_view *rows = NULL;
    size_t count = 0;
    size_t refused = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(push_progress_one(db, arena, batch_id, &batch));
    TRY(push_list(db, arena, batch_id, &rows, &count));
    struct push_item *items = arena_take_array(arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].state, "refused") == 0) {
            items[refused].supply_id = rows[i].supply_id;
            if (rows[i].writes == 0 && strcmp(rows[i].wanted, "{}") == 0) {
                continue; /* nothing that a meter could hold was ever to be written */
            }
            TRY(push_parse_json(rows[i].wanted, &items[refused].wanted));
            if (!items[refused].wanted.has_fee_control) { /* that belongs to a change of mode */
                refused++;
            }
        }
    }
    return refused == 0 ? step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal)
                        : push_ask(db, actor, items, refused, clock_now_ms(), batch.approval_id,
                                   batch.reason, ret_batch_id, ret_refusal);
}

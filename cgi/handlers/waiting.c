/* GET /waiting: everything about money that waits for a person, with at most two buttons each. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/store/refund_list.h"

#define UNKNOWN_MS 60000 /* an outcome not known for so long is somebody's */

struct button {
    const char *code; /* also what the act's route calls it */
    const char *zh;
    const char *en;
};

SHAPE(button, "Button", struct button, F_WORDS(struct button, code, NEEDED),
      F_WORDS(struct button, zh, NEEDED), F_WORDS(struct button, en, NEEDED));

/* Whose it is while nobody has taken it. */
struct team {
    const char *zh;
    const char *en;
};

static const struct team finance = {"财务", "Finance"};
static const struct team administrator = {"管理员", "Administrator"};
static const struct team engineer = {"值班工程师", "Duty engineer"};

/* What each kind is called and what may be done about it. */
struct waiting_kind {
    const char *kind;
    const char *zh;
    const char *en;
    const struct team *team;
    size_t count;
    struct button buttons[2];
};

/* A frozen supply whose meter a restore left ahead. */
static const struct waiting_kind meter_ahead = {
    "frozen_supply",
    "电表领先于恢复后的数据库,补录已到表购电后解除",
    "The meter is ahead of the restored database: enter what is in it, then end the freeze",
    &finance,
    2,
    {{"backfill", "补录已到表购电", "Enter purchases"}, {"unfreeze", "解除冻结", "Unfreeze"}}};

static const struct waiting_kind kinds[] = {
    {"frozen_supply",
     "供电点已冻结,核对电表后解除",
     "Supply frozen: check the meter, then end it",
     &administrator,
     1,
     {{"unfreeze", "解除冻结", "Unfreeze"}}},
    {"delivery_hold",
     "下发暂缓:超囤积或电表拒绝",
     "Delivery held: over the limit or refused",
     &finance,
     2,
     {{"resend", "继续下发", "Deliver again"}, {"cancel", "撤销并退款", "Cancel and refund"}}},
    {"delivery_manual",
     "下发需人工判断",
     "Delivery needs a decision",
     &finance,
     2,
     {{"resend", "继续下发", "Deliver again"}, {"confirm", "已在表内", "It is in the meter"}}},
    {"delivery_unknown",
     "下发结果未知,正在回读",
     "Delivery not yet proved, reading back",
     &engineer,
     0,
     {{0}}},
    {"suspense",
     "有款项待处理",
     "Money in suspense",
     &finance,
     2,
     {{"deliver", "下发到电表", "Deliver"}, {"refund", "原路退回", "Refund"}}},
    {"adjustment_manual",
     "清退结果与预期不符",
     "Adjustment: neither old nor new values",
     &finance,
     0,
     {{0}}},
    {"adjustment_to_pay",
     "清退已完成,待付款",
     "Taken out of the meter, to be paid back",
     &finance,
     1,
     {{"refund", "退款", "Refund"}}},
    {"refund_to_pay",
     "退款已复核,待柜台付出",
     "Refund agreed, to be paid at the counter",
     &finance,
     1,
     {{"pay", "已付出", "Paid out"}}},
    {"power_by_hand",
     "已付款,待人工合闸送电",
     "Paid: the breaker is closed by hand",
     &engineer,
     1,
     {{"power", "已送电", "Power is on"}}},
    {"returned_money",
     "换表转入已撤销,款项待处理",
     "Carried by a swap and called off: where shall it go",
     &finance,
     2,
     {{"again", "重新下发", "Deliver again"}, {"refund", "退款", "Refund"}}},
    {"payment_called_off",
     "下发已撤销,待退款",
     "Delivery called off, to be refunded",
     &finance,
     1,
     {{"refund", "原路退回", "Refund"}}},
    {"refund_failed", "退款失败", "Refund failed", &finance, 0, {{0}}},
};

static const char *const names[] = {"frozen_supply",
                                    "delivery_hold",
                                    "delivery_manual",
                                    "delivery_unknown",
                                    "suspense",
                                    "adjustment_manual",
                                    "adjustment_to_pay",
                                    "refund_to_pay",
                                    "refund_failed",
                                    "power_by_hand",
                                    "returned_money",
                                    "payment_called_off",
                                    NULL};
static const char *const objects[] = {"supply", "delivery", "payment",        "adjustment",
                                      "refund", "purchase", "returned_money", NULL};

struct waiting_item {
    struct waiting_row row;
    const char *title_zh;
    const char *title_en;
    const char *team_zh;
    const char *team_en;
    int64_t age_s;
    struct shape_list buttons;
};

SHAPE(waiting_row, "WaitingRow", struct waiting_row,
      F_ENUM(struct waiting_row, kind, NEEDED, names),
      F_ENUM(struct waiting_row, object_kind, NEEDED, objects),
      F_ID(struct waiting_row, object_id, NEEDED), F_ID(struct waiting_row, supply_id, NULLABLE),
      F_ID(struct waiting_row, purchase_id, NULLABLE),
      F_WORDS(struct waiting_row, unit_number, NEEDED),
      F_WORDS(struct waiting_row, account_name, NEEDED),
      F_NUMBER(struct waiting_row, amount_fen, NULLABLE), F_WORDS(struct waiting_row, code, NEEDED),
      F_TIME(struct waiting_row, since_at, NEEDED), F_WORDS(struct waiting_row, owner_name, NEEDED),
      F_JSON(struct waiting_row, evidence, NEEDED));
SHAPE(waiting_item, "WaitingItem", struct waiting_item,
      F_EMBED(struct waiting_item, row, &shape_waiting_row),
      F_WORDS(struct waiting_item, title_zh, NEEDED),
      F_WORDS(struct waiting_item, title_en, NEEDED), F_WORDS(struct waiting_item, team_zh, NEEDED),
      F_WORDS(struct waiting_item, team_en, NEEDED), F_NUMBER(struct waiting_item, age_s, NEEDED),
      F_LIST(struct waiting_item, buttons, &shape_button));

struct waiting_reply {
    struct shape_list items;
};

SHAPE(waiting, "Waiting", struct waiting_reply,
      F_LIST(struct waiting_reply, items, &shape_waiting_item));

static const struct waiting_kind *kind_of(const struct waiting_row *row)
{
    if (strcmp(row->code, "count_ahead") == 0) {
        return &meter_ahead;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].kind, row->kind) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

enum rc handle_waiting_list(struct request *request)
{
    int64_t now_ms = clock_now_ms();
    struct waiting_row *rows = NULL;
    size_t count = 0;
    TRY(waiting_list(request->db, request->arena, now_ms - UNKNOWN_MS, &rows, &count));
    struct waiting_item *items = arena_take_array(request->arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct waiting_item){.row = rows[i],
                                         .title_zh = rows[i].kind,
                                         .title_en = rows[i].kind,
                                         .team_zh = finance.zh,
                                         .team_en = finance.en,
                                         .age_s = (now_ms - rows[i].since_at) / 1000};
        const struct waiting_kind *kind = kind_of(&rows[i]);
        if (kind != NULL) {
            items[i].title_zh = kind->zh;
            items[i].title_en = kind->en;
            items[i].team_zh = kind->team->zh;
            items[i].team_en = kind->team->en;
            items[i].buttons = (struct shape_list){kind->buttons, kind->count};
        }
    }
    struct waiting_reply reply = {.items = {items, count}};
    return request_reply(request, 200, &reply);
}

/* Pushes: what tariffs make by themselves, and the poller's steps. */
#include "core/flow/push.h"
#include "tests/flow/delivery_rows.h"
#include "tests/flow/flow.h"

static int64_t id_of(const struct given *given)
{
    return given->id == 0 ? 81 : given->id;
}

struct tariffs_call {
    struct flow *flow;
    struct push_tariff_ask ask;
};

static enum rc tariffs_work(struct db *db, void *context)
{
    struct tariffs_call *call = context;
    return push_tariffs(db, &call->flow->actor, &call->ask);
}

/* The tariff 201 from 2099 on: whoever is under it then, or the supply that the case names. */
static enum rc tariffs(struct flow *flow)
{
    const struct given *given = flow->given;
    struct tariffs_call call = {.flow = flow,
                                .ask = {.supply_ids = given->id == 0 ? NULL : &given->id,
                                        .count = given->id == 0 ? 0 : 1,
                                        .tariff_id = 201,
                                        .from_ms = INT64_C(4000000000000),
                                        .reason = "新价"}};
    flow_as(flow, "staff");
    return db_transact(flow->db, tariffs_work, &call);
}

static enum rc scan(struct flow *flow)
{
    struct push_look *looks = NULL;
    size_t count = 0;
    enum rc rc = push_scan(flow->db, &flow->arena, 3, 10, &looks, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        flow_say(flow, " %lld", (long long)looks[i].id);
    }
    return rc;
}

static enum rc mark_written(struct flow *flow)
{
    const char *serial = flow->given->serial_number;
    return push_mark_written(flow->db, id_of(flow->given),
                             serial == NULL ? "230946805578" : serial);
}

static enum rc confirm(struct flow *flow)
{
    return push_confirm(flow->db, id_of(flow->given));
}

/* Tariff 201: 0.80 now, 0.90 from 2100 on; supply 21 is under it. */
#define PRICE(e4) "{\"period\":{\"every\":\"month\",\"day\":1},\"prices_e4\":{\"flat\":" e4 "}}"
#define PLAN                                                                                       \
    "INSERT INTO tariff (id, site_id, code, name) VALUES (201, 1, 'T1', '甲');"                   \
    "INSERT INTO tariff_version (id, tariff_id, valid_from_at, kind, body) VALUES"                 \
    " (211, 201, '2026-01-01', 'single', '" PRICE(                                                 \
        "8000") "'),"                                                                              \
                " (212, 201, '2100-01-01', 'single', '" PRICE(                                     \
                    "9000") "');"                                                                  \
                            "INSERT INTO supply_tariff (supply_id, valid_from_at, tariff_id) "     \
                            "VALUES (21, '2026-01-01',"                                            \
                            " 201);"
#define BATCH(id, tariff, due)                                                                     \
    "INSERT INTO push_batch (id, reason, tariff_id, due_at) VALUES (" id ", '价', " tariff         \
    ", '" due "');"
#define PUSH(id, batch, wanted)                                                                    \
    "INSERT INTO push (id, batch_id, supply_id, epoch, meter_id, wanted) VALUES (" id ", " batch   \
    ", 21, 2, 11, '" wanted "');"
#define PRICES(e4) "{\"price_e4\":[" e4 "," e4 "," e4 "," e4 "]}"
#define ONE NO_DELIVERY BATCH("80", "NULL", "2026-01-02") PUSH("81", "80", PRICES("7000"))
#define NO_DELIVERY "DELETE FROM delivery;"
#define WITH_STEPS                                                                                 \
    PLAN "UPDATE tariff_version SET kind = 'steps', body = '{\"period\":{\"every\":\"month\","     \
         "\"day\":1},\"prices_e4\":{\"flat\":6000},\"steps\":[{\"from_wh\":0,\"surcharge_e4\":0}," \
         "{\"from_wh\":100000,\"surcharge_e4\":1000}]}' WHERE id = 212;"

static const struct flow_case cases[] = {
    {"tariffs", tariffs, PLAN, {0}},
    {"tariffs_of_one_supply", tariffs, PLAN, {.id = 21}},
    {"tariffs_of_nobody", tariffs, PLAN "DELETE FROM supply_tariff", {0}},
    {"tariffs_of_a_supply_without", tariffs, PLAN, {.id = 24}},
    {"tariffs_no_supply", tariffs, PLAN, {.id = 99}},
    {"tariffs_already_there",
     tariffs,
     PLAN BATCH("80", "201", "2100-01-01") PUSH("81", "80", PRICES("9000")),
     {0}},
    {"tariffs_other_prices",
     tariffs,
     PLAN BATCH("80", "201", "2100-01-01") PUSH("81", "80", PRICES("8500")),
     {0}},
    {"tariffs_moment_that_is_no_more",
     tariffs,
     PLAN BATCH("80", "201", "2099-06-01") PUSH("81", "80", PRICES("9000")),
     {0}},
    {"tariffs_platform",
     tariffs,
     PLAN BATCH("80", "201", "2026-01-02") PUSH(
         "81", "80", PRICES("8000")) "UPDATE supply SET billing_mode = 'platform' WHERE id = 21",
     {0}},
    {"tariffs_steps", tariffs, WITH_STEPS, {0}},
    {"tariffs_not_offered", tariffs, PLAN "UPDATE model SET capabilities = ''", {0}},
    {"tariffs_next_assignment",
     tariffs,
     PLAN "INSERT INTO supply_tariff (supply_id, valid_from_at, tariff_id) VALUES (21,"
          " '2099-06-01', 201)",
     {0}},

    {"scan", scan, ONE, {0}},
    {"scan_covered", scan, ONE PUSH("82", "80", PRICES("7100")), {0}},
    {"scan_one_after_the_other", scan, ONE PUSH("82", "80", "{\"overdraft_fen\":5}"), {0}},
    {"scan_fee_control_stays",
     scan,
     NO_DELIVERY BATCH("80", "NULL", "2026-01-02") PUSH("81", "80", "{\"fee_control\":true}")
         PUSH("82", "80", "{\"fee_control\":true}"),
     {0}},
    {"scan_not_due",
     scan,
     NO_DELIVERY BATCH("80", "NULL", "2100-01-01") PUSH("81", "80", PRICES("7000")),
     {0}},
    {"mark_written", mark_written, ONE, {0}},
    {"mark_written_other_serial", mark_written, ONE, {.serial_number = "1"}},
    {"mark_written_not_offered", mark_written, ONE "UPDATE model SET capabilities = ''", {0}},
    {"mark_written_wrong_mode",
     mark_written,
     NO_DELIVERY BATCH("80", "NULL", "2026-01-02") PUSH("81", "80", "{\"fee_control\":false}"),
     {0}},
    {"mark_written_too_often", mark_written, ONE "UPDATE push SET writes = 6", {0}},
    {"mark_written_frozen",
     mark_written,
     ONE "UPDATE supply SET frozen_reason = 'other', frozen_at = '2026-01-02' WHERE id = 21",
     {0}},
    {"mark_written_nothing", mark_written, NULL, {.id = 99}},
    {"confirm", confirm, ONE, {0}},
    {"confirm_twice",
     confirm,
     ONE "UPDATE push SET state = 'confirmed', ended_at = '2026-01-03'",
     {0}},
};

int main(void)
{
    return flow_main("test_flow_push", cases, ARRAY_LEN(cases));
}

#include "core/flow/tariff.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/push.h"
#include "core/flow/step.h"
#include "core/flow/zone.h"
#include "core/rules/money.h"
#include "core/rules/rate_table.h"
#include "core/store/row.h"
#include "core/store/site.h"
#include "core/store/tariff.h"
#include "core/store/tariff_meter.h"

#define SAMPLE_GAP_MAX_MS (INT64_C(366) * 86400 * 1000)

static enum rc check_text(const char *text, size_t max, const char *field,
                          struct command_refusal *ret_refusal)
{
    if (text[strspn(text, " ")] == '\0' || text_characters(text, strlen(text)) > max) {
        return step_refuse(RC_INVALID, "invalid_field", field, ret_refusal);
    }
    return RC_OK;
}

enum rc tariff_create(struct db *db, struct arena *arena, const struct actor *actor,
                      const char *code, const char *name, const char *name_en, int64_t *ret_id,
                      struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct site site;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(check_text(code, 32, "code", ret_refusal));
    TRY(check_text(name, 80, "name", ret_refusal));
    TRY(site_find(db, arena, &site));
    enum rc rc = tariffs_insert(db, site.id, code, name, name_en, ret_id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_CONFLICT, "code_taken", "code", ret_refusal);
    }
    TRY(rc);
    return step_audit(db, actor, AUDIT_ACTION_TARIFF_CREATE, "tariff", *ret_id, code, "", "", "");
}

/* Parses a body; a fault names "body.<field>". */
static enum rc parse(struct arena *arena, const char *kind_name, const char *body,
                     int64_t valid_from_at_ms, struct tariff_version *ret_version,
                     struct command_refusal *ret_refusal)
{
    enum tariff_kind kind = TARIFF_KIND__MAX;
    char where[TARIFF_JSON_WHERE_MAX] = "";
    if (tariff_kind_find(kind_name, &kind) != RC_OK) {
        return step_refuse(RC_INVALID, "invalid_field", "kind", ret_refusal);
    }
    enum rc rc =
        tariff_json_parse(body, strlen(body), kind, valid_from_at_ms, arena, ret_version, where);
    if (rc == RC_INVALID || rc == RC_TOO_LARGE) {
        const char *field = arena_printf(arena, where[0] == '\0' ? "body%s" : "body.%s", where);
        return field == NULL ? RC_MEMORY
                             : step_refuse(RC_INVALID, "invalid_field", field, ret_refusal);
    }
    return rc;
}

/* What holds until the moment: the second person sees both. */
static enum rc body_before(struct db *db, struct arena *arena,
                           const struct tariff_version_request *request, const char **ret_body)
{
    struct tariff_version_row *rows = NULL;
    size_t count = 0;
    *ret_body = "null";
    TRY(tariff_versions_list(db, arena, request->tariff_id, &rows, &count));
    for (size_t i = 0; i < count && rows[i].valid_from_at < request->valid_from_at_ms; i++) {
        *ret_body = rows[i].body;
    }
    return RC_OK;
}

static enum rc ask_second_person(struct db *db, struct arena *arena, const struct actor *actor,
                                 const struct tariff_version_request *request,
                                 const struct tariff_row *tariff, int64_t *ret_approval_id,
                                 struct command_refusal *ret_refusal)
{
    char moment[CLOCK_TEXT_MAX];
    (void)clock_format_rfc3339(request->valid_from_at_ms, moment);
    const char *code = step_json_inner(arena, tariff->code);
    const char *before = NULL;
    TRY(body_before(db, arena, request, &before));
    if (code == NULL) {
        return RC_MEMORY;
    }
    struct approval_request ask = {
        .kind = APPROVAL_PRICE_CHANGE,
        .object_kind = "tariff",
        .object_id = request->tariff_id,
        .object_label = tariff->code,
        .payload = arena_printf(
            arena,
            "{\"act\":\"price_change\",\"tariff_id\":%lld,\"kind\":\"%s\","
            "\"valid_from_at_ms\":%lld,\"summary_zh\":\"电价方案 %s 自 %s"
            " 起执行新价,涉及 %lld 个供电点\",\"summary_en\":\"Tariff %s changes"
            " its prices from %s on, for %lld supplies\",\"before\":%s,\"body\":%s}",
            (long long)request->tariff_id, request->kind, (long long)request->valid_from_at_ms,
            code, moment, (long long)tariff->supplies, code, moment, (long long)tariff->supplies,
            before, request->body),
        .reason = request->reason,
        .expires_after_ms = TARIFF_APPROVAL_EXPIRY_MS,
    };
    return approval_request(db, arena, actor, &ask, ret_approval_id, ret_refusal);
}

static int64_t later_of(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

enum rc tariff_add_version(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct tariff_version_request *request, int64_t *ret_approval_id,
                           struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct tariff_version version;
    struct tariff_row tariff;
    int64_t id = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(request->reason, "reason", ret_refusal));
    TRY(parse(arena, request->kind, request->body, request->valid_from_at_ms, &version,
              ret_refusal));
    TRY(tariffs_lock(db, arena, request->tariff_id));
    TRY(tariffs_get(db, arena, request->tariff_id, &tariff));
    bool used = tariff.supplies > 0;
    if (used && request->valid_from_at_ms <= clock_now_ms()) {
        return step_refuse(RC_REFUSED, "moment_past", "valid_from_at", ret_refusal);
    }
    if (used && request->approval_id == 0) {
        return ask_second_person(db, arena, actor, request, &tariff, ret_approval_id, ret_refusal);
    }
    enum rc rc =
        tariff_versions_insert(db, request->tariff_id, request->valid_from_at_ms, request->kind,
                               request->body, actor->id, request->approval_id, &id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_CONFLICT, "moment_taken", "valid_from_at", ret_refusal);
    }
    TRY(rc);
    *ret_approval_id = 0;
    struct push_tariff_ask push = {.tariff_id = request->tariff_id,
                                   .from_ms = later_of(request->valid_from_at_ms, clock_now_ms()),
                                   .approval_id = request->approval_id,
                                   .reason = request->reason};
    TRY(push_tariffs(db, actor, &push));
    return step_audit(db, actor, AUDIT_ACTION_TARIFF_VERSION, "tariff", request->tariff_id,
                      tariff.code, request->reason, "", request->body);
}

enum rc tariff_assign(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t tariff_id, const int64_t *supply_ids, size_t supply_count,
                      int64_t valid_from_at_ms, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct tariff_row tariff;
    int64_t now_ms = clock_now_ms();
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(tariffs_lock(db, arena, tariff_id));
    TRY(tariffs_get(db, arena, tariff_id, &tariff));
    if (supply_count == 0 || supply_count > TARIFF_ASSIGN_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", "supply_ids", ret_refusal);
    }
    if (strcmp(tariff.state, "active") != 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "tariff_id", ret_refusal);
    }
    if (valid_from_at_ms != 0 && valid_from_at_ms < now_ms) {
        return step_refuse(RC_REFUSED, "moment_past", "valid_from_at", ret_refusal);
    }
    int64_t from_ms = valid_from_at_ms == 0 ? now_ms : valid_from_at_ms;
    for (size_t i = 0; i < supply_count; i++) {
        enum rc rc = supply_tariffs_insert(db, supply_ids[i], tariff_id, from_ms, actor->id);
        if (rc == RC_CONFLICT || rc == RC_REFUSED) {
            return step_refuse(RC_INVALID, rc == RC_CONFLICT ? "moment_taken" : "unknown_supply",
                               "supply_ids", ret_refusal);
        }
        TRY(rc);
    }
    const char *after =
        arena_printf(arena, "{\"supplies\":%zu,\"valid_from_at_ms\":%lld,\"first_supply_id\":%lld}",
                     supply_count, (long long)from_ms, (long long)supply_ids[0]);
    struct push_tariff_ask push = {.supply_ids = supply_ids,
                                   .count = supply_count,
                                   .tariff_id = tariff_id,
                                   .from_ms = from_ms,
                                   .reason = arena_printf(arena, "改用电价方案 %s", tariff.code)};
    if (after == NULL || push.reason == NULL) {
        return RC_MEMORY;
    }
    TRY(push_tariffs(db, actor, &push));
    return step_audit(db, actor, AUDIT_ACTION_TARIFF_ASSIGN, "tariff", tariff_id, tariff.code, "",
                      "", after);
}

static enum rc load_zone(struct db *db, struct arena *arena, struct calendar_zone **ret_zone)
{
    struct site site;
    struct calendar_zone *zone = arena_take(arena, sizeof *zone);
    if (zone == NULL) {
        return RC_MEMORY;
    }
    TRY(site_find(db, arena, &site));
    TRY(zone_load(site.time_zone, zone));
    *ret_zone = zone;
    return RC_OK;
}

enum rc tariff_load(struct db *db, struct arena *arena, int64_t tariff_id,
                    struct tariff **ret_tariff)
{
    struct tariff_version_row *rows = NULL;
    struct calendar_zone *zone = NULL;
    size_t count = 0;
    TRY(tariff_versions_list(db, arena, tariff_id, &rows, &count));
    if (count == 0) {
        return RC_NOT_FOUND;
    }
    TRY(load_zone(db, arena, &zone));
    struct tariff *tariff = arena_take(arena, sizeof *tariff);
    struct tariff_version *versions = arena_take_array(arena, count, sizeof *versions);
    if (tariff == NULL || versions == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct command_refusal refusal;
        enum rc rc =
            parse(arena, rows[i].kind, rows[i].body, rows[i].valid_from_at, &versions[i], &refusal);
        if (rc == RC_INVALID) { /* it was checked when it was stored */
            return RC_INTERNAL;
        }
        TRY(rc);
    }
    *tariff = (struct tariff){.version_count = (int)count, .versions = versions, .zone = zone};
    *ret_tariff = tariff;
    return RC_OK;
}

enum rc tariff_sample(struct db *db, struct arena *arena, const char *kind, const char *body,
                      int64_t from_at_ms, int64_t until_at_ms, int64_t energy_wh,
                      struct charge_bill **ret_bill, int64_t *ret_fen,
                      struct command_refusal *ret_refusal)
{
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    struct tariff_version version;
    struct calendar_zone *zone = NULL;
    if (until_at_ms <= from_at_ms || until_at_ms - from_at_ms > SAMPLE_GAP_MAX_MS) {
        return step_refuse(RC_INVALID, "invalid_field", "until_at", ret_refusal);
    }
    TRY(parse(arena, kind, body, from_at_ms, &version, ret_refusal));
    TRY(load_zone(db, arena, &zone));
    struct tariff tariff = {.version_count = 1, .versions = &version, .zone = zone};
    struct charge_state state = {0};
    struct charge_point from = {.at_ms = from_at_ms};
    struct charge_point to = {.at_ms = until_at_ms, .total_wh = energy_wh};
    struct charge_bill *bill = arena_take(arena, sizeof *bill);
    if (bill == NULL) {
        return RC_MEMORY;
    }
    charge_bill_open(bill, &state);
    enum rc rc =
        charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, bill, &state, ret_fen);
    if (rc == RC_TOO_LARGE || rc == RC_INVALID) {
        return step_refuse(RC_INVALID, "invalid_field", "until_at", ret_refusal);
    }
    TRY(rc);
    *ret_fen = charge_bill_close(bill);
    *ret_bill = bill;
    return RC_OK;
}

/* ---- 旧价运行 */

/* The last tariff that was loaded: the rows come in the order of their tariffs. */
struct last_tariff {
    int64_t id;
    struct tariff *tariff; /* NULL: it has no version yet */
};

enum tariff_meter tariff_compare_meter(const struct tariff_version *version,
                                       const struct tariff_meter_row *row, bool *ret_known)
{
    int64_t prices_e4[RATE__MAX] = {row->price_e4[0], row->price_e4[1], row->price_e4[2],
                                    row->price_e4[3], row->price_e4[3]};
    *ret_known = true;
    for (int i = 0; i < RATE__MAX; i++) {
        *ret_known = *ret_known && prices_e4[i] != ROW_NULL;
    }
    struct rate_table table;
    struct calendar calendar;
    const struct calendar *held = NULL;
    if (rate_table_decode(&row->tables, &table) == RC_OK) {
        rate_table_calendar(&table, &calendar);
        held = &calendar;
    }
    return tariff_meter_compare(version, held, prices_e4);
}

static const char *compare(const struct tariff_version *version, const struct tariff_meter_row *row)
{
    bool known = false;
    enum tariff_meter verdict = tariff_compare_meter(version, row, &known);
    if (!known) {
        return "unknown";
    }
    return verdict == TARIFF_METER_SAME ? NULL : tariff_meter_code(verdict);
}

static enum rc judge_row(struct db *db, struct arena *arena, struct last_tariff *last,
                         const struct tariff_meter_row *row, struct old_price *out, size_t *count)
{
    if (last->id != row->tariff_id) {
        *last = (struct last_tariff){.id = row->tariff_id};
        enum rc rc = tariff_load(db, arena, row->tariff_id, &last->tariff);
        if (rc != RC_OK && rc != RC_NOT_FOUND) {
            return rc;
        }
    }
    int at = 0;
    if (last->tariff == NULL || tariff_version_at(last->tariff, clock_now_ms(), &at) != RC_OK) {
        return RC_OK; /* nothing is in force yet */
    }
    const struct tariff_version *version = &last->tariff->versions[at];
    const char *how = compare(version, row);
    if (how == NULL) {
        return RC_OK;
    }
    out[(*count)++] = (struct old_price){
        .supply_id = row->supply_id,
        .meter_id = row->meter_id,
        .unit_number = row->unit_number,
        .meter_number = row->meter_number,
        .shop_name = row->shop_name,
        .tariff_id = row->tariff_id,
        .tariff_name = row->tariff_name,
        .how = how,
        .read_at = row->read_at,
        .meter_flat_e4 = row->price_e4[2],
        .tariff_flat_e4 = tariff_price_e4(version, 0, RATE_FLAT),
        .valid_from_at = version->valid_from_at_ms,
        .push_batch_id = row->push_batch_id,
        .push_state = row->push_state,
        .push_code = row->push_code,
    };
    return RC_OK;
}

enum rc tariff_old_prices(struct db *db, struct arena *arena, struct old_price **ret_rows,
                          size_t *ret_count)
{
    struct tariff_meter_row *rows = NULL;
    struct last_tariff last = {0};
    size_t total = 0;
    size_t count = 0;
    TRY(tariff_meters(db, arena, clock_now_ms(), &rows, &total));
    struct old_price *out = arena_take_array(arena, total + 1, sizeof *out);
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < total; i++) {
        TRY(judge_row(db, arena, &last, &rows[i], out, &count));
    }
    *ret_rows = out;
    *ret_count = count;
    return RC_OK;
}

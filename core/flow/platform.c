#include "core/flow/platform.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/step.h"
#include "core/flow/tariff.h"
#include "core/rules/capability.h"
#include "core/rules/platform.h"
#include "core/rules/proof.h"
#include "core/store/alarm.h"
#include "core/store/command.h"
#include "core/store/ledger.h"
#include "core/store/push.h"

#define POINTS_MAX 500 /* boundaries within one day under one tariff */
#define REASON_ZERO "平台余额用完"
#define REASON_MONEY "平台余额已到账"
#define REASON_PLATFORM "平台计费,关闭电表费控"

static const struct actor jobs_actor = {.kind = ACTOR_SYSTEM, .name = "jobs", .role = "", .ip = ""};

enum rc platform_balance(struct db *db, struct arena *arena, int64_t supply_id, int64_t *ret_fen)
{
    int64_t debit_fen = 0;
    TRY(ledger_balance(db, arena, LEDGER_TENANT_LIABILITY, supply_id, "", &debit_fen));
    *ret_fen = -debit_fen;
    return RC_OK;
}

/* ---- charging up to a reading */

struct charging {
    struct db *db;
    struct arena *arena;
    const struct platform_span *span;
    struct platform_reading at; /* charged up to here */
    struct charge_state state;
    const struct calendar *meter_calendar; /* of the meter's own tables, NULL unknown */
    int64_t tariff_id;                     /* of tariff, 0: none loaded */
    struct tariff *tariff;
    struct platform_done *done;
};

static enum rc load_calendar(struct charging *charging)
{
    struct rate_table_bytes tables;
    struct rate_table table;
    TRY(platform_tables(charging->db, charging->arena, charging->span->supply_id, &tables));
    if (rate_table_decode(&tables, &table) != RC_OK) {
        return RC_OK;
    }
    struct calendar *calendar = arena_take(charging->arena, sizeof *calendar);
    if (calendar == NULL) {
        return RC_MEMORY;
    }
    rate_table_calendar(&table, calendar);
    charging->meter_calendar = calendar;
    return RC_OK;
}

/* May the stretch that begins at `at` be taken from the meter's own rate registers? Prices in the
   meter do not matter: it charges nothing itself. */
static enum charge_mode mode_of(const struct charging *charging,
                                const struct tariff_version *version,
                                const struct platform_reading *to)
{
    static const int64_t no_prices[RATE__MAX] = {0};
    if (!tariff_kind_has_rates(version->kind) || !charging->at.has_rates || !to->has_rates) {
        return CHARGE_BY_TIME;
    }
    enum tariff_meter meter = tariff_meter_compare(version, charging->meter_calendar, no_prices);
    return tariff_registers_usable(version, meter) ? CHARGE_BY_REGISTERS : CHARGE_BY_TIME;
}

static enum rc store_charge(struct charging *charging, enum charge_mode mode,
                            const struct platform_reading *to, int64_t fen)
{
    struct platform_charge row = {.supply_id = charging->span->supply_id,
                                  .span_id = charging->span->id,
                                  .tariff_id = charging->tariff_id,
                                  .mode = mode,
                                  .from_at_ms = charging->at.point.at_ms,
                                  .to = *to,
                                  .fen = fen,
                                  .state = charging->state};
    int64_t id = 0;
    TRY(platform_charge_add(charging->db, &row, &id));
    charging->done->charges++;
    charging->done->fen += fen;
    charging->at = *to;
    if (fen == 0) {
        return RC_OK;
    }
    struct ledger_entry entry = {.posting = POSTING_USE,
                                 .object_kind = "charge",
                                 .object_id = id,
                                 .supply_id = charging->span->supply_id,
                                 .channel = "",
                                 .amount_fen = fen,
                                 .at_ms = to->point.at_ms};
    return ledger_post(charging->db, charging->arena, &entry);
}

/* One version, one day: its boundaries are those of rates and periods. */
static enum rc charge_stretch(struct charging *charging, const struct platform_reading *to)
{
    int index = 0;
    size_t count = 0;
    const struct tariff *tariff = charging->tariff;
    struct charge_point *points = arena_take_array(charging->arena, POINTS_MAX, sizeof *points);
    if (points == NULL) {
        return RC_MEMORY;
    }
    TRY(tariff_version_at(tariff, charging->at.point.at_ms, &index));
    enum charge_mode mode = mode_of(charging, &tariff->versions[index], to);
    TRY(charge_split(tariff, mode, &charging->at.point, &to->point, points, POINTS_MAX, &count));
    const struct tariff_version *version = &tariff->versions[index];
    for (size_t i = 0; i <= count; i++) {
        struct platform_reading next = *to;
        int64_t fen = 0;
        if (i < count) {
            next.point = points[i];
            next.has_rates = mode == CHARGE_BY_REGISTERS;
        }
        TRY(charge_advance(tariff, mode, &charging->state, &charging->at.point, &next.point, NULL,
                           &charging->state, &fen));
        TRY(store_charge(charging, mode, &next, fen));
    }
    charging->done->price_e4 =
        tariff_price_e4(version, tariff_step_of(version, charging->state.period_wh),
                        tariff_rate_at(tariff, version, to->point.at_ms));
    return RC_OK;
}

static int64_t next_version_ms(const struct tariff *tariff, int64_t at_ms, int64_t until_ms)
{
    for (int i = 0; i < tariff->version_count; i++) {
        int64_t from_ms = tariff->versions[i].valid_from_at_ms;
        if (from_ms > at_ms && from_ms < until_ms) {
            return from_ms;
        }
    }
    return until_ms;
}

/* Within one epoch: cut at midnights, tariffs and versions. */
static enum rc charge_epoch(struct charging *charging, const struct platform_reading *to)
{
    while (charging->at.point.at_ms < to->point.at_ms) {
        int64_t at_ms = charging->at.point.at_ms;
        int64_t tariff_id = 0;
        int64_t until_ms = 0;
        struct proof_day day;
        TRY(platform_tariff(charging->db, charging->arena, charging->span->supply_id, at_ms,
                            to->point.at_ms, &tariff_id, &until_ms));
        if (charging->tariff_id != tariff_id) {
            TRY(tariff_load(charging->db, charging->arena, tariff_id, &charging->tariff));
            charging->tariff_id = tariff_id;
        }
        until_ms = next_version_ms(charging->tariff, at_ms, until_ms);
        proof_day_of(charging->tariff->zone, at_ms, &day);
        until_ms = day.to_at_ms < until_ms ? day.to_at_ms : until_ms;
        struct platform_reading cut = *to;
        if (until_ms < to->point.at_ms) {
            cut.has_rates = to->has_rates && charging->at.has_rates;
            cut.point = charge_estimate(cut.has_rates ? CHARGE_BY_REGISTERS : CHARGE_BY_TIME,
                                        &charging->at.point, &to->point, until_ms);
        }
        TRY(charge_stretch(charging, &cut));
    }
    return RC_OK;
}

/* Registers that fall are found before anything is cut between them. */
static bool falls(const struct platform_reading *from, const struct platform_reading *to)
{
    bool down = to->point.total_wh < from->point.total_wh;
    for (int i = 0; i < RATE__MAX && from->has_rates && to->has_rates; i++) {
        down = down || to->point.rate_wh[i] < from->point.rate_wh[i];
    }
    return down;
}

enum rc platform_charge_to(struct db *db, struct arena *arena, const struct platform_span *span,
                           const struct platform_reading *to, struct platform_done *ret_done)
{
    assert(db_in_transaction(db));
    struct platform_done done = {0};
    struct charging charging = {.db = db, .arena = arena, .span = span, .done = &done};
    TRY(platform_last(db, arena, span, &charging.at, &charging.state));
    TRY(load_calendar(&charging));
    while (charging.at.epoch < to->epoch) { /* the meter was swapped */
        struct platform_reading open;
        struct platform_reading close;
        bool closed = false;
        TRY(platform_epoch(db, arena, span->supply_id, charging.at.epoch, &open, &closed, &close));
        if (closed && close.point.at_ms > charging.at.point.at_ms) {
            if (falls(&charging.at, &close)) {
                return RC_INVALID;
            }
            TRY(charge_epoch(&charging, &close));
        }
        TRY(platform_epoch(db, arena, span->supply_id, charging.at.epoch + 1, &open, &closed,
                           &close));
        charging.at = open;
    }
    if (falls(&charging.at, to)) {
        return RC_INVALID;
    }
    TRY(charge_epoch(&charging, to));
    *ret_done = done;
    return RC_OK;
}

/* ---- what follows */

struct work {
    int64_t supply_id;
    struct platform_done done;
};

struct own {
    struct db *db;
    struct arena arena;
    struct supply supply;
    struct platform_span span;
    int64_t balance_fen;
};

static void own_release(struct own *own)
{
    arena_release(&own->arena);
}

static enum rc own_load(struct own *own, struct db *db, int64_t supply_id)
{
    own->db = db;
    arena_init(&own->arena, (size_t)16 << 20);
    TRY(supply_lock(db, supply_id));
    TRY(supply_get(db, &own->arena, supply_id, &own->supply));
    return platform_span_live(db, &own->arena, supply_id, &own->span);
}

/* An order of ours; a refusal is no failure: *ret_code says why. */
static enum rc order(struct own *own, enum command_kind kind, const char *reason, struct work *work,
                     const char **ret_code)
{
    struct command_request request = {.supply_id = own->supply.id,
                                      .kind = kind,
                                      .origin = ORIGIN_AUTOMATIC,
                                      .reason = reason,
                                      .unit_number = ""};
    struct command_answer answer = {0};
    struct command_refusal refusal;
    enum rc rc = command_request(own->db, &own->arena, &jobs_actor, &request, &answer, &refusal);
    *ret_code = "";
    if (rc == RC_REFUSED) {
        *ret_code = refusal.code;
        return RC_OK;
    }
    TRY(rc);
    work->done.command_id = answer.command_id;
    work->done.shard = answer.shard;
    return RC_OK;
}

static enum rc ask(struct own *own, const char *code)
{
    return alarm_open(own->db, ALARM_PLATFORM_ZERO, "supply", own->supply.id, code);
}

/* An order that writes is under way: the next reading shows what it did. */
static enum rc has_open_order(struct own *own, bool *ret_open)
{
    struct command_row *rows = NULL;
    size_t count = 0;
    TRY(commands_open(own->db, &own->arena, own->supply.id, &rows, &count));
    *ret_open = false;
    for (size_t i = 0; i < count; i++) {
        *ret_open = *ret_open || command_kind_writes(rows[i].kind);
    }
    return RC_OK;
}

/* Nothing is left: the order goes out now, in the transaction that charged. */
static enum rc at_zero(struct own *own, struct work *work, int64_t taken_at_ms)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    bool open = false;
    TRY(has_open_order(own, &open));
    if (open) {
        return RC_OK;
    }
    enum rc rc = step_guard(&own->supply, COMMAND_TRIP, ORIGIN_AUTOMATIC, &refusal);
    if (rc != RC_OK && rc != RC_REFUSED) {
        return rc;
    }
    bool by_hand = own->supply.close_by_hand || own->supply.external_control;
    struct platform_zero zero = {.relay = own->supply.relay,
                                 .forced = own->supply.forced,
                                 .reading_age_ms = clock_now_ms() - taken_at_ms,
                                 .since_last_ms = taken_at_ms - own->span.seen_at_ms,
                                 .stale_ms = command_stale_ms(),
                                 .close_by_hand = by_hand,
                                 .guard = refusal.code};
    const char *code = "";
    switch (platform_at_zero(&zero)) {
    case PLATFORM_NOTHING:
    case PLATFORM_WAIT:
    case PLATFORM_VERDICT__MAX:
        return RC_OK;
    case PLATFORM_ASK:
        return ask(own, refusal.code[0] != '\0' ? refusal.code : "close_by_hand");
    case PLATFORM_TRIP:
        break;
    }
    TRY(order(own, COMMAND_TRIP, REASON_ZERO, work, &code));
    if (code[0] != '\0') { /* a person's order is under way: it decides */
        return RC_OK;
    }
    return platform_span_set_trip(own->db, own->span.id, work->done.command_id);
}

static enum rc after_charge(struct own *own, struct work *work,
                            const struct platform_reading *newest)
{
    TRY(platform_balance(own->db, &own->arena, own->supply.id, &own->balance_fen));
    int64_t from_ms = own->span.charged_at_ms;
    struct platform_money money = {.left_fen = own->balance_fen + own->span.overdraft_fen,
                                   .fen = work->done.fen,
                                   .elapsed_ms = newest->point.at_ms - from_ms,
                                   .power_w = newest->power_w,
                                   .price_e4 = work->done.price_e4,
                                   .interval_ms = own->span.interval_ms};
    TRY(platform_span_note(own->db, own->span.id, newest->point.at_ms, newest->point.at_ms,
                           platform_is_low(&money)));
    if (own->span.ending) {
        return RC_OK; /* the supply is tripped for the change of mode, or about to be */
    }
    if (money.left_fen > 0) {
        return alarm_close(own->db, ALARM_PLATFORM_ZERO, "supply", own->supply.id);
    }
    return at_zero(own, work, newest->point.at_ms);
}

static enum rc charge_work(struct db *db, void *context)
{
    struct work *work = context;
    CLEANUP(own_release) struct own own;
    struct platform_reading newest;
    work->done = (struct platform_done){0};
    TRY(own_load(&own, db, work->supply_id));
    TRY(platform_newest(db, &own.arena, work->supply_id, &newest));
    if (!own.span.platform_mode || newest.point.at_ms <= own.span.seen_at_ms) {
        return RC_OK;
    }
    enum rc rc = platform_charge_to(db, &own.arena, &own.span, &newest, &work->done);
    if (rc == RC_NOT_FOUND) { /* from here on nothing has a price */
        TRY(alarm_open(db, ALARM_PLATFORM_UNPRICED, "supply", own.supply.id, ""));
        return platform_span_note(db, own.span.id, own.span.charged_at_ms, newest.point.at_ms,
                                  own.span.low);
    }
    if (rc == RC_INVALID) { /* a register fell: nothing is charged from it */
        TRY(alarm_open(db, ALARM_ENERGY_BACK, "meter", own.supply.meter_id, "platform"));
        return platform_span_note(db, own.span.id, own.span.charged_at_ms, newest.point.at_ms,
                                  own.span.low);
    }
    TRY(rc);
    TRY(alarm_close(db, ALARM_PLATFORM_UNPRICED, "supply", own.supply.id));
    return after_charge(&own, work, &newest);
}

enum rc platform_charge(struct db *db, int64_t supply_id, struct platform_done *ret_done)
{
    struct work work = {.supply_id = supply_id};
    TRY(db_transact(db, charge_work, &work));
    *ret_done = work.done;
    return RC_OK;
}

/* ---- power back */

/* The newest order that writes; a person's, or one of a lock-out, makes the trip no longer ours. */
static enum rc still_ours(struct own *own, bool *ret_ours, bool *ret_over)
{
    struct command_row row;
    int64_t newest_id = 0;
    TRY(commands_newest(own->db, &own->arena, own->supply.id, &newest_id));
    TRY(commands_get(own->db, &own->arena, own->span.trip_command_id, &row));
    *ret_ours = newest_id == own->span.trip_command_id;
    *ret_over = row.state == COMMAND_CONFIRMED || command_state_is_final(row.state);
    return RC_OK;
}

static enum rc restore_work(struct db *db, void *context)
{
    struct work *work = context;
    CLEANUP(own_release) struct own own;
    bool ours = false;
    bool over = false;
    const char *code = "";
    work->done = (struct platform_done){0};
    TRY(own_load(&own, db, work->supply_id));
    if (own.span.trip_command_id == 0 || own.span.ending) {
        return RC_OK;
    }
    TRY(platform_balance(db, &own.arena, work->supply_id, &own.balance_fen));
    if (own.balance_fen + own.span.overdraft_fen <= 0) {
        return RC_OK;
    }
    TRY(still_ours(&own, &ours, &over));
    if (!ours) {
        return platform_span_set_trip(db, own.span.id, 0);
    }
    if (!over) {
        return RC_OK; /* its read-back first */
    }
    bool by_hand = own.supply.close_by_hand || own.supply.external_control;
    TRY(order(&own, by_hand ? COMMAND_RELEASE : COMMAND_CLOSE, REASON_MONEY, work, &code));
    if (code[0] != '\0') {
        return RC_REFUSED;
    }
    TRY(alarm_close(db, ALARM_PLATFORM_ZERO, "supply", own.supply.id));
    return platform_span_set_trip(db, own.span.id, 0);
}

enum rc platform_restore(struct db *db, int64_t supply_id, struct platform_done *ret_done)
{
    struct work work = {.supply_id = supply_id};
    TRY(db_transact(db, restore_work, &work));
    *ret_done = work.done;
    return RC_OK;
}

/* The meter must not charge as well. One that cannot be told, has no fee control. */
static enum rc fee_control_off(struct db *db, struct arena *arena, const struct supply *supply,
                               int64_t *ret_push_id)
{
    struct push_wanted wanted = {.has_fee_control = true, .fee_control = false};
    struct text json CLEANUP(text_release);
    int64_t batch_id = 0;
    text_init(&json, PUSH_JSON_MAX);
    *ret_push_id = 0;
    if (capability_state_of(supply->capabilities, CAPABILITY_PARAMETERS) ==
        CAPABILITY_STATE_ABSENT) {
        return RC_OK;
    }
    push_add_json(&json, &wanted);
    TRY(text_result(&json));
    TRY(pushes_add_batch(db, REASON_PLATFORM, 0, 0, clock_now_ms(), &batch_id));
    TRY(pushes_add(db, batch_id, supply->id, supply->epoch, supply->meter_id, text_string(&json),
                   false, ret_push_id));
    const char *after =
        arena_printf(arena, "{\"meters\":1,\"supply_id\":%lld}", (long long)supply->id);
    return after == NULL ? RC_MEMORY
                         : step_audit(db, &jobs_actor, AUDIT_ACTION_PUSH_ASK, "push_batch",
                                      batch_id, supply_label(supply), REASON_PLATFORM, "", after);
}

static enum rc begin_work(struct db *db, void *context)
{
    const int64_t *supply_id = context;
    CLEANUP(arena_release) struct arena arena;
    struct supply supply;
    struct platform_reading open;
    struct platform_reading close;
    bool closed = false;
    int64_t push_id = 0;
    arena_init(&arena, STEP_ARENA_BYTES);
    TRY(supply_lock(db, *supply_id));
    TRY(supply_get(db, &arena, *supply_id, &supply));
    TRY(platform_epoch(db, &arena, *supply_id, supply.epoch, &open, &closed, &close));
    if (closed) {
        return RC_CONFLICT;
    }
    TRY(fee_control_off(db, &arena, &supply, &push_id));
    return platform_span_open(db, *supply_id, 0, push_id, &open);
}

enum rc platform_begin(struct db *db, int64_t supply_id)
{
    return db_transact(db, begin_work, &supply_id);
}

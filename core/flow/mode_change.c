/* Asking for a change of mode, agreeing to it, and beginning it. */
#include "core/flow/mode_change.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/mode_change_own.h"
#include "core/flow/platform.h"
#include "core/flow/step.h"
#include "core/flow/tariff.h"
#include "core/rules/capability.h"
#include "core/rules/money.h"
#include "core/store/purchase.h"
#include "core/store/refund.h"
#include "core/store/tariff.h"

static const struct actor jobs_actor = {.kind = ACTOR_SYSTEM, .name = "jobs", .role = "", .ip = ""};

enum rc mode_change_audit(struct db *db, struct arena *arena, const struct actor *actor,
                          enum audit_action action, const struct mode_change_row *row,
                          const char *code)
{
    struct supply supply;
    TRY(supply_get(db, arena, row->supply_id, &supply));
    const char *after = arena_printf(
        arena,
        "{\"mode_change_id\":%lld,\"to_mode\":\"%s\",\"state\":\"%s\",\"moved_fen\":%lld,"
        "\"code\":\"%s\"}",
        (long long)row->id, row->to_platform ? "platform" : "meter",
        mode_change_state_name(row->state), (long long)row->moved_fen, code);
    return after == NULL ? RC_MEMORY
                         : step_audit(db, actor, action, "supply", row->supply_id,
                                      supply_label(&supply), row->reason, "", after);
}

enum rc mode_change_version(struct db *db, struct arena *arena, int64_t supply_id,
                            const struct tariff_version **ret_version)
{
    int64_t tariff_id = 0;
    struct tariff *tariff = NULL;
    int at = 0;
    TRY(supply_tariffs_at(db, arena, supply_id, clock_now_ms(), &tariff_id));
    TRY(tariff_load(db, arena, tariff_id, &tariff));
    TRY(tariff_version_at(tariff, clock_now_ms(), &at));
    *ret_version = &tariff->versions[at];
    return RC_OK;
}

/* ---- asking */

struct asking {
    struct db *db;
    struct arena *arena;
    const struct mode_change_ask *ask;
    struct command_refusal *refusal;
    struct sale_facts facts;
    struct supply supply;
    int64_t money_fen; /* that would move now */
};

static enum rc refuse(const struct asking *asking, const char *code)
{
    return step_refuse(RC_REFUSED, code, "to_mode", asking->refusal);
}

static enum rc check_tariff(const struct asking *asking)
{
    const struct tariff_version *version = NULL;
    enum rc rc = mode_change_version(asking->db, asking->arena, asking->ask->supply_id, &version);
    if (rc == RC_NOT_FOUND) {
        return refuse(asking, "no_tariff");
    }
    TRY(rc);
    return !asking->ask->to_platform && tariff_kind_has_steps(version->kind)
               ? refuse(asking, "steps")
               : RC_OK;
}

static enum rc check_asked(struct asking *asking)
{
    const struct mode_change_ask *ask = asking->ask;
    struct mode_change_row live;
    if (asking->facts.account_id == 0 || !asking->facts.epoch_live ||
        strcmp(asking->facts.account_state, "open") != 0) {
        return refuse(asking, "no_account");
    }
    enum rc rc =
        mode_changes_find(asking->db, asking->arena, MODE_CHANGE_BY_SUPPLY, ask->supply_id, &live);
    if (rc != RC_NOT_FOUND) {
        return rc == RC_OK ? step_refuse(RC_CONFLICT, "conflict", "to_mode", asking->refusal) : rc;
    }
    if (asking->facts.platform_mode == ask->to_platform) {
        return refuse(asking, "same_mode");
    }
    if (capability_state_of(asking->supply.capabilities, CAPABILITY_PARAMETERS) ==
        CAPABILITY_STATE_ABSENT) {
        return refuse(asking, "not_offered");
    }
    TRY(check_tariff(asking));
    if (ask->to_platform) {
        asking->money_fen = asking->facts.balance_fen;
    } else {
        TRY(platform_balance(asking->db, asking->arena, ask->supply_id, &asking->money_fen));
    }
    return asking->money_fen < 0 ? refuse(asking, "in_debt") : RC_OK;
}

static enum rc ask_second_person(const struct asking *asking, const struct actor *actor,
                                 int64_t *ret_approval_id)
{
    const struct mode_change_ask *ask = asking->ask;
    char amount[MONEY_TEXT_MAX];
    (void)money_format(asking->money_fen, amount);
    const char *summary_zh = ask->to_platform
                                 ? arena_printf(asking->arena,
                                                "由仪表计费改为平台计费:强制分闸,电表余额(现约 %s "
                                                "元)全数转入平台余额,关闭电表费控",
                                                amount)
                                 : arena_printf(asking->arena,
                                                "由平台计费改为仪表计费:强制分闸,平台余额(现约 %s "
                                                "元)全数写入电表,开启电表费控",
                                                amount);
    const char *summary_en =
        ask->to_platform
            ? arena_printf(asking->arena,
                           "From the meter to the platform: the supply is tripped, the meter's"
                           " money (about %s yuan now) becomes platform money, its fee control"
                           " goes off",
                           amount)
            : arena_printf(asking->arena,
                           "From the platform to the meter: the supply is tripped, the platform's"
                           " money (about %s yuan now) is written into the meter, its fee control"
                           " goes on",
                           amount);
    if (summary_zh == NULL || summary_en == NULL) {
        return RC_MEMORY;
    }
    struct approval_request request = {
        .kind = APPROVAL_MODE_CHANGE,
        .object_kind = "supply",
        .object_id = ask->supply_id,
        .object_label = supply_label(&asking->supply),
        .payload = arena_printf(asking->arena,
                                "{\"act\":\"mode_change\",\"supply_id\":%lld,\"to_mode\":\"%s\","
                                "\"overdraft_fen\":%lld,\"balance_fen\":%lld,"
                                "\"summary_zh\":\"%s\",\"summary_en\":\"%s\"}",
                                (long long)ask->supply_id, ask->to_platform ? "platform" : "meter",
                                (long long)ask->overdraft_fen, (long long)asking->money_fen,
                                summary_zh, summary_en),
        .reason = ask->reason,
        .expires_after_ms = MODE_CHANGE_APPROVAL_EXPIRY_MS,
    };
    return approval_request(asking->db, asking->arena, actor, &request, ret_approval_id,
                            asking->refusal);
}

enum rc mode_change_request(struct db *db, struct arena *arena, const struct actor *actor,
                            const struct mode_change_ask *ask, int64_t *ret_approval_id,
                            struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct asking asking = {.db = db, .arena = arena, .ask = ask, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(ask->reason, "reason", ret_refusal));
    if (ask->overdraft_fen < 0 || ask->overdraft_fen > MODE_CHANGE_OVERDRAFT_MAX_FEN ||
        (!ask->to_platform && ask->overdraft_fen != 0)) {
        return step_refuse(RC_INVALID, "invalid_field", "overdraft_fen", ret_refusal);
    }
    TRY(supply_lock(db, ask->supply_id));
    TRY(supply_get(db, arena, ask->supply_id, &asking.supply));
    TRY(sale_facts_get(db, arena, ask->supply_id, &asking.facts));
    TRY(check_asked(&asking));
    TRY(ask_second_person(&asking, actor, ret_approval_id));
    struct mode_change_row row = {.supply_id = ask->supply_id,
                                  .account_id = asking.facts.account_id,
                                  .epoch = asking.facts.epoch,
                                  .to_platform = ask->to_platform,
                                  .state = MODE_CHANGE_ASKED,
                                  .reason = ask->reason,
                                  .overdraft_fen = ask->overdraft_fen,
                                  .maker_id = actor->id,
                                  .approval_id = *ret_approval_id};
    TRY(mode_changes_insert(db, &row, &row.id));
    return mode_change_audit(db, arena, actor, AUDIT_ACTION_MODE_CHANGE_ASK, &row, "");
}

enum rc mode_change_carry(struct db *db, struct arena *arena, const struct actor *maker,
                          int64_t checker_id, int64_t approval_id,
                          struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && checker_id != 0 && checker_id != maker->id);
    struct mode_change_row row;
    TRY(mode_changes_find(db, arena, MODE_CHANGE_BY_APPROVAL, approval_id, &row));
    TRY(supply_lock(db, row.supply_id));
    enum rc rc = mode_changes_set_approved(db, row.id, checker_id);
    if (rc == RC_CONFLICT) { /* called off since */
        return step_refuse(RC_REFUSED, "wrong_state", "", ret_refusal);
    }
    TRY(rc);
    row.state = MODE_CHANGE_APPROVED;
    return mode_change_audit(db, arena, maker, AUDIT_ACTION_MODE_CHANGE_MOVE, &row, "");
}

/* The row, with its supply held. */
static enum rc load(struct db *db, struct arena *arena, int64_t id, struct mode_change_row *row)
{
    TRY(mode_changes_find(db, arena, MODE_CHANGE_BY_ID, id, row));
    TRY(supply_lock(db, row->supply_id));
    return mode_changes_find(db, arena, MODE_CHANGE_BY_ID, id, row);
}

enum rc mode_change_cancel(struct db *db, struct arena *arena, const struct actor *actor,
                           int64_t id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct mode_change_row row;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(load(db, arena, id, &row));
    if (!mode_change_move_allowed(row.state, MODE_CHANGE_CANCELLED)) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(mode_changes_move(db, id, row.state, MODE_CHANGE_CANCELLED, ""));
    row.state = MODE_CHANGE_CANCELLED;
    return mode_change_audit(db, arena, actor, AUDIT_ACTION_MODE_CHANGE_CANCEL, &row, "");
}

enum rc mode_change_retry(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                          struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct mode_change_row row;
    struct supply supply;
    int64_t push_id = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(load(db, arena, id, &row));
    if (row.state != MODE_CHANGE_STUCK) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(supply_get(db, arena, row.supply_id, &supply));
    TRY(mode_change_push(db, arena, &row, &supply, &push_id));
    TRY(mode_changes_set_push(db, id, push_id));
    row.state = MODE_CHANGE_SWITCHING;
    return mode_change_audit(db, arena, actor, AUDIT_ACTION_MODE_CHANGE_RETRY, &row, "");
}

/* ---- beginning */

struct beginning {
    int64_t id;
    bool begun;
    int32_t shard;
};

static enum rc begin_work(struct db *db, void *context)
{
    struct beginning *beginning = context;
    CLEANUP(arena_release) struct arena arena;
    struct mode_change_row row;
    struct supply supply;
    const char *code = "";
    int64_t adjustment_id = 0;
    arena_init(&arena, STEP_ARENA_BYTES);
    beginning->begun = false;
    TRY(load(db, &arena, beginning->id, &row));
    if (row.state != MODE_CHANGE_APPROVED) {
        return RC_OK;
    }
    TRY(supply_get(db, &arena, row.supply_id, &supply));
    TRY(mode_changes_blocked(db, &arena, row.supply_id, &code));
    if (row.epoch != supply.epoch) { /* the meter was swapped since: another one was agreed to */
        TRY(mode_changes_move(db, row.id, MODE_CHANGE_APPROVED, MODE_CHANGE_CANCELLED,
                              "wrong_epoch"));
        row.state = MODE_CHANGE_CANCELLED;
        return mode_change_audit(db, &arena, &jobs_actor, AUDIT_ACTION_MODE_CHANGE_CANCEL, &row,
                                 "wrong_epoch");
    }
    if (code[0] != '\0') {
        return mode_changes_set_wait(db, row.id, code);
    }
    struct adjustment_ask ask = {.kind = "mode",
                                 .account_id = row.account_id,
                                 .supply_id = row.supply_id,
                                 .epoch = row.epoch,
                                 .meter_id = supply.meter_id,
                                 .reason = row.reason,
                                 .maker_id = row.maker_id,
                                 .approval_id = row.approval_id};
    TRY(adjustment_asks_insert(db, &ask, &adjustment_id));
    TRY(adjustment_asks_set_approved(db, adjustment_id, row.checker_id));
    TRY(mode_changes_set_moving(db, row.id, adjustment_id));
    row.state = MODE_CHANGE_MOVING;
    beginning->begun = true;
    beginning->shard = supply.shard;
    return mode_change_audit(db, &arena, &jobs_actor, AUDIT_ACTION_MODE_CHANGE_MOVE, &row, "");
}

enum rc mode_change_begin(struct db *db, int64_t id, bool *ret_begun, int32_t *ret_shard)
{
    struct beginning beginning = {.id = id};
    TRY(db_transact(db, begin_work, &beginning));
    *ret_begun = beginning.begun;
    *ret_shard = beginning.shard;
    return RC_OK;
}

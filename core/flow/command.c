#include "core/flow/command.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/platform.h"
#include "core/flow/step.h"
#include "core/store/command.h"

/*
 * command_request, in the order of its guards:
 *   1 the input            2 the supply exists (row lock)     3 the table of
 * core/rules/command_guard.h, and money in platform mode     4 the typed number     5 a second
 * person 6 older orders of the supply (newest wins)
 */
struct giving {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    const struct command_request *request;
    struct command_refusal *refusal;
    struct supply supply;
    struct command_facts facts;
    struct command_row *older;
    size_t older_count;
};

static bool by_person(const struct command_request *request)
{
    return request->origin == ORIGIN_MANUAL || request->origin == ORIGIN_LOCK_OUT;
}

static enum rc check_input(const struct giving *giving)
{
    const struct command_request *request = giving->request;
    TRY(step_check_reason(request->reason, "reason", giving->refusal));
    if (request->kind != COMMAND_KEEP_ON) {
        if (request->keep_on_until_at_ms != 0) {
            return step_refuse(RC_INVALID, "invalid_field", "keep_on_until_at", giving->refusal);
        }
        return RC_OK;
    }
    int64_t now_ms = clock_now_ms();
    if (request->keep_on_until_at_ms <= now_ms ||
        request->keep_on_until_at_ms > now_ms + COMMAND_KEEP_ON_MAX_MS) {
        return step_refuse(RC_INVALID, "invalid_field", "keep_on_until_at", giving->refusal);
    }
    if (giving->actor->kind != ACTOR_USER) { /* a keep-on always has an owner */
        return step_refuse(RC_INVALID, "invalid_field", "kind", giving->refusal);
    }
    return RC_OK;
}

static int64_t expiry_of(const struct command_request *request, int64_t now_ms)
{
    if (request->kind == COMMAND_READ) {
        return now_ms + COMMAND_READ_EXPIRY_MS;
    }
    if (request->origin == ORIGIN_LOCK_OUT || request->origin == ORIGIN_KEEP_ON_END) {
        return now_ms + COMMAND_LOCK_OUT_EXPIRY_MS;
    }
    int64_t expires_at_ms = now_ms + COMMAND_MANUAL_EXPIRY_MS;
    if (request->kind == COMMAND_KEEP_ON && request->keep_on_until_at_ms < expires_at_ms) {
        return request->keep_on_until_at_ms;
    }
    return expires_at_ms;
}

/* Does the older order stand in the way of the new one? Orders that write meet orders that write,
 * reads meet reads. */
static bool meets(const struct command_row *older, enum command_kind kind)
{
    bool unsent = older->state == COMMAND_PENDING || older->state == COMMAND_TAKEN;
    return unsent && command_kind_writes(older->kind) == command_kind_writes(kind);
}

/* In platform mode no meter refuses for us: with the ledger's money used up power stays away, as in
   meter mode. What lifts a keep-on takes power, and passes. */
static enum rc check_money(const struct giving *giving)
{
    const struct supply *supply = &giving->supply;
    enum command_kind kind = giving->request->kind;
    struct platform_span span;
    int64_t balance_fen = 0;
    bool closes =
        kind == COMMAND_CLOSE || (kind == COMMAND_RELEASE && supply->forced != FORCED_KEEP_ON);
    if (!supply->platform_mode || !closes || giving->request->origin != ORIGIN_MANUAL) {
        return RC_OK;
    }
    enum rc rc = platform_span_live(giving->db, giving->arena, supply->id, &span);
    if (rc == RC_NOT_FOUND) { /* nobody is charged there */
        return RC_OK;
    }
    TRY(rc);
    TRY(platform_balance(giving->db, giving->arena, supply->id, &balance_fen));
    return balance_fen + span.overdraft_fen > 0
               ? RC_OK
               : step_refuse(RC_REFUSED, "arrears", "", giving->refusal);
}

static enum rc check_older(struct giving *giving)
{
    const struct command_request *request = giving->request;
    TRY(commands_open(giving->db, giving->arena, request->supply_id, &giving->older,
                      &giving->older_count));
    for (size_t i = 0; i < giving->older_count; i++) {
        const struct command_row *older = &giving->older[i];
        if (!meets(older, request->kind)) {
            continue;
        }
        /* The trip of a lock-out that still holds is not pushed aside, not even by another trip. */
        if (older->origin == ORIGIN_LOCK_OUT && giving->supply.locked_out &&
            request->origin != ORIGIN_LOCK_OUT) {
            return step_refuse(RC_REFUSED, "locked_out", "", giving->refusal);
        }
        if (!command_supersedes(request->origin, older->origin)) {
            return step_refuse(RC_REFUSED, "conflict", "", giving->refusal);
        }
    }
    return RC_OK;
}

static enum rc supersede_older(const struct giving *giving, int64_t by_id)
{
    for (size_t i = 0; i < giving->older_count; i++) {
        const struct command_row *older = &giving->older[i];
        if (meets(older, giving->request->kind)) {
            TRY(commands_set_superseded(giving->db, older->id, older->state, by_id));
        }
    }
    return RC_OK;
}

static enum rc ask_second_person(const struct giving *giving, struct command_answer *ret_answer)
{
    const struct command_request *request = giving->request;
    const char *reason = step_json_string(giving->arena, request->reason);
    const char *unit = step_json_string(giving->arena, request->unit_number);
    if (reason == NULL || unit == NULL) {
        return RC_MEMORY;
    }
    const char *payload = arena_printf(
        giving->arena,
        "{\"act\":\"command\",\"supply_id\":%lld,\"kind\":\"%s\",\"reason\":%s,\"unit_number\":%s}",
        (long long)request->supply_id, command_kind_name(request->kind), reason, unit);
    struct approval_request ask = {
        .kind = APPROVAL_TRIP_PROTECTED,
        .object_kind = "supply",
        .object_id = request->supply_id,
        .object_label = supply_label(&giving->supply),
        .payload = payload,
        .reason = request->reason,
        .expires_after_ms = COMMAND_APPROVAL_EXPIRY_MS,
    };
    int64_t approval_id = 0;
    TRY(approval_request(giving->db, giving->arena, giving->actor, &ask, &approval_id,
                         giving->refusal));
    *ret_answer =
        (struct command_answer){.approval_id = approval_id, .shard = giving->supply.shard};
    return RC_OK;
}

static enum rc write_order(const struct giving *giving, struct command_answer *ret_answer)
{
    const struct command_request *request = giving->request;
    int64_t now_ms = clock_now_ms();
    struct command_row row = {
        .supply_id = request->supply_id,
        .meter_id = giving->supply.meter_id,
        .epoch = giving->supply.epoch,
        .kind = request->kind,
        .origin = request->origin,
        .reason = request->reason,
        .requested_by = giving->actor->kind == ACTOR_USER ? giving->actor->id : 0,
        .requested_at_ms = now_ms,
        .expires_at_ms = expiry_of(request, now_ms),
        .keep_on_until_at_ms = request->keep_on_until_at_ms,
        .lock_out_id = request->lock_out_id,
        .approval_id = request->approval_id,
    };
    int64_t id = 0;
    TRY(commands_insert(giving->db, &row, &id));
    TRY(supersede_older(giving, id));
    const char *after =
        arena_printf(giving->arena,
                     "{\"command_id\":%lld,\"kind\":\"%s\",\"origin\":\"%s\",\"approval_id\":%lld}",
                     (long long)id, command_kind_name(request->kind),
                     command_origin_name(request->origin), (long long)request->approval_id);
    if (after == NULL) {
        return RC_MEMORY;
    }
    TRY(step_audit(giving->db, giving->actor, AUDIT_ACTION_COMMAND_REQUEST, "supply",
                   request->supply_id, supply_label(&giving->supply), request->reason, "", after));
    *ret_answer = (struct command_answer){.command_id = id, .shard = giving->supply.shard};
    return RC_OK;
}

enum rc command_request(struct db *db, struct arena *arena, const struct actor *actor,
                        const struct command_request *request, struct command_answer *ret_answer,
                        struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    assert((request->origin == ORIGIN_LOCK_OUT) == (request->lock_out_id != 0));
    struct giving giving = {
        .db = db, .arena = arena, .actor = actor, .request = request, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(check_input(&giving));
    TRY(supply_lock(db, request->supply_id));
    TRY(supply_get(db, arena, request->supply_id, &giving.supply));
    giving.facts = step_facts(&giving.supply);
    TRY(step_guard(&giving.supply, request->kind, request->origin, ret_refusal));
    TRY(check_money(&giving));
    bool agreed = request->approval_id != 0;
    if (by_person(request) && !agreed && command_cuts_power(&giving.facts, request->kind)) {
        TRY(step_check_label(&giving.supply, request->unit_number, ret_refusal));
    }
    TRY(check_older(&giving));
    if (!agreed && command_needs_second_person(&giving.facts, request->kind, request->origin)) {
        return ask_second_person(&giving, ret_answer);
    }
    return write_order(&giving, ret_answer);
}

enum rc command_offers(struct db *db, struct arena *arena, int64_t supply_id,
                       struct command_offer ret_offers[COMMAND_KIND__MAX])
{
    struct supply supply;
    TRY(supply_get(db, arena, supply_id, &supply));
    struct command_facts facts = step_facts(&supply);
    for (int i = 0; i < COMMAND_KIND__MAX; i++) {
        enum command_kind kind = (enum command_kind)i;
        const char *why_not = command_guard(&facts, kind, ORIGIN_MANUAL);
        ret_offers[i] = (struct command_offer){
            .kind = kind,
            .offered = why_not[0] == '\0',
            .why_not = why_not,
            .needs_second_person = command_needs_second_person(&facts, kind, ORIGIN_MANUAL),
            .needs_unit_number = command_cuts_power(&facts, kind),
            .proven = !supply.experimental,
        };
    }
    return RC_OK;
}

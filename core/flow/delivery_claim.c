/* The poller's side of a delivery until its frame leaves: scan, claim, take over, mark sent. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/text.h"
#include "core/flow/command_own.h"
#include "core/flow/delivery_own.h"
#include "core/flow/step.h"
#include "core/rules/purchase_guard.h"
#include "core/store/mode_change.h"
#include "core/store/restore.h"
#include "core/store/swap.h"

struct claiming {
    int64_t delivery_id;
    const char *instance;
    const struct delivery_reading *reading;
    struct delivery_frame frame;
    struct delivery_outcome outcome;
    enum rc answer; /* what the caller hears after the commit */
};

static void say(struct claiming *claiming, enum rc answer, enum delivery_state state,
                const char *wait_code)
{
    claiming->answer = answer;
    claiming->outcome.state = state;
    text_copy(claiming->outcome.wait_code, sizeof(claiming->outcome.wait_code), wait_code);
}

enum rc delivery_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                      struct delivery_look **ret_looks, size_t *ret_count)
{
    return deliveries_of_shard(db, arena, shard, max, ret_looks, ret_count);
}

/* ---- claim ---- */

static enum rc facts_of(struct delivery_own *own, const struct delivery_reading *reading,
                        struct claim_facts *facts)
{
    const struct delivery_row *row = &own->row;
    const struct supply *supply = &own->supply;
    int64_t age_ms = clock_monotonic_ms() - reading->read_at_mono_ms;
    *facts = (struct claim_facts){
        /* a held one is asked again: it is as good as pending while it has no count */
        .state = row->state == DELIVERY_HOLD ? DELIVERY_PENDING : row->state,
        .has_count = row->purchase_count != 0,
        .amount_fen = row->amount_fen,
        .epoch_fits = row->meter_id == supply->meter_id && row->epoch == supply->epoch,
        .frozen = supply->frozen,
        .offered = supply->in_service && delivery_own_capable(own, CAPABILITY_PURCHASE),
        .just_read = age_ms >= 0 && age_ms <= DELIVERY_READING_MAX_AGE_MS,
        .serial_fits = supply->serial_number[0] != '\0' &&
                       strcmp(reading->serial_number, supply->serial_number) == 0,
        .meter_count = reading->evidence.count,
        .balance_fen = reading->evidence.balance_fen,
    };
    TRY(restore_checks_pending(own->db, &own->arena, row->supply_id, &facts->restore_pending));
    TRY(supply_line_hold(own->db, &own->arena, supply->line_id, &facts->writable_line));
    TRY(deliveries_funding(own->db, &own->arena, row->purchase_id, &facts->payment_settled,
                           &facts->payment_amount_fen));
    bool leaving = false; /* the meter is on its way out: nothing may reach it any more */
    TRY(swaps_holds(own->db, &own->arena, row->supply_id, &leaving));
    TRY(deliveries_slot_taken(own->db, &own->arena, row->supply_id, row->id, &facts->slot_taken));
    bool moving = false; /* money is between meter and ledger */
    TRY(mode_changes_moving(own->db, &own->arena, row->supply_id, &moving));
    facts->slot_taken = facts->slot_taken || leaving || moving;
    TRY(delivery_own_setting(own, DELIVERY_SETTING_CEILING, DELIVERY_CEILING_FEN,
                             &facts->ceiling_fen));
    TRY(delivery_own_setting(own, DELIVERY_SETTING_HOARD, DELIVERY_HOARD_FEN, &facts->hoard_fen));
    facts->ceiling_fen = facts->ceiling_fen > 0 ? facts->ceiling_fen : DELIVERY_CEILING_FEN;
    enum rc rc =
        deliveries_next_count(own->db, &own->arena, row->supply_id, row->epoch, &facts->our_count);
    if (rc == RC_NOT_FOUND) { /* the epoch is over */
        facts->epoch_fits = false;
        facts->our_count = 1;
        return RC_OK;
    }
    return rc;
}

/* Waits, is held, goes to a person or freezes: committed, and told to the caller. */
static enum rc turn_away(struct delivery_own *own, struct claiming *claiming,
                         enum claim_verdict verdict, int64_t our_count)
{
    const char *code = claim_verdict_code(verdict);
    enum claim_outcome outcome = claim_outcome(verdict);
    enum delivery_state from = own->row.state;
    enum delivery_state to = from;
    if (outcome == CLAIM_TO_PERSON) {
        to = DELIVERY_MANUAL;
    } else if (outcome == CLAIM_HOLDS) {
        to = DELIVERY_HOLD;
    }
    say(claiming, RC_REFUSED, to, code);
    if (outcome == CLAIM_FREEZES) {
        const char *reason =
            verdict == CLAIM_SERIAL_MISMATCH ? "serial_mismatch" : "count_mismatch";
        TRY(delivery_own_freeze(own, reason, our_count - 1, claiming->reading));
    }
    if (to != from) {
        return delivery_own_wait(own, to, "", code);
    }
    return strcmp(own->row.wait_code, code) == 0
               ? RC_OK
               : deliveries_set_wait(own->db, own->row.id, from, code);
}

static enum rc give_count(struct delivery_own *own, struct claiming *claiming, int64_t count)
{
    const struct evidence *seen = &claiming->reading->evidence;
    struct text json CLEANUP(text_release);
    text_init(&json, EVIDENCE_JSON_MAX);
    evidence_add_json(&json, seen);
    TRY(text_result(&json));
    struct delivery_claim_row claim = {.purchase_count = count,
                                       .serial_number = claiming->reading->serial_number,
                                       .count = seen->count,
                                       .balance_fen = seen->balance_fen,
                                       .energy_json = text_string(&json)};
    TRY(deliveries_set_claimed(own->db, own->row.id, claiming->instance, &claim));
    claiming->frame = (struct delivery_frame){.count = count, .amount_fen = own->row.amount_fen};
    say(claiming, RC_OK, DELIVERY_SENDING, "");
    const char *after = arena_printf(
        &own->arena,
        "{\"delivery_id\":%lld,\"count\":%lld,\"amount_fen\":%lld,\"before_balance_fen\":%lld}",
        (long long)own->row.id, (long long)count, (long long)own->row.amount_fen,
        (long long)seen->balance_fen);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return delivery_own_audit(own, NULL, AUDIT_ACTION_DELIVERY_CLAIM, "", after);
}

static enum rc claim_work(struct db *db, void *context)
{
    struct claiming *claiming = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, claiming->delivery_id));
    struct claim_facts facts;
    TRY(facts_of(&own, claiming->reading, &facts));
    enum claim_verdict verdict = claim_guard(&facts);
    if (verdict == CLAIM_NOT_PENDING) {
        return RC_CONFLICT;
    }
    if (verdict != CLAIM_OK) {
        return turn_away(&own, claiming, verdict, facts.our_count);
    }
    TRY(give_count(&own, claiming, facts.our_count));
    (void)FAILPOINT("claim.pre_commit");
    return RC_OK;
}

enum rc delivery_claim(struct db *db, int64_t delivery_id, const char *instance,
                       const struct delivery_reading *reading, struct delivery_frame *ret_frame,
                       struct delivery_outcome *ret_outcome)
{
    assert(instance[0] != '\0' && strlen(instance) <= COMMAND_INSTANCE_MAX && reading != NULL);
    struct claiming claiming = {.delivery_id = delivery_id,
                                .instance = instance,
                                .reading = reading,
                                .answer = RC_INTERNAL};
    TRY(db_transact(db, claim_work, &claiming));
    if (FAILPOINT("claim.commit_reply_lost")) {
        return RC_UNKNOWN;
    }
    (void)FAILPOINT("claim.post_commit");
    *ret_frame = claiming.frame;
    *ret_outcome = claiming.outcome;
    return claiming.answer;
}

/* ---- take over ---- */

/* When a poller started: the number behind the last colon of its name, -1 if there is none. */
static int64_t start_of(const char *instance)
{
    const char *colon = strrchr(instance, ':');
    int64_t start = -1;
    if (colon == NULL ||
        text_parse_int(colon + 1, strlen(colon + 1), 0, INT64_MAX, &start) != RC_OK) {
        return -1;
    }
    return start;
}

/* One poller has a shard; the one that started last is it. A clock that was set back must not keep
   a delivery for ever: then its age decides. */
static bool may_take_over(const struct delivery_row *row, const char *instance)
{
    int64_t age_ms = clock_now_ms() - row->changed_at_ms;
    bool left = age_ms > DELIVERY_TAKE_OVER_MS || age_ms < -DELIVERY_TAKE_OVER_MS;
    return left || start_of(instance) > start_of(row->claimed_by);
}

static enum rc take_over_work(struct db *db, void *context)
{
    struct claiming *claiming = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, claiming->delivery_id));
    bool has_count = own.row.purchase_count != 0;
    if (!delivery_is_in_flight(own.row.state, has_count) || own.row.state == DELIVERY_MANUAL) {
        return RC_CONFLICT;
    }
    if (strcmp(own.row.claimed_by, claiming->instance) == 0) {
        return RC_OK;
    }
    if (!may_take_over(&own.row, claiming->instance)) {
        return RC_CONFLICT;
    }
    return deliveries_set_owner(db, own.row.id, own.row.claimed_by, claiming->instance);
}

enum rc delivery_take_over(struct db *db, int64_t delivery_id, const char *instance)
{
    struct claiming claiming = {.delivery_id = delivery_id, .instance = instance};
    return db_transact(db, take_over_work, &claiming);
}

/* ---- mark sent ---- */

static enum rc mark_sent_work(struct db *db, void *context)
{
    struct claiming *claiming = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, claiming->delivery_id));
    const struct delivery_row *row = &own.row;
    bool sends = row->state == DELIVERY_SENDING || row->state == DELIVERY_FENCING;
    bool mine = strcmp(row->claimed_by, claiming->instance) == 0;
    bool writable = false;
    bool restored = false;
    if (!sends || !mine || row->epoch != own.supply.epoch) {
        return RC_CONFLICT;
    }
    TRY(supply_line_hold(db, &own.arena, own.supply.line_id, &writable));
    TRY(restore_checks_pending(db, &own.arena, row->supply_id, &restored));
    const char *code = own.supply.frozen ? claim_verdict_code(CLAIM_FROZEN)
                       : restored        ? claim_verdict_code(CLAIM_RESTORE_CHECK)
                       : !writable       ? claim_verdict_code(CLAIM_READ_ONLY)
                                         : "";
    bool fences = row->state == DELIVERY_FENCING;
    if (fences && capability_state_of(own.supply.capabilities, CAPABILITY_ZERO_PURCHASE) !=
                      CAPABILITY_STATE_PROVEN) {
        code = "not_proven"; /* an adjustment burns its count */
    }
    if (code[0] != '\0') {
        say(claiming, RC_REFUSED, row->state, code);
        return deliveries_set_wait(db, row->id, row->state, code);
    }
    claiming->frame = (struct delivery_frame){.count = row->purchase_count,
                                              .amount_fen = fences ? 0 : row->amount_fen};
    say(claiming, RC_OK, row->state, "");
    return deliveries_set_sent(db, row->id, claiming->instance);
}

enum rc delivery_mark_sent(struct db *db, int64_t delivery_id, const char *instance,
                           struct delivery_frame *ret_frame, struct delivery_outcome *ret_outcome)
{
    struct claiming claiming = {
        .delivery_id = delivery_id, .instance = instance, .answer = RC_INTERNAL};
    TRY(db_transact(db, mark_sent_work, &claiming));
    *ret_frame = claiming.frame;
    *ret_outcome = claiming.outcome;
    return claiming.answer;
}

/* ---- waiting ---- */

struct noting {
    int64_t delivery_id;
    const char *wait_code;
};

static enum rc note_wait_work(struct db *db, void *context)
{
    const struct noting *noting = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, noting->delivery_id));
    if (delivery_state_is_final(own.row.state) ||
        strcmp(own.row.wait_code, noting->wait_code) == 0) {
        return RC_OK;
    }
    return deliveries_set_wait(db, own.row.id, own.row.state, noting->wait_code);
}

enum rc delivery_note_wait(struct db *db, int64_t delivery_id, const char *wait_code)
{
    struct noting noting = {.delivery_id = delivery_id, .wait_code = wait_code};
    return db_transact(db, note_wait_work, &noting);
}

static enum rc resume_work(struct db *db, void *context)
{
    const struct claiming *claiming = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, claiming->delivery_id));
    if (own.row.state != DELIVERY_HOLD || own.row.purchase_count == 0) {
        return RC_CONFLICT;
    }
    return deliveries_move(db, own.row.id, DELIVERY_HOLD, DELIVERY_SENDING, claiming->instance,
                           DELIVERY_ONCE_MORE);
}

enum rc delivery_resume(struct db *db, int64_t delivery_id, const char *instance)
{
    struct claiming claiming = {.delivery_id = delivery_id, .instance = instance};
    return db_transact(db, resume_work, &claiming);
}

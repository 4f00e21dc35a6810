#include "core/flow/delivery_own.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/alarm.h"
#include "core/store/ledger.h"
#include "core/store/site_setting.h"
#include "core/store/swap.h"

static const struct actor poller = {.kind = ACTOR_SYSTEM, .name = "poller", .role = "", .ip = ""};

void delivery_own_init(struct delivery_own *own, struct db *db)
{
    own->db = db;
    arena_init(&own->arena, STEP_ARENA_BYTES);
}

void delivery_own_release(struct delivery_own *own)
{
    arena_release(&own->arena);
}

enum rc delivery_own_load(struct delivery_own *own, int64_t delivery_id)
{
    assert(db_in_transaction(own->db));
    TRY(deliveries_get(own->db, &own->arena, delivery_id, &own->row));
    /* Every change of a delivery raises the version of its supply, so if the row read above is old
       by now the lock answers RC_RETRY. */
    TRY(supply_lock(own->db, own->row.supply_id));
    return supply_get(own->db, &own->arena, own->row.supply_id, &own->supply);
}

bool delivery_own_capable(const struct delivery_own *own, enum capability capability)
{
    switch (capability_state_of(own->supply.capabilities, capability)) {
    case CAPABILITY_STATE_PROVEN:
        return true;
    case CAPABILITY_STATE_UNVERIFIED:
        return step_facts(&own->supply).experimental_accepted;
    default:
        return false;
    }
}

enum rc delivery_own_setting(struct delivery_own *own, const char *name, int64_t otherwise,
                             int64_t *ret_value)
{
    const char *text = NULL;
    enum rc rc = site_setting_get(own->db, &own->arena, name, &text);
    if (rc == RC_NOT_FOUND) {
        *ret_value = otherwise;
        return RC_OK;
    }
    TRY(rc);
    return text_parse_int(text, strlen(text), 0, MONEY_MAX_FEN, ret_value);
}

enum rc delivery_own_audit(struct delivery_own *own, const struct actor *actor,
                           enum audit_action action, const char *reason, const char *after)
{
    return step_audit(own->db, actor == NULL ? &poller : actor, action, "supply",
                      own->row.supply_id, supply_label(&own->supply), reason, "", after);
}

enum rc delivery_own_wait(struct delivery_own *own, enum delivery_state to, const char *instance,
                          const char *wait_code)
{
    assert(delivery_move_allowed(own->row.state, to, own->row.purchase_count != 0));
    TRY(deliveries_move(own->db, own->row.id, own->row.state, to, instance, wait_code));
    if (to == DELIVERY_MANUAL) {
        TRY(alarm_open(own->db, ALARM_DELIVERY_MANUAL, "supply", own->row.supply_id,
                       supply_label(&own->supply)));
    }
    const char *after =
        arena_printf(&own->arena, "{\"delivery_id\":%lld,\"state\":\"%s\",\"wait_code\":\"%s\"}",
                     (long long)own->row.id, delivery_state_name(to), wait_code);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return delivery_own_audit(own, NULL, AUDIT_ACTION_DELIVERY_WAIT, "", after);
}

enum rc delivery_own_facts(const struct delivery_row *row, const struct evidence *after,
                           struct readback_facts *ret_facts)
{
    struct evidence before;
    TRY(evidence_parse_json(row->before_energy, &before));
    before.count = row->before_count;
    before.balance_fen = row->before_balance_fen;
    struct readback_facts facts = {.our_count = row->purchase_count,
                                   .amount_fen = row->amount_fen,
                                   .before_fen = row->before_balance_fen,
                                   .count = after->count,
                                   .balance_fen = after->balance_fen};
    if (evidence_cost(&before, after, &facts.use_cost_fen, &facts.tolerance_fen) != RC_OK) {
        return RC_CONFLICT; /* backwards, or more than anybody believes */
    }
    *ret_facts = facts;
    return RC_OK;
}

enum rc delivery_own_freeze(struct delivery_own *own, const char *reason, int64_t our_count,
                            const struct delivery_reading *reading)
{
    if (own->supply.frozen) {
        return RC_OK;
    }
    bool serial = strcmp(reason, "serial_mismatch") == 0;
    const struct evidence *seen = &reading->evidence;
    const char *read = step_json_string(&own->arena, reading->serial_number);
    const char *detail = serial ? arena_printf(&own->arena, "%s, %.24s", own->supply.serial_number,
                                               reading->serial_number)
                                : arena_printf(&own->arena, "%lld, %lld", (long long)our_count,
                                               (long long)seen->count);
    const char *after =
        read == NULL ? NULL
                     : arena_printf(&own->arena,
                                    "{\"serial_number\":%s,\"count\":%lld,\"balance_fen\":%lld,"
                                    "\"delivery_id\":%lld,\"our_count\":%lld}",
                                    read, (long long)seen->count, (long long)seen->balance_fen,
                                    (long long)own->row.id, (long long)our_count);
    if (detail == NULL || after == NULL) {
        return RC_MEMORY;
    }
    TRY(supply_freeze(own->db, own->row.supply_id, reason, detail));
    TRY(alarm_open(own->db, serial ? ALARM_SERIAL_MISMATCH : ALARM_COUNT_MISMATCH, "supply",
                   own->row.supply_id, detail));
    own->supply.frozen = true;
    return delivery_own_audit(own, NULL, AUDIT_ACTION_SUPPLY_FREEZE, reason, after);
}

enum rc delivery_own_settle(struct delivery_own *own, int64_t power_at_ms)
{
    struct ledger_entry entry = {.posting = POSTING_DELIVERY_CONFIRMED,
                                 .object_kind = "delivery",
                                 .object_id = own->row.id,
                                 .supply_id = own->row.supply_id,
                                 .channel = "",
                                 .amount_fen = own->row.amount_fen,
                                 .at_ms = clock_now_ms()};
    TRY(ledger_post(own->db, &own->arena, &entry));
    TRY(deliveries_settle_purchase(own->db, own->row.purchase_id, power_at_ms));
    return swaps_note_ended(own->db, own->row.purchase_id);
}

enum rc delivery_own_close_alarms(struct delivery_own *own)
{
    TRY(alarm_close(own->db, ALARM_DELIVERY_MANUAL, "supply", own->row.supply_id));
    return alarm_close(own->db, ALARM_DELIVERY_UNKNOWN, "supply", own->row.supply_id);
}

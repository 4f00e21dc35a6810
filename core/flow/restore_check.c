/* After a restore: the first reading of each meter against what the restored database knows. */
#include <assert.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/flow/restore.h"
#include "core/flow/step.h"
#include "core/rules/restore_check.h"
#include "core/store/alarm.h"
#include "core/store/restore.h"

struct checking {
    const struct actor *actor;
    const struct restore_look *look;
    bool frozen;
};

/* The use since then, at the prices of then and of now; false: a register went backwards. */
static bool costs(const struct restore_look *look, struct restore_facts *facts)
{
    struct evidence before = look->before;
    struct evidence now = look->before;
    int64_t then_fen = 0;
    int64_t now_fen = 0;
    int64_t then_tolerance_fen = 0;
    int64_t now_tolerance_fen = 0;
    for (size_t i = 0; i < EVIDENCE_RATES; i++) {
        now.price_e4[i] = look->after.price_e4[i];
    }
    if (evidence_cost(&before, &look->after, &then_fen, &then_tolerance_fen) != RC_OK ||
        evidence_cost(&now, &look->after, &now_fen, &now_tolerance_fen) != RC_OK) {
        return false;
    }
    facts->cost_low_fen = then_fen < now_fen ? then_fen : now_fen;
    facts->cost_high_fen = then_fen < now_fen ? now_fen : then_fen;
    facts->tolerance_fen =
        then_tolerance_fen < now_tolerance_fen ? now_tolerance_fen : then_tolerance_fen;
    return true;
}

struct restore_facts restore_look_facts(const struct restore_look *look)
{
    struct restore_facts facts = {.our_count = look->our_count,
                                  .in_flight = look->in_flight,
                                  .extra_fen = look->extra_fen,
                                  .meter_count = look->meter_count,
                                  .has_balance = look->has_balance,
                                  .our_balance_fen = look->our_balance_fen,
                                  .meter_balance_fen = look->meter_balance_fen};
    facts.backwards = look->has_balance && !costs(look, &facts);
    return facts;
}

static enum rc freeze(struct db *db, struct arena *arena, struct checking *checking,
                      enum restore_finding finding)
{
    const struct restore_look *look = checking->look;
    const char *code = restore_finding_code(finding);
    struct supply supply;
    TRY(supply_get(db, arena, look->supply_id, &supply));
    const char *detail = arena_printf(arena, "restore: %s, %lld, %lld", code,
                                      (long long)look->our_count, (long long)look->meter_count);
    const char *after = arena_printf(
        arena,
        "{\"finding\":\"%s\",\"our_count\":%lld,\"count\":%lld,\"our_balance_fen\":%lld,"
        "\"balance_fen\":%lld}",
        code, (long long)look->our_count, (long long)look->meter_count,
        (long long)look->our_balance_fen, (long long)look->meter_balance_fen);
    if (detail == NULL || after == NULL) {
        return RC_MEMORY;
    }
    checking->frozen = true;
    if (supply.frozen) {
        return RC_OK;
    }
    TRY(supply_freeze(db, look->supply_id, "count_mismatch", detail));
    TRY(alarm_open(db, ALARM_COUNT_MISMATCH, "supply", look->supply_id, detail));
    return step_audit(db, checking->actor, AUDIT_ACTION_SUPPLY_FREEZE, "supply", look->supply_id,
                      supply_label(&supply), "restore_check", "", after);
}

static enum rc check_work(struct db *db, void *context)
{
    struct checking *checking = context;
    const struct restore_look *look = checking->look;
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, STEP_ARENA_BYTES);
    checking->frozen = false;
    TRY(supply_lock(db, look->supply_id));
    struct restore_facts facts = restore_look_facts(look);
    enum restore_finding finding = restore_judge(&facts);
    if (finding != RESTORE_FITS) {
        TRY(freeze(db, &arena, checking, finding));
    }
    return restore_checks_end(db, look, finding == RESTORE_FITS ? "passed" : "frozen",
                              restore_finding_code(finding));
}

enum rc restore_check_round(struct db *db, struct arena *arena, const struct actor *actor,
                            size_t *ret_passed, size_t *ret_frozen)
{
    struct restore_look *looks = NULL;
    size_t count = 0;
    size_t passed = 0;
    size_t frozen = 0;
    TRY(restore_checks_due(db, arena, RESTORE_CHECKS_MAX, &looks, &count));
    for (size_t i = 0; i < count; i++) {
        struct checking checking = {.actor = actor, .look = &looks[i]};
        enum rc rc = db_transact(db, check_work, &checking);
        if (rc == RC_CONFLICT) {
            continue; /* another looked at it */
        }
        TRY(rc);
        frozen += checking.frozen ? 1 : 0;
        passed += checking.frozen ? 0 : 1;
    }
    *ret_passed = passed;
    *ret_frozen = frozen;
    return RC_OK;
}

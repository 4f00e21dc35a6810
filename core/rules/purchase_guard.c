#include "core/rules/purchase_guard.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/money.h"

static const char *const purchase_codes[PURCHASE_VERDICT__MAX] = {
    [PURCHASE_ACCOUNT_CLOSED] = "account_closed", [PURCHASE_NOT_PREPAID] = "not_prepaid",
    [PURCHASE_WRONG_SUPPLY] = "wrong_supply",     [PURCHASE_NOT_POSITIVE] = "not_positive",
    [PURCHASE_BELOW_MINIMUM] = "below_minimum",   [PURCHASE_ABOVE_MAXIMUM] = "above_maximum",
    [PURCHASE_OVER_HOARD] = "over_hoard",         [PURCHASE_OK] = "ok",
};

static const char *const warning_codes[PURCHASE_WARNINGS] = {
    "silent", "stale", "frozen", "read_only", "close_by_hand", "on_its_way"};

static const struct {
    const char *code;
    enum claim_outcome outcome;
} claims[CLAIM_VERDICT__MAX] = {
    [CLAIM_NOT_PENDING] = {"not_pending", CLAIM_WAITS},
    [CLAIM_NOT_PAID] = {"not_paid", CLAIM_TO_PERSON},
    [CLAIM_WRONG_AMOUNT] = {"wrong_amount", CLAIM_TO_PERSON},
    [CLAIM_ABOVE_CEILING] = {"above_ceiling", CLAIM_TO_PERSON},
    [CLAIM_WRONG_EPOCH] = {"wrong_epoch", CLAIM_TO_PERSON},
    [CLAIM_SLOT_TAKEN] = {"slot_taken", CLAIM_WAITS},
    [CLAIM_FROZEN] = {"frozen", CLAIM_WAITS},
    [CLAIM_RESTORE_CHECK] = {"restore_check", CLAIM_WAITS},
    [CLAIM_READ_ONLY] = {"read_only_line", CLAIM_WAITS},
    [CLAIM_NOT_OFFERED] = {"not_offered", CLAIM_TO_PERSON},
    [CLAIM_NOT_READ] = {"not_read", CLAIM_WAITS},
    [CLAIM_SERIAL_MISMATCH] = {"serial_mismatch", CLAIM_FREEZES},
    [CLAIM_COUNT_MISMATCH] = {"count_mismatch", CLAIM_FREEZES},
    [CLAIM_COUNT_SPENT] = {"count_spent", CLAIM_TO_PERSON},
    [CLAIM_OVER_HOARD] = {"over_hoard", CLAIM_HOLDS},
    [CLAIM_OK] = {"ok", CLAIM_GOES},
};

static int64_t limited(int64_t fen)
{
    assert(fen >= -MONEY_MAX_FEN && fen <= MONEY_MAX_FEN);
    return fen;
}

int64_t purchase_room_fen(const struct purchase_facts *facts)
{
    assert(facts != NULL && facts->on_its_way_fen >= 0 && facts->hoard_fen >= 0);
    int64_t room_fen = limited(facts->max_fen);
    if (facts->hoard_fen > 0) {
        int64_t hoard_room_fen = limited(facts->hoard_fen) - limited(facts->balance_fen) -
                                 limited(facts->on_its_way_fen);
        if (hoard_room_fen < room_fen) {
            room_fen = hoard_room_fen;
        }
    }
    return room_fen < facts->min_fen ? 0 : room_fen;
}

enum purchase_verdict purchase_guard(const struct purchase_facts *facts)
{
    assert(facts != NULL && facts->min_fen > 0 && facts->max_fen >= facts->min_fen);
    if (!facts->account_open) {
        return PURCHASE_ACCOUNT_CLOSED;
    }
    if (!facts->prepaid) {
        return PURCHASE_NOT_PREPAID;
    }
    if (!facts->supply_fits) {
        return PURCHASE_WRONG_SUPPLY;
    }
    if (facts->amount_fen <= 0) {
        return PURCHASE_NOT_POSITIVE;
    }
    if (facts->amount_fen < facts->min_fen) {
        return PURCHASE_BELOW_MINIMUM;
    }
    if (facts->amount_fen > facts->max_fen) {
        return PURCHASE_ABOVE_MAXIMUM;
    }
    return facts->amount_fen > purchase_room_fen(facts) ? PURCHASE_OVER_HOARD : PURCHASE_OK;
}

const char *purchase_verdict_code(enum purchase_verdict verdict)
{
    assert(verdict >= 0 && verdict < PURCHASE_VERDICT__MAX);
    return purchase_codes[verdict];
}

unsigned purchase_warnings(const struct purchase_facts *facts)
{
    assert(facts != NULL);
    unsigned warnings = 0;
    warnings |= facts->meter_silent ? PURCHASE_WARN_SILENT : 0;
    warnings |= facts->balance_stale ? PURCHASE_WARN_STALE : 0;
    warnings |= facts->frozen ? PURCHASE_WARN_FROZEN : 0;
    warnings |= facts->read_only_line ? PURCHASE_WARN_READ_ONLY : 0;
    warnings |= facts->by_hand ? PURCHASE_WARN_BY_HAND : 0;
    warnings |= facts->on_its_way_fen > 0 ? PURCHASE_WARN_ON_ITS_WAY : 0;
    return warnings;
}

const char *purchase_warning_code(int bit)
{
    assert(bit >= 0 && bit < PURCHASE_WARNINGS);
    return warning_codes[bit];
}

/* What is wrong with the delivery itself, whatever the meter says. */
static enum claim_verdict claim_guard_order(const struct claim_facts *facts)
{
    if (facts->has_count || !delivery_move_allowed(facts->state, DELIVERY_SENDING, false)) {
        return CLAIM_NOT_PENDING;
    }
    if (!facts->payment_settled) {
        return CLAIM_NOT_PAID;
    }
    if (facts->amount_fen <= 0 || facts->amount_fen != facts->payment_amount_fen) {
        return CLAIM_WRONG_AMOUNT;
    }
    if (facts->amount_fen > facts->ceiling_fen) {
        return CLAIM_ABOVE_CEILING;
    }
    return facts->epoch_fits ? CLAIM_OK : CLAIM_WRONG_EPOCH;
}

enum claim_verdict claim_guard(const struct claim_facts *facts)
{
    assert(facts != NULL && facts->ceiling_fen > 0 && facts->our_count > 0);
    enum claim_verdict verdict = claim_guard_order(facts);
    if (verdict != CLAIM_OK) {
        return verdict;
    }
    if (facts->slot_taken) {
        return CLAIM_SLOT_TAKEN;
    }
    if (facts->frozen) {
        return CLAIM_FROZEN;
    }
    if (facts->restore_pending) {
        return CLAIM_RESTORE_CHECK;
    }
    if (!facts->writable_line) {
        return CLAIM_READ_ONLY;
    }
    if (!facts->offered) {
        return CLAIM_NOT_OFFERED;
    }
    if (!facts->just_read) {
        return CLAIM_NOT_READ;
    }
    if (!facts->serial_fits) {
        return CLAIM_SERIAL_MISMATCH;
    }
    if (facts->meter_count != facts->our_count - 1) {
        return CLAIM_COUNT_MISMATCH;
    }
    if (facts->our_count > PURCHASE_COUNT_MAX) {
        return CLAIM_COUNT_SPENT;
    }
    bool over_hoard = facts->hoard_fen > 0 &&
                      facts->amount_fen > limited(facts->hoard_fen) - limited(facts->balance_fen);
    return over_hoard ? CLAIM_OVER_HOARD : CLAIM_OK;
}

const char *claim_verdict_code(enum claim_verdict verdict)
{
    assert(verdict >= 0 && verdict < CLAIM_VERDICT__MAX);
    return claims[verdict].code;
}

enum claim_outcome claim_outcome(enum claim_verdict verdict)
{
    assert(verdict >= 0 && verdict < CLAIM_VERDICT__MAX);
    return claims[verdict].outcome;
}

enum power_verdict power_guard(const struct power_facts *facts)
{
    assert(facts != NULL);
    if (facts->known) {
        return POWER_KNOWN;
    }
    if (facts->state != PURCHASE_DELIVERED && facts->state != PURCHASE_CREDITED) {
        return POWER_NOT_IN_METER;
    }
    return facts->by_hand ? POWER_BY_PERSON : POWER_BY_READING;
}

#include "core/flow/account.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/phone.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/rules/pinyin.h"
#include "core/store/account_close.h"
#include "core/store/epoch.h"
#include "core/store/ledger.h"
#include "core/store/row.h"
#include "core/store/site.h"
#include "core/store/tariff.h"

#define PINYIN_BYTES 80
#define DEPOSIT_MAX_FEN INT64_C(10000000000)

static enum rc check_name(const char *name, struct command_refusal *ret_refusal)
{
    size_t len = strlen(name);
    if (!text_is_utf8(name, len) || name[strspn(name, " \t")] == '\0' ||
        text_characters(name, len) > ACCOUNT_NAME_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", "name", ret_refusal);
    }
    return RC_OK;
}

static enum rc check_request(const struct account_request *request,
                             struct command_refusal *ret_refusal)
{
    bool temporary = strcmp(request->kind, "temporary") == 0;
    TRY(check_name(request->name, ret_refusal));
    if (request->deposit_fen < 0 || request->deposit_fen > DEPOSIT_MAX_FEN) {
        return step_refuse(RC_INVALID, "invalid_field", "deposit_fen", ret_refusal);
    }
    if (request->deposit_channel != NULL && request->deposit_channel[0] != '\0' &&
        request->deposit_fen == 0) {
        return step_refuse(RC_INVALID, "invalid_field", "deposit_channel", ret_refusal);
    }
    if (temporary != (request->ends_at_ms != 0) ||
        (temporary && request->ends_at_ms <= clock_now_ms())) {
        return step_refuse(RC_INVALID, "invalid_field", "ends_at", ret_refusal);
    }
    if (request->supply_count > ACCOUNT_SUPPLIES_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", "supply_ids", ret_refusal);
    }
    return RC_OK;
}

static enum rc write_audit(struct db *db, struct arena *arena, const struct actor *actor,
                           enum audit_action action, const struct account *account,
                           const char *reason, const char *detail)
{
    const char *name = step_json_string(arena, account->name);
    const char *after = name == NULL ? NULL
                                     : arena_printf(arena, "{\"number\":\"%s\",\"name\":%s%s}",
                                                    account->number, name, detail);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, action, "account", account->id, account->name, reason, "", after);
}

static enum rc read_money(struct db *db, struct arena *arena, int64_t supply_id,
                          struct meter_money *ret_money, struct command_refusal *ret_refusal)
{
    struct meter_money money;
    TRY(meter_money_get(db, arena, supply_id, &money));
    if (money.taken_at_ms == 0 || money.balance_fen == ROW_NULL || money.count == ROW_NULL ||
        money.energy_wh == ROW_NULL) {
        return step_refuse(RC_REFUSED, "not_read", "supply_id", ret_refusal);
    }
    if (supply_is_stale(clock_now_ms(), money.taken_at_ms, command_stale_ms())) {
        return step_refuse(RC_REFUSED, "stale", "supply_id", ret_refusal);
    }
    *ret_money = money;
    return RC_OK;
}

/* The meter stood without an account since a settlement; what it says now is where the next one
   begins. */
static enum rc book_vacancy(struct db *db, struct arena *arena, int64_t supply_id,
                            int64_t account_supply_id, struct command_refusal *ret_refusal)
{
    struct meter_money money;
    int64_t debit_fen = 0;
    TRY(read_money(db, arena, supply_id, &money, ret_refusal));
    TRY(ledger_balance(db, arena, LEDGER_TENANT_LIABILITY, supply_id, "", &debit_fen));
    struct ledger_entry entry = {.posting = POSTING_OPENING,
                                 .object_kind = "account_supply",
                                 .object_id = account_supply_id,
                                 .supply_id = supply_id,
                                 .channel = "",
                                 .amount_fen = money.balance_fen + debit_fen,
                                 .at_ms = clock_now_ms()};
    return entry.amount_fen == 0 ? RC_OK : ledger_post(db, arena, &entry);
}

enum rc epoch_open(struct db *db, struct arena *arena, const struct actor *actor, int64_t supply_id,
                   struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct supply supply;
    struct epoch live;
    struct meter_money money;
    TRY(supply_get(db, arena, supply_id, &supply));
    enum rc rc = epochs_live(db, arena, supply_id, &live);
    int64_t successor_id = 0;
    if (rc == RC_OK) {
        rc = close_successor(db, arena, supply_id, &successor_id);
        return rc == RC_NOT_FOUND ? RC_OK
               : rc == RC_OK      ? book_vacancy(db, arena, supply_id, successor_id, ret_refusal)
                                  : rc;
    }
    if (rc != RC_NOT_FOUND) {
        return rc;
    }
    TRY(read_money(db, arena, supply_id, &money, ret_refusal));
    int64_t now_ms = clock_now_ms();
    struct epoch epoch = {.supply_id = supply_id,
                          .epoch = supply.epoch,
                          .meter_id = money.meter_id,
                          .open_count = money.count,
                          .open_balance_fen = money.balance_fen,
                          .open_energy_wh = money.energy_wh,
                          .opened_at_ms = money.taken_at_ms};
    TRY(epochs_insert(db, &epoch, &epoch.id));
    if (money.balance_fen != 0) {
        struct ledger_entry entry = {.posting = POSTING_OPENING,
                                     .object_kind = "epoch",
                                     .object_id = epoch.id,
                                     .supply_id = supply_id,
                                     .channel = "",
                                     .amount_fen = money.balance_fen,
                                     .at_ms = now_ms};
        TRY(ledger_post(db, arena, &entry));
    }
    const char *after = arena_printf(
        arena, "{\"epoch\":%lld,\"count\":%lld,\"balance_fen\":%lld,\"energy_wh\":%lld}",
        (long long)epoch.epoch, (long long)epoch.open_count, (long long)epoch.open_balance_fen,
        (long long)epoch.open_energy_wh);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, AUDIT_ACTION_EPOCH_OPEN, "supply", supply_id,
                      supply_label(&supply), "", "", after);
}

static const char *unit_state_of(const char *kind)
{
    return strcmp(kind, "vacant") == 0      ? "vacant"
           : strcmp(kind, "temporary") == 0 ? "temporary"
                                            : "open";
}

static enum rc take_supply(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct account *account, int64_t supply_id, int64_t tariff_id,
                           struct command_refusal *ret_refusal)
{
    int64_t now_ms = clock_now_ms();
    enum rc rc = supply_lock(db, supply_id);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "unknown_supply", "supply_ids", ret_refusal);
    }
    TRY(rc);
    rc = account_supplies_insert(db, account->id, supply_id, now_ms);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_REFUSED, "supply_taken", "supply_ids", ret_refusal);
    }
    TRY(rc);
    if (tariff_id != 0) {
        rc = supply_tariffs_insert(db, supply_id, tariff_id, now_ms, actor->id);
        if (rc == RC_REFUSED) {
            return step_refuse(RC_INVALID, "unknown_tariff", "tariff_id", ret_refusal);
        }
        TRY(rc);
    }
    if (strcmp(account->state, "open") != 0) {
        return RC_OK;
    }
    TRY(account_name_unit(db, supply_id, account->name, account->name_pinyin,
                          unit_state_of(account->kind)));
    return epoch_open(db, arena, actor, supply_id, ret_refusal);
}

static enum rc insert_account(struct db *db, const struct actor *actor, struct account *account,
                              struct command_refusal *ret_refusal)
{
    account->created_by = actor->kind == ACTOR_USER ? actor->id : 0;
    enum rc rc = accounts_insert(db, account, &account->id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_CONFLICT, "number_taken", "number", ret_refusal);
    }
    return rc;
}

enum rc account_create(struct db *db, struct arena *arena, const struct actor *actor,
                       const struct account_request *request, int64_t *ret_id,
                       struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(check_request(request, ret_refusal));
    struct site site;
    char pinyin[PINYIN_BYTES];
    TRY(site_find(db, arena, &site));
    struct account account = {
        .site_id = site.id,
        .number = request->number,
        .kind = request->kind,
        .state = "prepared",
        .name = request->name,
        .name_pinyin = pinyin_initials(request->name, pinyin, sizeof pinyin),
        .deposit_fen = request->deposit_fen,
        .deposit_channel = request->deposit_channel == NULL ? "" : request->deposit_channel,
        .ends_at_ms = request->ends_at_ms,
    };
    TRY(insert_account(db, actor, &account, ret_refusal));
    for (size_t i = 0; i < request->supply_count; i++) {
        TRY(take_supply(db, arena, actor, &account, request->supply_ids[i], request->tariff_id,
                        ret_refusal));
    }
    TRY(write_audit(db, arena, actor, AUDIT_ACTION_ACCOUNT_CREATE, &account, "", ""));
    *ret_id = account.id;
    return RC_OK;
}

static enum rc check_stays(struct db *db, struct arena *arena, int64_t account_id,
                           struct command_refusal *ret_refusal)
{
    bool closing = false;
    TRY(account_closes_under_way(db, arena, account_id, &closing));
    return closing ? step_refuse(RC_REFUSED, "account_closing", "account_id", ret_refusal) : RC_OK;
}

static enum rc lock_in_state(struct db *db, struct arena *arena, int64_t account_id,
                             const char *state, struct account *ret_account,
                             struct command_refusal *ret_refusal)
{
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(accounts_lock(db, arena, account_id, ret_account));
    if (strcmp(ret_account->state, "closed") == 0) {
        return step_refuse(RC_REFUSED, "account_closed", "account_id", ret_refusal);
    }
    if (state[0] != '\0' && strcmp(ret_account->state, state) != 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    return RC_OK;
}

/* Whether epoch_open will begin at what the meter says, asked before anything is written. */
static enum rc check_meter(struct db *db, struct arena *arena, int64_t supply_id,
                           struct command_refusal *ret_refusal)
{
    struct epoch live;
    struct meter_money money;
    int64_t successor_id = 0;
    enum rc rc = epochs_live(db, arena, supply_id, &live);
    if (rc == RC_OK) {
        rc = close_successor(db, arena, supply_id, &successor_id);
        if (rc == RC_NOT_FOUND) {
            return RC_OK;
        }
        TRY(rc);
    } else if (rc != RC_NOT_FOUND) {
        return rc;
    }
    return read_money(db, arena, supply_id, &money, ret_refusal);
}

static enum rc book_deposit(struct db *db, struct arena *arena, const struct account *account)
{
    bool taken = account->deposit_channel[0] != '\0';
    struct ledger_entry entry = {.posting = taken ? POSTING_DEPOSIT_TAKEN : POSTING_DEPOSIT_HELD,
                                 .object_kind = "account",
                                 .object_id = account->id,
                                 .channel = account->deposit_channel,
                                 .amount_fen = account->deposit_fen,
                                 .at_ms = clock_now_ms()};
    return account->deposit_fen == 0 ? RC_OK : ledger_post(db, arena, &entry);
}

enum rc account_open(struct db *db, struct arena *arena, const struct actor *actor,
                     int64_t account_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct account account;
    int64_t *supplies = NULL;
    size_t count = 0;
    TRY(lock_in_state(db, arena, account_id, "prepared", &account, ret_refusal));
    TRY(account_supplies(db, arena, account_id, &supplies, &count));
    if (count == 0) {
        return step_refuse(RC_REFUSED, "no_supply", "supply_ids", ret_refusal);
    }
    for (size_t i = 0; i < count; i++) {
        TRY(supply_lock(db, supplies[i]));
        TRY(check_meter(db, arena, supplies[i], ret_refusal));
    }
    for (size_t i = 0; i < count; i++) {
        TRY(epoch_open(db, arena, actor, supplies[i], ret_refusal));
        TRY(account_name_unit(db, supplies[i], account.name, account.name_pinyin,
                              unit_state_of(account.kind)));
    }
    TRY(book_deposit(db, arena, &account));
    TRY(accounts_set_open(db, account_id, clock_now_ms()));
    return write_audit(db, arena, actor, AUDIT_ACTION_ACCOUNT_OPEN, &account, "", "");
}

enum rc account_open_many(struct db *db, struct arena *arena, const struct actor *actor,
                          const int64_t *ids, size_t count, struct account_verdict *verdicts)
{
    for (size_t i = 0; i < count; i++) {
        struct command_refusal refusal = {.code = "", .field = ""};
        enum rc rc = account_open(db, arena, actor, ids[i], &refusal);
        if (rc == RC_NOT_FOUND) {
            refusal = (struct command_refusal){.code = "not_found", .field = "account_ids"};
        } else if (rc != RC_OK && rc != RC_REFUSED) {
            return rc;
        }
        verdicts[i] = (struct account_verdict){.account_id = ids[i],
                                               .opened = rc == RC_OK,
                                               .code = refusal.code,
                                               .field = refusal.field};
    }
    return RC_OK;
}

enum rc account_rename(struct db *db, struct arena *arena, const struct actor *actor,
                       int64_t account_id, const char *name, const char *reason,
                       struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct account account;
    char pinyin[PINYIN_BYTES];
    int64_t *supplies = NULL;
    size_t count = 0;
    TRY(lock_in_state(db, arena, account_id, "", &account, ret_refusal));
    TRY(check_name(name, ret_refusal));
    TRY(step_check_reason(reason, "reason", ret_refusal));
    const char *was = step_json_string(arena, account.name);
    const char *detail = was == NULL ? NULL : arena_printf(arena, ",\"before\":%s", was);
    if (detail == NULL) {
        return RC_MEMORY;
    }
    account.name = name;
    (void)pinyin_initials(name, pinyin, sizeof pinyin);
    TRY(accounts_set_name(db, account_id, name, pinyin));
    TRY(account_supplies(db, arena, account_id, &supplies, &count));
    for (size_t i = 0; i < count && strcmp(account.state, "open") == 0; i++) {
        TRY(supply_lock(db, supplies[i]));
        TRY(account_name_unit(db, supplies[i], name, pinyin, unit_state_of(account.kind)));
    }
    return write_audit(db, arena, actor, AUDIT_ACTION_ACCOUNT_RENAME, &account, reason, detail);
}

enum rc account_add_supply(struct db *db, struct arena *arena, const struct actor *actor,
                           int64_t account_id, int64_t supply_id, int64_t tariff_id,
                           struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct account account;
    TRY(lock_in_state(db, arena, account_id, "", &account, ret_refusal));
    TRY(check_stays(db, arena, account_id, ret_refusal));
    TRY(take_supply(db, arena, actor, &account, supply_id, tariff_id, ret_refusal));
    const char *detail = arena_printf(arena, ",\"supply_id\":%lld", (long long)supply_id);
    if (detail == NULL) {
        return RC_MEMORY;
    }
    return write_audit(db, arena, actor, AUDIT_ACTION_ACCOUNT_SUPPLY, &account, "", detail);
}

static enum rc check_nothing_on_its_way(struct db *db, struct arena *arena, int64_t supply_id,
                                        struct command_refusal *ret_refusal)
{
    int64_t clearing_fen = 0;
    TRY(ledger_balance(db, arena, LEDGER_METER_CLEARING, supply_id, "", &clearing_fen));
    if (clearing_fen != 0) {
        return step_refuse(RC_REFUSED, "on_its_way", "supply_id", ret_refusal);
    }
    return RC_OK;
}

enum rc account_transfer(struct db *db, struct arena *arena, const struct actor *actor,
                         int64_t account_id, const char *name, const char *reason, int64_t *ret_id,
                         struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct account old;
    char pinyin[PINYIN_BYTES];
    int64_t *supplies = NULL;
    size_t count = 0;
    TRY(lock_in_state(db, arena, account_id, "open", &old, ret_refusal));
    TRY(check_stays(db, arena, account_id, ret_refusal));
    TRY(check_name(name, ret_refusal));
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(account_supplies(db, arena, account_id, &supplies, &count));
    int64_t now_ms = clock_now_ms();
    struct account account = old;
    account.number = "";
    account.name = name;
    account.name_pinyin = pinyin_initials(name, pinyin, sizeof pinyin);
    TRY(insert_account(db, actor, &account, ret_refusal));
    for (size_t i = 0; i < count; i++) {
        TRY(supply_lock(db, supplies[i]));
        TRY(check_nothing_on_its_way(db, arena, supplies[i], ret_refusal));
        TRY(account_supplies_end(db, account_id, supplies[i], now_ms));
        TRY(account_supplies_insert(db, account.id, supplies[i], now_ms));
        TRY(account_name_unit(db, supplies[i], name, pinyin, unit_state_of(old.kind)));
    }
    TRY(accounts_set_closed(db, account_id, now_ms));
    TRY(accounts_set_open(db, account.id, now_ms));
    const char *detail = arena_printf(arena, ",\"from_account_id\":%lld", (long long)account_id);
    if (detail == NULL) {
        return RC_MEMORY;
    }
    *ret_id = account.id;
    return write_audit(db, arena, actor, AUDIT_ACTION_ACCOUNT_TRANSFER, &account, reason, detail);
}

enum rc account_add_contact(struct db *db, struct arena *arena, const struct actor *actor,
                            const uint8_t field_key[32], int64_t account_id,
                            const struct contact_request *request, int64_t *ret_id,
                            struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct account account;
    char phone[PHONE_BYTES];
    TRY(lock_in_state(db, arena, account_id, "", &account, ret_refusal));
    if (phone_normalise(request->phone, phone) != RC_OK) {
        return step_refuse(RC_INVALID, "invalid_field", "phone", ret_refusal);
    }
    struct contact contact = {.account_id = account_id,
                              .role = request->role,
                              .name = request->name,
                              .locale = request->locale};
    TRY(phone_seal(field_key, phone, &contact));
    TRY(contacts_insert(db, &contact, ret_id));
    const char *detail = arena_printf(arena, ",\"contact_id\":%lld,\"role\":\"%s\"",
                                      (long long)*ret_id, request->role);
    if (detail == NULL) {
        return RC_MEMORY;
    }
    return write_audit(db, arena, actor, AUDIT_ACTION_CONTACT_ADD, &account, "", detail);
}

enum rc account_end_contact(struct db *db, const struct actor *actor, int64_t account_id,
                            int64_t contact_id)
{
    assert(db_in_transaction(db));
    TRY(contacts_end(db, account_id, contact_id, clock_now_ms()));
    return step_audit(db, actor, AUDIT_ACTION_CONTACT_END, "account", account_id, "", "", "", "");
}

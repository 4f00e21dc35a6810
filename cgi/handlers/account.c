/* Accounts: look for, look at, prepare, open, rename, hand over, add a supply, contacts. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/flow/account.h"
#include "core/flow/phone.h"
#include "core/rules/permission.h"
#include "core/store/account_list.h"
#include "core/store/ledger.h"

static const char *const kinds[] = {"prepaid", "postpaid", "temporary", "vacant", "own_use", NULL};
static const char *const states[] = {"prepared", "open", "closed", NULL};
static const char *const modes[] = {"meter", "platform", NULL};
static const char *const roles[] = {"manager", "finance", "owner", "headquarters", NULL};
static const char *const deposit_channels[] = {"cash", "card", "transfer", NULL};
static const char *const locales[] = {"zh-CN", "en", NULL};

#define ACCOUNT_FIELDS                                                                             \
    F_ID(struct account_view, id, NEEDED), F_WORDS(struct account_view, number, NEEDED),           \
        F_WORDS(struct account_view, name, NEEDED),                                                \
        F_ENUM(struct account_view, kind, NEEDED, kinds),                                          \
        F_ENUM(struct account_view, state, NEEDED, states),                                        \
        F_WORDS(struct account_view, units, NEEDED),                                               \
        F_NUMBER(struct account_view, supply_count, NEEDED),                                       \
        F_NUMBER(struct account_view, balance_fen, NULLABLE),                                      \
        F_TIME(struct account_view, oldest_at, NULLABLE),                                          \
        F_NUMBER(struct account_view, on_its_way_fen, NEEDED),                                     \
        F_NUMBER(struct account_view, deposit_fen, NEEDED),                                        \
        F_TIME(struct account_view, ends_at, NULLABLE),                                            \
        F_TIME(struct account_view, created_at, NEEDED),                                           \
        F_TIME(struct account_view, opened_at, NULLABLE),                                          \
        F_TIME(struct account_view, closed_at, NULLABLE)

SHAPE(account, "Account", struct account_view, ACCOUNT_FIELDS);

SHAPE(account_supply, "AccountSupply", struct account_supply_view,
      F_ID(struct account_supply_view, supply_id, NEEDED),
      F_ID(struct account_supply_view, meter_id, NEEDED),
      F_NUMBER(struct account_supply_view, epoch, NEEDED),
      F_WORDS(struct account_supply_view, unit_number, NEEDED),
      F_WORDS(struct account_supply_view, shop_name, NEEDED),
      F_WORDS(struct account_supply_view, meter_number, NEEDED),
      F_ENUM(struct account_supply_view, mode, NEEDED, modes),
      F_ID(struct account_supply_view, account_id, NULLABLE),
      F_WORDS(struct account_supply_view, account_name, NULLABLE),
      F_NUMBER(struct account_supply_view, balance_fen, NULLABLE),
      F_NUMBER(struct account_supply_view, purchase_count, NULLABLE),
      F_NUMBER(struct account_supply_view, energy_wh, NULLABLE),
      F_TIME(struct account_supply_view, taken_at, NULLABLE),
      F_BOOL(struct account_supply_view, stale, NEEDED),
      F_BOOL(struct account_supply_view, frozen, NEEDED),
      F_BOOL(struct account_supply_view, epoch_live, NEEDED),
      F_NUMBER(struct account_supply_view, on_its_way_fen, NEEDED),
      F_ID(struct account_supply_view, tariff_id, NULLABLE),
      F_WORDS(struct account_supply_view, tariff_name, NULLABLE),
      F_TIME(struct account_supply_view, from_at, NULLABLE));

struct contact_view {
    int64_t id;
    const char *role;
    const char *name;
    const char *phone;
    bool masked;
    const char *locale;
};

SHAPE(contact, "Contact", struct contact_view, F_ID(struct contact_view, id, NEEDED),
      F_ENUM(struct contact_view, role, NEEDED, roles), F_WORDS(struct contact_view, name, NEEDED),
      F_WORDS(struct contact_view, phone, NEEDED), F_BOOL(struct contact_view, masked, NEEDED),
      F_ENUM(struct contact_view, locale, NEEDED, locales));

struct account_page {
    struct account_view account;
    struct shape_list supplies;
    struct shape_list contacts;
};

SHAPE(account_page, "AccountPage", struct account_page,
      F_EMBED(struct account_page, account, &shape_account),
      F_LIST(struct account_page, supplies, &shape_account_supply),
      F_LIST(struct account_page, contacts, &shape_contact));

static int64_t or_zero(int64_t number)
{
    return number == SHAPE_NULL ? 0 : number;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* Whole phones are for those who may use them; the others see the last four digits. */
static enum rc show_contact(const struct request *request, const struct contact *contact,
                            struct contact_view *view)
{
    bool whole = permission_granted(request->session.role, PERMISSION_CONTACT_PHONE) &&
                 request->worker->field_key != NULL;
    char phone[PHONE_BYTES];
    phone_mask(contact->phone_tail, phone);
    if (whole && phone_open(request->worker->field_key, contact, phone) != RC_OK) {
        whole = false; /* sealed with an older key: the tail is still right */
        phone_mask(contact->phone_tail, phone);
    }
    *view = (struct contact_view){.id = contact->id,
                                  .role = contact->role,
                                  .name = contact->name,
                                  .phone = arena_copy_string(request->arena, phone),
                                  .masked = !whole,
                                  .locale = contact->locale};
    return view->phone == NULL ? RC_MEMORY : RC_OK;
}

static enum rc add_contacts(struct request *request, struct account_page *page)
{
    struct contact *contacts = NULL;
    size_t count = 0;
    TRY(contacts_list(request->db, request->arena, page->account.id, &contacts, &count));
    struct contact_view *views = arena_take_array(request->arena, count + 1, sizeof *views);
    if (views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(show_contact(request, &contacts[i], &views[i]));
    }
    page->contacts = (struct shape_list){.items = views, .count = count};
    return RC_OK;
}

static enum rc show_page(struct request *request, int status, int64_t account_id)
{
    struct account_page page = {0};
    struct account_supply_view *supplies = NULL;
    struct supply_question question = {.account_id = account_id,
                                       .words = "",
                                       .stale_before_ms = clock_now_ms() - command_stale_ms(),
                                       .limit = SUPPLY_CHOICE_MAX};
    TRY(account_list_one(request->db, request->arena, account_id, &page.account));
    TRY(supply_choice(request->db, request->arena, &question, &supplies, &page.supplies.count));
    page.supplies.items = supplies;
    TRY(add_contacts(request, &page));
    return request_reply(request, status, &page);
}

struct account_list_input {
    const char *query;
    const char *kind;
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(account_list_input, "AccountQuery", struct account_list_input,
      F_TEXT(struct account_list_input, query, OPTIONAL, 1, 40),
      F_ENUM(struct account_list_input, kind, OPTIONAL, kinds),
      F_ENUM(struct account_list_input, state, OPTIONAL, states),
      F_TEXT(struct account_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct account_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct accounts_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(accounts, "Accounts", struct accounts_reply,
      F_LIST(struct accounts_reply, items, &shape_account),
      F_WORDS(struct accounts_reply, next_cursor, NULLABLE));

enum rc handle_account_list(struct request *request)
{
    const struct account_list_input *input = request->input;
    uint8_t hash[CONTACT_HASH_BYTES];
    char phone[PHONE_BYTES];
    struct account_question question = {.words = or_empty(input->query),
                                        .kind = or_empty(input->kind),
                                        .state = or_empty(input->state),
                                        .limit = park_limit(input->limit)};
    if (request->worker->field_key != NULL && phone_normalise(question.words, phone) == RC_OK) {
        phone_hash(request->worker->field_key, phone, hash);
        question.phone_hash = hash;
    }
    struct accounts_reply reply = {0};
    struct account_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(account_list(request->db, request->arena, &question, &views, &reply.items.count,
                     &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

enum rc handle_account_show(struct request *request)
{
    return show_page(request, 200, request->ids[0]);
}

struct contact_input {
    const char *role;
    const char *name;
    const char *phone;
    const char *locale;
};

SHAPE(contact_input, "ContactRequest", struct contact_input,
      F_ENUM(struct contact_input, role, NEEDED, roles),
      F_TEXT(struct contact_input, name, NEEDED, 1, CONTACT_NAME_MAX),
      F_TEXT(struct contact_input, phone, NEEDED, 5, 24),
      F_ENUM(struct contact_input, locale, OPTIONAL, locales));

struct account_input {
    const char *kind;
    const char *number;
    const char *name;
    struct shape_list supply_ids;
    const struct contact_input *contact;
    int64_t tariff_id;
    int64_t deposit_fen;
    const char *deposit_channel;
    int64_t ends_at;
    bool open;
};

SHAPE(account_input, "AccountRequest", struct account_input,
      F_ENUM(struct account_input, kind, NEEDED, kinds),
      F_TEXT(struct account_input, number, OPTIONAL, 0, 32),
      F_TEXT(struct account_input, name, NEEDED, 1, ACCOUNT_NAME_MAX),
      F_INTS(struct account_input, supply_ids, NEEDED, ACCOUNT_SUPPLIES_MAX),
      F_OBJECT(struct account_input, contact, OPTIONAL, &shape_contact_input),
      F_ID(struct account_input, tariff_id, OPTIONAL),
      F_INT(struct account_input, deposit_fen, OPTIONAL, 0, SHAPE_ID_MAX),
      F_ENUM(struct account_input, deposit_channel, OPTIONAL, deposit_channels),
      F_TIME(struct account_input, ends_at, OPTIONAL),
      F_BOOL(struct account_input, open, OPTIONAL));

static enum rc add_contact(struct request *request, int64_t account_id,
                           const struct contact_input *input, struct command_refusal *refusal)
{
    if (request->worker->field_key == NULL) {
        return RC_INTERNAL;
    }
    int64_t id = 0;
    struct contact_request contact = {.role = input->role,
                                      .name = input->name,
                                      .phone = input->phone,
                                      .locale = input->locale == NULL ? "zh-CN" : input->locale};
    return account_add_contact(request->db, request->arena, &request->actor,
                               request->worker->field_key, account_id, &contact, &id, refusal);
}

enum rc handle_account_create(struct request *request)
{
    const struct account_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t id = 0;
    struct account_request order = {
        .kind = input->kind,
        .number = or_empty(input->number),
        .name = input->name,
        .deposit_fen = or_zero(input->deposit_fen),
        .deposit_channel = or_empty(input->deposit_channel),
        .ends_at_ms = or_zero(input->ends_at),
        .supply_ids = input->supply_ids.items,
        .supply_count = input->supply_ids.count,
        .tariff_id = or_zero(input->tariff_id),
    };
    enum rc rc =
        account_create(request->db, request->arena, &request->actor, &order, &id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    if (input->contact != NULL) {
        TRY(money_refuse(request, add_contact(request, id, input->contact, &refusal), &refusal));
    }
    if (input->open) {
        rc = account_open(request->db, request->arena, &request->actor, id, &refusal);
        TRY(money_refuse(request, rc, &refusal));
    }
    return show_page(request, 201, id);
}

enum rc handle_account_open(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        account_open(request->db, request->arena, &request->actor, request->ids[0], &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 200, request->ids[0]);
}

/* ---- prepared accounts in bulk 预设开户 */

struct openings_input {
    struct shape_list account_ids;
};

SHAPE(openings_input, "OpeningsRequest", struct openings_input,
      F_INTS(struct openings_input, account_ids, NEEDED, ACCOUNT_OPEN_MANY_MAX));

struct opening {
    int64_t account_id;
    bool opened;
    const char *code;
    const char *field;
    const char *detail;
};

SHAPE(opening, "Opening", struct opening, F_ID(struct opening, account_id, NEEDED),
      F_BOOL(struct opening, opened, NEEDED), F_WORDS(struct opening, code, NEEDED),
      F_WORDS(struct opening, field, NEEDED), F_WORDS(struct opening, detail, NEEDED));

struct openings_reply {
    struct shape_list items;
    int64_t opened;
    int64_t refused;
};

SHAPE(openings, "Openings", struct openings_reply,
      F_LIST(struct openings_reply, items, &shape_opening),
      F_NUMBER(struct openings_reply, opened, NEEDED),
      F_NUMBER(struct openings_reply, refused, NEEDED));

enum rc handle_opening_create(struct request *request)
{
    const struct openings_input *input = request->input;
    size_t count = input->account_ids.count;
    struct account_verdict *verdicts =
        arena_take_array(request->arena, count + 1, sizeof *verdicts);
    struct opening *items = arena_take_array(request->arena, count + 1, sizeof *items);
    struct openings_reply reply = {.items = {items, count}};
    if (verdicts == NULL || items == NULL) {
        return RC_MEMORY;
    }
    if (count == 0) {
        return request_refuse(request, RC_INVALID, "invalid_field", "account_ids",
                              "account_ids must name at least one account");
    }
    TRY(account_open_many(request->db, request->arena, &request->actor, input->account_ids.items,
                          count, verdicts));
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct opening){.account_id = verdicts[i].account_id,
                                    .opened = verdicts[i].opened,
                                    .code = verdicts[i].code,
                                    .field = verdicts[i].field,
                                    .detail = money_sentence(verdicts[i].code)};
        reply.opened += verdicts[i].opened ? 1 : 0;
        reply.refused += verdicts[i].opened ? 0 : 1;
    }
    return request_reply(request, 200, &reply);
}

struct account_rename_input {
    const char *name;
    const char *reason;
};

SHAPE(account_rename_input, "AccountRename", struct account_rename_input,
      F_TEXT(struct account_rename_input, name, NEEDED, 1, ACCOUNT_NAME_MAX),
      F_TEXT(struct account_rename_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_account_rename(struct request *request)
{
    const struct account_rename_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = account_rename(request->db, request->arena, &request->actor, request->ids[0],
                                input->name, input->reason, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 200, request->ids[0]);
}

struct account_transfer_input {
    const char *name;
    const char *reason;
    const struct contact_input *contact;
};

SHAPE(account_transfer_input, "AccountTransfer", struct account_transfer_input,
      F_TEXT(struct account_transfer_input, name, NEEDED, 1, ACCOUNT_NAME_MAX),
      F_TEXT(struct account_transfer_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_OBJECT(struct account_transfer_input, contact, OPTIONAL, &shape_contact_input));

enum rc handle_account_transfer(struct request *request)
{
    const struct account_transfer_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t id = 0;
    enum rc rc = account_transfer(request->db, request->arena, &request->actor, request->ids[0],
                                  input->name, input->reason, &id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    if (input->contact != NULL) {
        TRY(money_refuse(request, add_contact(request, id, input->contact, &refusal), &refusal));
    }
    return show_page(request, 201, id);
}

struct account_supply_input {
    int64_t supply_id;
    int64_t tariff_id;
};

SHAPE(account_supply_input, "AccountSupplyRequest", struct account_supply_input,
      F_ID(struct account_supply_input, supply_id, NEEDED),
      F_ID(struct account_supply_input, tariff_id, OPTIONAL));

enum rc handle_account_add_supply(struct request *request)
{
    const struct account_supply_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = account_add_supply(request->db, request->arena, &request->actor, request->ids[0],
                                    input->supply_id, or_zero(input->tariff_id), &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 200, request->ids[0]);
}

enum rc handle_contact_create(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    TRY(money_refuse(request, add_contact(request, request->ids[0], request->input, &refusal),
                     &refusal));
    return show_page(request, 201, request->ids[0]);
}

enum rc handle_contact_end(struct request *request)
{
    TRY(account_end_contact(request->db, &request->actor, request->ids[0], request->ids[1]));
    return show_page(request, 200, request->ids[0]);
}

/* ---- the ledger of an account */

static const char *const objects[] = {
    "payment", "purchase",  "delivery",       "adjustment",   "refund",        "charge", "epoch",
    "bill",    "take_over", "account_supply", "close_supply", "account_close", NULL};

SHAPE(ledger_row, "LedgerRow", struct ledger_row, F_ID(struct ledger_row, id, NEEDED),
      F_TIME(struct ledger_row, at, NEEDED), F_WORDS(struct ledger_row, posting, NEEDED),
      F_WORDS(struct ledger_row, title_zh, NEEDED), F_WORDS(struct ledger_row, title_en, NEEDED),
      F_ENUM(struct ledger_row, object_kind, NEEDED, objects),
      F_ID(struct ledger_row, object_id, NEEDED), F_ID(struct ledger_row, supply_id, NEEDED),
      F_WORDS(struct ledger_row, unit_number, NEEDED),
      F_WORDS(struct ledger_row, meter_number, NEEDED),
      F_NUMBER(struct ledger_row, amount_fen, NEEDED),
      F_NUMBER(struct ledger_row, change_fen, NEEDED),
      F_NUMBER(struct ledger_row, balance_fen, NEEDED));

struct ledger_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(ledger, "Ledger", struct ledger_reply, F_LIST(struct ledger_reply, items, &shape_ledger_row),
      F_WORDS(struct ledger_reply, next_cursor, NULLABLE));

SHAPE(page_input, "PageQuery", struct page_input,
      F_TEXT(struct page_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct page_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

enum rc handle_account_ledger(struct request *request)
{
    const struct page_input *input = request->input;
    struct ledger_question question = {.account_id = request->ids[0],
                                       .limit = park_limit(input->limit)};
    struct account_view account;
    struct ledger_reply reply = {0};
    struct ledger_row *rows = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(account_list_one(request->db, request->arena, question.account_id, &account));
    TRY(ledger_list(request->db, request->arena, &question, &rows, &reply.items.count,
                    &reply.next_cursor));
    reply.items.items = rows;
    return request_reply(request, 200, &reply);
}

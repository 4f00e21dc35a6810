#include "core/flow/take_over.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/base/xlsx.h"
#include "core/flow/phone.h"
#include "core/flow/step.h"
#include "core/flow/take_over_own.h"
#include "core/flow/tariff.h"
#include "core/rules/csv.h"
#include "core/rules/money.h"
#include "core/store/epoch.h"
#include "core/store/row.h"
#include "core/store/site_setting.h"
#include "core/store/tariff.h"

enum column {
    COLUMN_UNIT,
    COLUMN_SHOP,
    COLUMN_CONTACT,
    COLUMN_PHONE,
    COLUMN_METER,
    COLUMN_BALANCE,
    COLUMN_COUNT,
    COLUMN_TARIFF,
    COLUMN_ALARM,
    COLUMN_CARD,
    COLUMN__MAX
};

static const struct {
    const char *zh;
    const char *en;
    bool needed;
} columns[COLUMN__MAX] = {
    [COLUMN_UNIT] = {"铺位", "unit", true},
    [COLUMN_SHOP] = {"商户", "shop", true},
    [COLUMN_CONTACT] = {"联系人", "contact", false},
    [COLUMN_PHONE] = {"电话", "phone", false},
    [COLUMN_METER] = {"电表", "meter", true},
    [COLUMN_BALANCE] = {"期初余额", "balance", true},
    [COLUMN_COUNT] = {"购电次数", "count", false},
    [COLUMN_TARIFF] = {"电价方案", "tariff", false},
    [COLUMN_ALARM] = {"预警值", "alarm", false},
    [COLUMN_CARD] = {"旧卡余额", "card", false},
};

/* One row of the sheet, whatever file it stood in. */
struct sheet_line {
    int line;
    size_t count;
    const char *const *fields;
};

struct checking {
    struct db *db;
    struct arena *arena;
    const uint8_t *field_key;
    struct command_refusal *refusal;
    int at[COLUMN__MAX]; /* of each column in the sheet, -1: it has none */
    int64_t take_over_id;
    bool headed; /* the columns are known */
    size_t lines;
};

void take_over_say(struct take_over_row *row, enum take_over_verdict verdict)
{
    row->verdict = take_over_verdict_code(verdict);
    row->message = take_over_verdict_zh(verdict);
    row->message_en = take_over_verdict_en(verdict);
}

static void fault(struct take_over_row *row, const char *zh, const char *en)
{
    take_over_say(row, TAKE_OVER_ERROR);
    row->message = zh;
    row->message_en = en;
}

/* ---- what the meter says */

static struct take_over_reading reading_of(const struct meter_money *money)
{
    return (struct take_over_reading){
        .known = money->taken_at_ms != 0 && money->balance_fen != ROW_NULL &&
                 money->count != ROW_NULL && money->energy_wh != ROW_NULL &&
                 !supply_is_stale(clock_now_ms(), money->taken_at_ms, command_stale_ms()),
        .at_ms = money->taken_at_ms,
        .count = money->count,
        .balance_fen = money->balance_fen,
        .energy_wh = money->energy_wh,
    };
}

/* The four prices that a meter holds against those of the version in force. */
static enum rc compare_prices(struct db *db, struct arena *arena, int64_t tariff_id,
                              const struct meter_money *money, struct take_over_facts *facts)
{
    const int64_t held_e4[] = {money->price_sharp_e4, money->price_peak_e4, money->price_flat_e4,
                               money->price_valley_e4};
    struct tariff *tariff = NULL;
    int at = 0;
    if (tariff_id == ROW_NULL || money->price_flat_e4 == ROW_NULL) {
        return RC_OK;
    }
    enum rc rc = tariff_load(db, arena, tariff_id, &tariff);
    if (rc == RC_NOT_FOUND ||
        (rc == RC_OK && tariff_version_at(tariff, clock_now_ms(), &at) != RC_OK)) {
        return RC_OK; /* nothing to compare with yet */
    }
    TRY(rc);
    const struct tariff_version *version = &tariff->versions[at];
    bool rates = tariff_kind_has_rates(version->kind);
    facts->prices_known = true;
    facts->prices_fit = !tariff_kind_has_steps(version->kind);
    for (int i = 0; i < (int)ARRAY_LEN(held_e4); i++) {
        enum rate rate = rates ? (enum rate)i : RATE_FLAT;
        facts->prices_fit = facts->prices_fit && held_e4[i] == tariff_price_e4(version, 0, rate);
    }
    return RC_OK;
}

static enum rc tolerance(struct db *db, struct arena *arena, int64_t *ret_fen)
{
    const char *value = "";
    enum rc rc = site_setting_get(db, arena, TAKE_OVER_SETTING_TOLERANCE, &value);
    if (rc == RC_NOT_FOUND ||
        (rc == RC_OK && text_parse_int(value, strlen(value), 0, MONEY_MAX_FEN, ret_fen) != RC_OK)) {
        *ret_fen = TAKE_OVER_TOLERANCE_FEN;
        return RC_OK;
    }
    return rc;
}

static struct take_over_reading stored_first(const struct take_over_row *row)
{
    return (struct take_over_reading){.known = row->first_at != 0,
                                      .at_ms = row->first_at,
                                      .count = row->first_count,
                                      .balance_fen = row->first_balance_fen,
                                      .energy_wh = row->first_energy_wh};
}

enum rc take_over_look(struct db *db, struct arena *arena, struct take_over_row *row,
                       enum take_over_verdict *ret_verdict)
{
    struct meter_money money;
    TRY(meter_money_get(db, arena, row->supply_id, &money));
    struct take_over_reading now = reading_of(&money);
    struct take_over_facts facts = {
        .has_sheet_balance = row->sheet_balance_fen != ROW_NULL,
        .sheet_balance_fen = row->sheet_balance_fen,
        .has_sheet_count = row->sheet_count != ROW_NULL,
        .sheet_count = row->sheet_count,
        .has_sheet_alarm = row->sheet_alarm_fen != ROW_NULL,
        .sheet_alarm_fen = row->sheet_alarm_fen,
        .first = stored_first(row),
        .alarm_known = money.alarm1_fen != ROW_NULL,
        .alarm_fen = money.alarm1_fen,
    };
    TRY(tolerance(db, arena, &facts.tolerance_fen));
    TRY(compare_prices(db, arena, row->tariff_id, &money, &facts));
    if (!facts.first.known) {
        facts.first = now;
        row->first_at = now.known ? now.at_ms : 0;
        row->first_count = now.known ? now.count : ROW_NULL;
        row->first_balance_fen = now.known ? now.balance_fen : ROW_NULL;
        row->first_energy_wh = now.known ? now.energy_wh : ROW_NULL;
    } else if (now.known && now.at_ms > facts.first.at_ms) {
        facts.second = now;
        row->second_at = now.at_ms;
        row->second_count = now.count;
        row->second_balance_fen = now.balance_fen;
        row->second_energy_wh = now.energy_wh;
    } else {
        facts.first.known = false; /* not read again */
    }
    *ret_verdict = take_over_judge(&facts);
    take_over_say(row, *ret_verdict);
    return RC_OK;
}

/* ---- the sheet */

static const char *cell(const struct checking *checking, const struct sheet_line *line,
                        enum column column)
{
    int at = checking->at[column];
    return at < 0 || (size_t)at >= line->count ? "" : line->fields[at];
}

static enum rc read_head(struct checking *checking, const struct sheet_line *line)
{
    for (int i = 0; i < COLUMN__MAX; i++) {
        checking->at[i] = -1;
        for (size_t k = 0; k < line->count; k++) {
            if (strcmp(line->fields[k], columns[i].zh) == 0 ||
                strcmp(line->fields[k], columns[i].en) == 0) {
                checking->at[i] = (int)k;
            }
        }
        if (columns[i].needed && checking->at[i] < 0) {
            return step_refuse(RC_INVALID, "missing_column", columns[i].en, checking->refusal);
        }
    }
    return RC_OK;
}

static bool too_long(const char *text, size_t max)
{
    return text_characters(text, strlen(text)) > max;
}

/* Money, count and threshold of a line; false: the row says what is wrong. */
static bool read_numbers(const struct checking *checking, const struct sheet_line *line,
                         struct take_over_row *row)
{
    const char *balance = cell(checking, line, COLUMN_BALANCE);
    const char *count = cell(checking, line, COLUMN_COUNT);
    const char *alarm = cell(checking, line, COLUMN_ALARM);
    const char *card = cell(checking, line, COLUMN_CARD);
    row->sheet_balance_fen = row->sheet_count = row->sheet_alarm_fen = row->card_balance_fen =
        ROW_NULL;
    if (balance[0] != '\0' &&
        money_parse_yuan(balance, strlen(balance), -MONEY_MAX_FEN, MONEY_MAX_FEN,
                         &row->sheet_balance_fen) != MONEY_FINE) {
        fault(row, "期初余额不是金额", "balance is not an amount");
        return false;
    }
    if (count[0] != '\0' &&
        text_parse_int(count, strlen(count), 0, 65535, &row->sheet_count) != RC_OK) {
        fault(row, "购电次数应为 0 到 65535", "count must be from 0 to 65535");
        return false;
    }
    if (alarm[0] != '\0' && money_parse_yuan(alarm, strlen(alarm), 0, MONEY_MAX_FEN,
                                             &row->sheet_alarm_fen) != MONEY_FINE) {
        fault(row, "预警值不是金额", "alarm is not an amount");
        return false;
    }
    if (card[0] != '\0' && money_parse_yuan(card, strlen(card), 0, MONEY_MAX_FEN,
                                            &row->card_balance_fen) != MONEY_FINE) {
        fault(row, "旧卡余额不是金额", "card is not an amount");
        return false;
    }
    return true;
}

static bool read_texts(const struct checking *checking, const struct sheet_line *line,
                       struct take_over_row *row)
{
    row->unit_number = cell(checking, line, COLUMN_UNIT);
    row->shop_name = cell(checking, line, COLUMN_SHOP);
    row->contact_name = cell(checking, line, COLUMN_CONTACT);
    row->meter_number = cell(checking, line, COLUMN_METER);
    row->tariff_code = cell(checking, line, COLUMN_TARIFF);
    if (too_long(row->unit_number, 32) || too_long(row->shop_name, 80) ||
        too_long(row->contact_name, 40) || too_long(row->meter_number, 32) ||
        too_long(row->tariff_code, 32)) {
        row->unit_number = row->shop_name = row->contact_name = row->meter_number =
            row->tariff_code = "";
        fault(row, "内容过长", "a cell is too long");
        return false;
    }
    if (row->shop_name[0] == '\0' || row->meter_number[0] == '\0') {
        fault(row, "缺少商户或电表", "shop or meter is missing");
        return false;
    }
    return true;
}

static enum rc read_phone(const struct checking *checking, const struct sheet_line *line,
                          struct take_over_row *row, bool *ret_fine)
{
    const char *typed = cell(checking, line, COLUMN_PHONE);
    char phone[PHONE_BYTES];
    if (typed[0] == '\0') {
        return RC_OK;
    }
    if (phone_normalise(typed, phone) != RC_OK || row->contact_name[0] == '\0') {
        fault(row, "电话应为 11 位手机号,并有联系人",
              "phone must be a mobile number with a contact");
        *ret_fine = false;
        return RC_OK;
    }
    return phone_seal(checking->field_key, phone, &row->phone);
}

/* Finds supply and tariff; a row that cannot be placed says so. */
static enum rc place(const struct checking *checking, struct take_over_row *row, bool *ret_fine)
{
    const char *unit = "";
    bool taken = false;
    int64_t supply_id = 0;
    *ret_fine = false;
    enum rc rc = take_over_supply(checking->db, checking->arena, row->meter_number, &supply_id,
                                  &unit, &taken);
    if (rc == RC_NOT_FOUND) {
        fault(row, "没有这块电表", "there is no such meter");
        return RC_OK;
    }
    TRY(rc);
    row->supply_id = supply_id;
    if (row->unit_number[0] != '\0' && strcmp(unit, row->unit_number) != 0) {
        fault(row, "电表不在这个铺位", "the meter feeds another unit");
        return RC_OK;
    }
    if (taken) {
        fault(row, "该供电点已开户", "another account has this supply");
        return RC_OK;
    }
    if (row->tariff_code[0] != '\0') {
        rc = tariffs_find(checking->db, checking->arena, row->tariff_code, &row->tariff_id);
        if (rc == RC_NOT_FOUND) {
            fault(row, "没有这个电价方案", "there is no such tariff");
            return RC_OK;
        }
        TRY(rc);
    }
    *ret_fine = true;
    return RC_OK;
}

static enum rc check_line(const struct checking *checking, const struct sheet_line *line)
{
    struct take_over_row row = {.line_number = line->line,
                                .unit_number = "",
                                .shop_name = "",
                                .contact_name = "",
                                .phone_tail = "",
                                .meter_number = "",
                                .tariff_code = "",
                                .supply_id = ROW_NULL,
                                .tariff_id = ROW_NULL,
                                .card_balance_fen = ROW_NULL,
                                .first_count = ROW_NULL,
                                .first_balance_fen = ROW_NULL,
                                .first_energy_wh = ROW_NULL};
    enum take_over_verdict verdict = TAKE_OVER_ERROR;
    bool fine = read_texts(checking, line, &row) && read_numbers(checking, line, &row);
    if (fine) {
        TRY(read_phone(checking, line, &row, &fine));
    }
    if (fine) {
        TRY(place(checking, &row, &fine));
    }
    if (fine) {
        TRY(take_over_look(checking->db, checking->arena, &row, &verdict));
    }
    return take_over_rows_insert(checking->db, checking->take_over_id, &row);
}

/* The heading first, then row by row. */
static enum rc take_line(struct checking *checking, const struct sheet_line *line)
{
    if (!checking->headed) {
        checking->headed = true;
        return read_head(checking, line);
    }
    checking->lines++;
    return check_line(checking, line);
}

static enum rc check_csv(struct checking *checking, const char *bytes, size_t len)
{
    struct csv csv;
    struct csv_row row;
    int fault_line = 0;
    if (csv_open(&csv, bytes, len, &fault_line) != RC_OK) {
        return step_refuse(RC_INVALID, "not_csv", "", checking->refusal);
    }
    for (;;) {
        enum rc rc = csv_next(&csv, checking->arena, &row);
        if (rc == RC_NOT_FOUND && checking->headed) {
            return RC_OK;
        }
        if (rc == RC_NOT_FOUND || rc == RC_INVALID || checking->lines == TAKE_OVER_ROWS_MAX) {
            return step_refuse(RC_INVALID, "not_csv", "", checking->refusal);
        }
        TRY(rc);
        const struct sheet_line line = {row.line, row.count, row.fields};
        TRY(take_line(checking, &line));
    }
}

static enum rc check_workbook(struct checking *checking, const char *bytes, size_t len)
{
    static const char *const names[] = {"接管", "take-over", NULL};
    static const char *const codes[XLSX_PROBLEM__MAX] = {
        [XLSX_UNREADABLE] = "workbook_unreadable", [XLSX_UNSAFE] = "workbook_unsafe",
        [XLSX_TOO_LARGE] = "workbook_too_large",   [XLSX_NO_SHEET] = "workbook_no_sheet",
        [XLSX_CELL_OUTSIDE] = "workbook_too_wide", [XLSX_CELL_TOO_LONG] = "cell_too_long",
        [XLSX_CELL_NUMBER] = "cell_not_a_number",  [XLSX_CELL_FORMULA] = "cell_without_value",
    };
    _Static_assert(XLSX_ROWS_MAX == TAKE_OVER_ROWS_MAX + 1, "a heading and the rows");
    struct xlsx_sheet sheet;
    struct xlsx_fault fault;
    enum rc rc = xlsx_read(checking->arena, bytes, len, names, &sheet, &fault);
    if (rc == RC_INVALID || rc == RC_TOO_LARGE) {
        const char *cell_name = arena_copy_string(checking->arena, fault.cell);
        return cell_name == NULL
                   ? RC_MEMORY
                   : step_refuse(RC_INVALID, codes[fault.problem], cell_name, checking->refusal);
    }
    TRY(rc);
    if (sheet.count == 0) {
        return step_refuse(RC_INVALID, "workbook_no_sheet", "", checking->refusal);
    }
    for (size_t i = 0; i < sheet.count; i++) {
        const struct xlsx_row *row = &sheet.rows[i];
        const struct sheet_line line = {row->line, row->count, row->fields};
        TRY(take_line(checking, &line));
    }
    return RC_OK;
}

enum rc take_over_check(struct db *db, struct arena *arena, const struct actor *actor,
                        const uint8_t field_key[32], const char *file_name, const char *bytes,
                        size_t len, int64_t *ret_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct checking checking = {
        .db = db, .arena = arena, .field_key = field_key, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(take_overs_insert(db, file_name, actor->id, &checking.take_over_id));
    TRY(xlsx_recognised(bytes, len) ? check_workbook(&checking, bytes, len)
                                    : check_csv(&checking, bytes, len));
    const char *after = arena_printf(arena, "{\"rows\":%zu}", checking.lines);
    if (after == NULL) {
        return RC_MEMORY;
    }
    *ret_id = checking.take_over_id;
    return step_audit(db, actor, AUDIT_ACTION_TAKE_OVER_CHECK, "take_over", *ret_id, file_name, "",
                      "", after);
}

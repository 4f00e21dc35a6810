#include "cgi/handlers/money.h"

#include <string.h>

#include "core/rules/purchase_guard.h"

const char *const money_channels[] = {"cash", "card", "transfer", NULL};

/* Keep sorted by code. The front end has its own words for each code. */
static const struct {
    const char *code;
    const char *sentence;
} sentences[] = {
    {"above_maximum", "amount_fen is above the most that one sale may have"},
    {"account_closed", "the account is not open"},
    {"account_closing", "the account is being closed"},
    {"address_in_use", "another meter in service has this address on this line"},
    {"adjustment_open", "money is just being taken out of this meter"},
    {"being_written", "the meter is just being written; wait for the outcome"},
    {"below_last_reading", "energy_wh is below what the meter said last"},
    {"below_minimum", "amount_fen is below the least that may be bought"},
    {"cell_not_a_number", "this cell is no number of at most 15 digits; long numbers must be text"},
    {"cell_too_long", "this cell has more than 1000 characters"},
    {"cell_without_value",
     "this cell is a formula without its value; save the workbook in a spreadsheet program"},
    {"code_taken", "another tariff has this code"},
    {"conflict", "it was asked for already, or its state has moved on"},
    {"count_differs", "the purchase count is not the one that our deliveries lead to"},
    {"day_over", "a swap can be undone on its own day only"},
    {"energy_back", "the energy register cannot be below the one at the beginning"},
    {"exceeds_balance", "the meter holds less than amount_fen"},
    {"exceeds_payment", "that is more than is left of this payment"},
    {"frozen_supply", "the supply is frozen; check the meter first"},
    {"in_debt", "money is owed: it has to be paid before the mode is changed"},
    {"in_the_meter", "the money is in the meter, or may still get there"},
    {"kept_on", "the supply is kept on; end the keep-on first"},
    {"locked_out", "somebody holds a lock-out on this supply"},
    {"meter_silent", "nobody answers at this address"},
    {"missing_column", "the sheet lacks this column"},
    {"moment_past", "valid_from_at must lie ahead for a tariff that is in use"},
    {"moment_taken", "there is one of this moment already"},
    {"money_left", "a meter was written already: the closing goes on to its end"},
    {"negative_balance", "the new meter holds a debt; clear it on the bench first"},
    {"no_account", "nobody has an account on this supply"},
    {"no_document", "no paper with this SHA-256 was given to us: upload it first"},
    {"no_epoch", "the meter was not taken over yet: open the account first"},
    {"no_gap", "the difference of this day is none that somebody must look at"},
    {"no_supply", "the account has no supply"},
    {"no_tariff", "the supply is charged under no tariff"},
    {"not_ahead", "no purchase is missing: this meter is not ahead of the restored database"},
    {"not_at_counter", "this money came through a provider and goes back the same way"},
    {"not_csv",
     "the body is neither an XLSX workbook nor a CSV file of at most 2000 rows in UTF-8"},
    {"not_found", "there is no such account"},
    {"not_in_meter", "the purchase is not in the meter"},
    {"not_positive", "amount_fen must be above zero"},
    {"not_prepaid", "only prepaid and temporary accounts buy"},
    {"not_proven", "this meter model is not proven to do that"},
    {"not_read", "the meter was never read, so nobody knows what it holds"},
    {"not_settled", "no money came"},
    {"not_surveyed", "the meter was not asked yet, or too long ago"},
    {"nothing_to_pay", "nothing goes over the counter"},
    {"number_in_use", "another meter has this number and feeds a supply"},
    {"number_taken", "another account has this number"},
    {"on_its_way", "a purchase is paid and not in the meter yet"},
    {"order_known", "the database has an order of this number: it is not missing"},
    {"order_open", "an order to this meter has not ended yet"},
    {"other_meter", "an energy register went backwards: it is not the meter it was"},
    {"over_hoard", "balance, what is on its way and amount_fen exceed the hoarding limit"},
    {"own_use_account", "the supply is for own or common use: nothing is sold"},
    {"postpaid_in_meter", "a postpaid account pays afterwards: its supply must be billed on the "
                          "platform before money can be taken"},
    {"provider_not_offered", "this way of paying is not offered here"},
    {"provider_unavailable",
     "this provider does not answer just now; choose another way of paying"},
    {"read_only_line", "the line is read-only: nothing can be written to its meters"},
    {"reference_used", "this slip was used before"},
    {"same_mode", "the supply is in this mode already"},
    {"seen_by_meter", "the meter itself shows when power is there; nobody has to say so"},
    {"serial_in_use", "another meter in service has this serial number"},
    {"several_supplies", "this meter feeds several supplies"},
    {"sold_since", "something was sold or handed over since"},
    {"stale", "the meter's last reading is too old"},
    {"steps", "no meter charges steps: such a tariff needs platform mode"},
    {"still_old_meter", "the old meter still answers there"},
    {"supply_taken", "another account has this supply"},
    {"swap_open", "a swap of this supply is under way already"},
    {"transaction_known", "the database has this transaction: it is not missing"},
    {"twice", "the same purchase is entered twice"},
    {"undecided", "a delivery or an adjustment of this meter is not decided yet: decide it first"},
    {"unknown_supply", "there is no such supply"},
    {"unknown_tariff", "there is no such tariff"},
    {"vacant_account", "the unit is vacant: nothing is sold"},
    {"warning_not_seen", "a warning must be confirmed before money is taken"},
    {"workbook_no_sheet", "the workbook has no worksheet with rows that can be seen"},
    {"workbook_too_large", "the workbook has more than 2000 rows, or too much in it"},
    {"workbook_too_wide", "this cell lies beyond the 64th column"},
    {"workbook_unreadable", "this is no whole XLSX workbook"},
    {"workbook_unsafe", "the workbook is encrypted or has parts that no workbook needs"},
    {"wrong_account", "another account has this supply now"},
    {"wrong_amount", "amount_fen is not what is to be paid"},
    {"wrong_epoch", "the meter was swapped since the quote"},
    {"wrong_model", "the meter at this address is of another model"},
    {"wrong_number", "as many purchases must be entered as counts are missing"},
    {"wrong_purchase", "this purchase does not wait for this meter"},
    {"wrong_serial", "the meter at this address has another serial number"},
    {"wrong_state", "its state has moved on"},
    {"wrong_sum", "the purchases do not explain the meter's balance any more"},
    {"wrong_supply", "the payment belongs to another supply"},
};

static const char *invalid_sentence(struct request *request, const char *field)
{
    static const struct {
        const char *field;
        const char *sentence;
    } rules[] = {
        {"deposit_channel", "deposit_channel belongs to a deposit"},
        {"deposit_fen", "deposit_fen must be from 0 to 100 million yuan"},
        {"ends_at", "ends_at must lie ahead, and belongs to temporary accounts alone"},
        {"name", "name must have 1 to 80 characters"},
        {"phone", "phone must be a mobile number of 11 digits, or + and 8 to 15 digits"},
        {"reason", "reason must have 1 to 200 characters"},
        {"payout", "payout must be channel or counter"},
        {"reference", "reference must be the number of the bank's slip"},
        {"stays_on", "stays_on must name supplies of this account"},
        {"vacant_until", "vacant_until must lie ahead, at most 30 days, and belongs to stays_on"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (strcmp(rules[i].field, field) == 0) {
            return rules[i].sentence;
        }
    }
    const char *sentence = arena_printf(request->arena, "%s is not valid", field);
    return sentence == NULL ? "" : sentence;
}

const char *money_sentence(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
        if (strcmp(sentences[i].code, code) == 0) {
            return sentences[i].sentence;
        }
    }
    return "";
}

enum rc money_refuse(struct request *request, enum rc rc, const struct command_refusal *refusal)
{
    if (rc == RC_OK || refusal->code[0] == '\0') {
        return rc;
    }
    const char *sentence = "";
    if (strcmp(refusal->code, "invalid_field") == 0) {
        sentence = invalid_sentence(request, refusal->field);
    }
    if (sentence[0] == '\0') {
        sentence = money_sentence(refusal->code);
    }
    return request_refuse(request, rc, refusal->code, refusal->field, sentence);
}

enum rc money_name_warnings(struct arena *arena, unsigned bits, struct shape_list *ret_list)
{
    const char **names = arena_take_array(arena, PURCHASE_WARNINGS, sizeof *names);
    size_t count = 0;
    if (names == NULL) {
        return RC_MEMORY;
    }
    for (int bit = 0; bit < PURCHASE_WARNINGS; bit++) {
        if ((bits & 1u << bit) != 0) {
            names[count++] = purchase_warning_code(bit);
        }
    }
    *ret_list = (struct shape_list){.items = names, .count = count};
    return RC_OK;
}

enum rc money_read_warnings(struct request *request, const struct shape_list *names,
                            unsigned *ret_bits)
{
    const char *const *items = names->items;
    unsigned bits = 0;
    for (size_t i = 0; i < names->count; i++) {
        int bit = 0;
        while (bit < PURCHASE_WARNINGS && strcmp(purchase_warning_code(bit), items[i]) != 0) {
            bit++;
        }
        if (bit == PURCHASE_WARNINGS) {
            return request_refuse(request, RC_INVALID, "invalid_field", "warnings_seen",
                                  "warnings_seen holds a warning that is none");
        }
        bits |= 1u << bit;
    }
    *ret_bits = bits;
    return RC_OK;
}

/* paywattctl proof: the daily proof of a day or a period, as sums. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/rules/money.h"
#include "core/store/proof_list.h"
#include "ctl/ctl.h"

static bool is_day(const char *day)
{
    int64_t at_ms = 0;
    char whole[64];
    if (day == NULL || strlen(day) != 10) {
        return false;
    }
    (void)snprintf(whole, sizeof whole, "%sT00:00:00Z", day);
    return clock_parse_rfc3339(whole, strlen(whole), &at_ms) == RC_OK;
}

static void print_head(void)
{
    (void)printf("%-24s %14s %12s %12s %12s %12s %14s %12s\n", "", "opening", "paid in", "used",
                 "refunded", "corrected", "closing", "energy kWh");
}

static void print_sum(const char *name, const struct proof_sum *sum)
{
    char opening[MONEY_TEXT_MAX], paid[MONEY_TEXT_MAX], used[MONEY_TEXT_MAX];
    char refunded[MONEY_TEXT_MAX], corrected[MONEY_TEXT_MAX], closing[MONEY_TEXT_MAX];
    (void)printf("%-24s %14s %12s %12s %12s %12s %14s %12lld.%02lld\n", name,
                 money_format(sum->opening_fen, opening), money_format(sum->paid_in_fen, paid),
                 money_format(sum->used_fen, used), money_format(sum->refunded_fen, refunded),
                 money_format(sum->corrected_fen, corrected),
                 money_format(sum->closing_fen, closing), (long long)(sum->used_wh / 1000),
                 (long long)(sum->used_wh % 1000 / 10));
}

static void print_odd(const struct proof_sum *sum)
{
    char fen[MONEY_TEXT_MAX];
    const char *name = sum->unit_number[0] == '\0' ? sum->meter_number : sum->unit_number;
    if (sum->apart_fen != 0) {
        (void)printf("  %s: the ledger has %s more than the meter said\n", name,
                     money_format(sum->apart_fen, fen));
    }
    if (sum->gaps != 0) {
        (void)printf("  %s: the meter took %s more than the tariff says, and nothing explains it\n",
                     name, money_format(sum->gap_fen, fen));
    }
    if (sum->old_prices != 0) {
        (void)printf("  %s: the meter charged old prices, %s more than the tariff says\n", name,
                     money_format(sum->old_price_fen, fen));
    }
}

static enum rc print_group(struct ctl *ctl, enum proof_group group, struct proof_question question,
                           bool odd)
{
    const char *cursor = "";
    question.after_key = -1;
    question.odd_only = odd;
    while (cursor != NULL) {
        struct proof_sum *list = NULL;
        size_t count = 0;
        TRY(proof_sums(ctl->db, &ctl->arena, group, &question, &list, &count, &cursor));
        for (size_t i = 0; i < count; i++) {
            const struct proof_sum *sum = &list[i];
            const char *name = group == PROOF_BY_SITE       ? "all"
                               : group == PROOF_BY_BUILDING ? sum->building_name
                               : sum->unit_number[0] != 0   ? sum->unit_number
                                                            : sum->meter_number;
            question.after_key = sum->key;
            if (odd) {
                print_odd(sum);
            } else {
                print_sum(name, sum);
            }
        }
    }
    return RC_OK;
}

static enum rc print_waiting(struct ctl *ctl, const struct proof_question *question)
{
    struct proof_waiting *rows = NULL;
    size_t count = 0;
    TRY(proof_waits(ctl->db, &ctl->arena, question, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        (void)printf("  %s waits for its %s of %s\n",
                     rows[i].unit_number[0] == '\0' ? rows[i].meter_number : rows[i].unit_number,
                     rows[i].wait_code, rows[i].day);
    }
    return RC_OK;
}

static enum rc print_all(struct ctl *ctl, const struct proof_question *question)
{
    print_head();
    if (ctl_option(ctl, "--all") != NULL) {
        TRY(print_group(ctl, PROOF_BY_SUPPLY, *question, false));
    }
    TRY(print_group(ctl, PROOF_BY_BUILDING, *question, false));
    TRY(print_group(ctl, PROOF_BY_SITE, *question, false));
    TRY(print_group(ctl, PROOF_BY_SUPPLY, *question, true));
    return print_waiting(ctl, question);
}

int ctl_proof(struct ctl *ctl)
{
    const char *day = ctl_option(ctl, "--day");
    const char *to = ctl_option(ctl, "--to");
    struct proof_question question = {
        .from_day = day, .to_day = to == NULL ? day : to, .limit = PROOF_LIST_MAX};
    if (!is_day(day) || !is_day(question.to_day)) {
        return ctl_fail("--day and --to are days of the site, YYYY-MM-DD");
    }
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    if (print_all(ctl, &question) != RC_OK) {
        return ctl_fail("the proofs cannot be read: %s", db_error(ctl->db));
    }
    return CTL_DONE;
}

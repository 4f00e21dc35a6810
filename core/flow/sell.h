/*
 * Buying: what an amount would get (quote), and the counter's sale, which is paid at once. The
 * phone's and kiosk's purchase (paid later, through a provider) begins with the same checks.
 */
#ifndef PW_FLOW_SELL_H
#define PW_FLOW_SELL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/flow/settle.h"
#include "core/rules/purchase_guard.h"
#include "core/store/db.h"
#include "core/store/purchase.h"

#define SALE_QUOTE_LINES_MAX 8
#define SALE_QUOTE_BYTES_MAX 4096 /* of purchase.quote */

struct sale_quote_line {
    int64_t step;     /* 1 .. */
    const char *rate; /* "" without rates */
    int64_t price_e4;
    int64_t energy_wh;
};

struct sale_quote {
    struct sale_facts facts;
    enum purchase_verdict verdict; /* PURCHASE_OK: it may be sold */
    bool closing;                  /* the account is being closed */
    unsigned warnings;             /* PURCHASE_WARN_* */
    int64_t room_fen;              /* the most that may be bought now */
    int64_t debt_fen;              /* taken first */
    int64_t usable_fen;
    int64_t balance_after_fen; /* ROW_NULL: the balance is not known */
    bool stale;
    const char *priced_by;   /* tariff; meter: by the price the meter holds; unknown */
    const char *tariff_name; /* NULL unless by tariff */
    int64_t energy_wh;       /* what usable_fen buys now; ROW_NULL: unknown or without limit */
    size_t line_count;
    struct sale_quote_line lines[SALE_QUOTE_LINES_MAX];
};

/* Why it may not be sold: the verdict's code, and in its place what says more: account_closing,
   vacant_account, own_use_account, postpaid_in_meter. "" where it may. */
const char *sale_why_not(const struct sale_quote *quote);
/* What the amount would get now. RC_NOT_FOUND: no such supply. RC_REFUSED no_account, no_epoch. */
enum rc sale_quote(struct db *db, struct arena *arena, int64_t supply_id, int64_t amount_fen,
                   struct sale_quote *ret_quote, struct command_refusal *ret_refusal) MUST_CHECK;

/* What is kept of a quote with the purchase (purchase.quote): what the amount gets at which prices,
   the balance it was told with, and the warnings. JSON in the arena, names as in the API. */
enum rc sale_quote_json(struct arena *arena, const struct sale_quote *quote,
                        const char **ret_json) MUST_CHECK;

struct counter_sale {
    int64_t supply_id;
    int64_t account_id; /* as the clerk saw it */
    int64_t epoch;      /* as the clerk saw it */
    int64_t amount_fen;
    const char *channel;   /* cash, card, transfer */
    const char *reference; /* slip of card or bank, "" none; needed for transfer */
    unsigned seen;         /* warnings the clerk confirmed, PURCHASE_WARN_* */
};

/* Sells and takes the money in one transaction; the quote of that moment is kept with the purchase.
   RC_INVALID with the field, RC_REFUSED with the verdict's code ("over_hoard"), "warning_not_seen"
   where the meter is silent, frozen or read-only and the clerk did not say that he knows;
   RC_CONFLICT "reference_used". */
enum rc sale_at_counter(struct db *db, struct arena *arena, const struct actor *actor,
                        const struct counter_sale *sale, struct settle_answer *ret_answer,
                        struct command_refusal *ret_refusal) MUST_CHECK;

/* Warnings that must be confirmed before money is taken. */
#define SALE_WARNINGS_TO_CONFIRM                                                                   \
    (PURCHASE_WARN_SILENT | PURCHASE_WARN_STALE | PURCHASE_WARN_FROZEN | PURCHASE_WARN_READ_ONLY)

#endif

/*
 * The ledger: double entry in whole fen, append only. One transfer moves a positive amount from a
 * credit account to a debit account; debit counts plus, credit counts minus, so all balances of all
 * accounts add up to zero whatever is posted.
 *
 *   balance of an account = sum of transfers that debit it - sum of transfers that credit it
 *
 * tenant_liability is what tenants still have to use: it normally stands on the credit side, and
 * on the debit side when a supply is in debt. The daily proof of a supply is
 *
 *   opening + paid in - used - refunded +- corrected = closing
 *
 * and closing is what the meter (meter mode) or the ledger alone (platform mode) says.
 */
#ifndef PW_RULES_LEDGER_H
#define PW_RULES_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

enum ledger_account {
#define LEDGER_ACCOUNT(id, code, scope, side, zh, en) LEDGER_##id,
#include "core/rules/ledger_account.def"
#undef LEDGER_ACCOUNT
    LEDGER_ACCOUNT__MAX
};

enum ledger_scope { LEDGER_SCOPE_SITE, LEDGER_SCOPE_CHANNEL, LEDGER_SCOPE_SUPPLY };
enum ledger_side { LEDGER_ANY, LEDGER_CREDIT_ONLY };

enum ledger_posting {
#define LEDGER_POSTING(id, code, debit, credit, sign, zh, en) POSTING_##id,
#include "core/rules/ledger_posting.def"
#undef LEDGER_POSTING
    LEDGER_POSTING__MAX
};

/* Code as in the ledger_account and transfer tables, titles in both languages. Never NULL. */
const char *ledger_account_code(enum ledger_account account);
const char *ledger_account_title_zh(enum ledger_account account);
const char *ledger_account_title_en(enum ledger_account account);
enum ledger_scope ledger_account_scope(enum ledger_account account);
enum ledger_side ledger_account_side(enum ledger_account account);
enum rc ledger_account_find(const char *code, enum ledger_account *ret_account) MUST_CHECK;
const char *ledger_posting_code(enum ledger_posting posting);
const char *ledger_posting_title_zh(enum ledger_posting posting);
const char *ledger_posting_title_en(enum ledger_posting posting);
enum rc ledger_posting_find(const char *code, enum ledger_posting *ret_posting) MUST_CHECK;

/* One row of the transfer table. */
struct ledger_transfer {
    enum ledger_posting posting;
    enum ledger_account debit;
    enum ledger_account credit;
    int64_t amount_fen; /* 1 .. MONEY_MAX_FEN */
};

/* The transfer of a business step. RC_INVALID: zero, or negative where the posting is not signed.
   RC_TOO_LARGE: beyond MONEY_MAX_FEN. */
enum rc ledger_make(enum ledger_posting posting, int64_t amount_fen,
                    struct ledger_transfer *ret_transfer) MUST_CHECK;

/* Why a transfer is not posted, in written order. */
enum transfer_verdict {
    TRANSFER_NOT_POSITIVE,
    TRANSFER_TOO_LARGE,
    TRANSFER_SAME_ACCOUNT,
    TRANSFER_WRONG_ACCOUNTS,  /* not the two accounts of its posting */
    TRANSFER_WRONG_DIRECTION, /* turned round where the posting is not signed */
    TRANSFER_OVERFLOWS,
    TRANSFER_OVERDRAWS, /* more would leave the debited account than ever reached it */
    TRANSFER_OK,
    TRANSFER_VERDICT__MAX
};

/* The last guard before the INSERT: balances are of the two rows, read under lock. */
enum transfer_verdict ledger_guard(const struct ledger_transfer *transfer,
                                   int64_t debit_balance_fen, int64_t credit_balance_fen);
/* "overdraws". Never NULL. */
const char *ledger_verdict_code(enum transfer_verdict verdict);

/* The daily proof of a supply, seen from the tenant: what was there, came and went. */
struct ledger_proof {
    int64_t opening_fen;
    int64_t paid_in_fen; /* delivered or credited */
    int64_t used_fen;
    int64_t refunded_fen;  /* left by adjustment */
    int64_t corrected_fen; /* signed */
    int64_t closing_fen;
};

/* What is missing (plus) or too much (minus) in the closing balance; 0 proves the day.
   RC_TOO_LARGE on overflow. */
enum rc ledger_proof_gap(const struct ledger_proof *proof, int64_t *ret_gap_fen) MUST_CHECK;

#endif

#include "core/rules/ledger.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/rules/money.h"

enum sign { POSITIVE, SIGNED };

static const struct {
    const char *code;
    enum ledger_scope scope;
    enum ledger_side side;
    const char *zh;
    const char *en;
} accounts[LEDGER_ACCOUNT__MAX] = {
#define LEDGER_ACCOUNT(id, code, scope, side, zh, en)                                              \
    [LEDGER_##id] = {code, LEDGER_SCOPE_##scope, side, zh, en},
#include "core/rules/ledger_account.def"
#undef LEDGER_ACCOUNT
};

static const struct {
    const char *code;
    enum ledger_account debit;
    enum ledger_account credit;
    enum sign sign;
    const char *zh;
    const char *en;
} postings[LEDGER_POSTING__MAX] = {
#define LEDGER_POSTING(id, code, debit, credit, sign, zh, en)                                      \
    [POSTING_##id] = {code, LEDGER_##debit, LEDGER_##credit, sign, zh, en},
#include "core/rules/ledger_posting.def"
#undef LEDGER_POSTING
};

static const char *const verdict_codes[TRANSFER_VERDICT__MAX] = {
    [TRANSFER_NOT_POSITIVE] = "not_positive",
    [TRANSFER_TOO_LARGE] = "too_large",
    [TRANSFER_SAME_ACCOUNT] = "same_account",
    [TRANSFER_WRONG_ACCOUNTS] = "wrong_accounts",
    [TRANSFER_WRONG_DIRECTION] = "wrong_direction",
    [TRANSFER_OVERFLOWS] = "overflows",
    [TRANSFER_OVERDRAWS] = "overdraws",
    [TRANSFER_OK] = "ok",
};

static bool known(enum ledger_account account)
{
    return account >= 0 && account < LEDGER_ACCOUNT__MAX;
}

const char *ledger_account_code(enum ledger_account account)
{
    assert(known(account));
    return accounts[account].code;
}

const char *ledger_account_title_zh(enum ledger_account account)
{
    assert(known(account));
    return accounts[account].zh;
}

const char *ledger_account_title_en(enum ledger_account account)
{
    assert(known(account));
    return accounts[account].en;
}

enum ledger_scope ledger_account_scope(enum ledger_account account)
{
    assert(known(account));
    return accounts[account].scope;
}

enum ledger_side ledger_account_side(enum ledger_account account)
{
    assert(known(account));
    return accounts[account].side;
}

enum rc ledger_account_find(const char *code, enum ledger_account *ret_account)
{
    assert(code != NULL && ret_account != NULL);
    for (int i = 0; i < LEDGER_ACCOUNT__MAX; i++) {
        if (strcmp(accounts[i].code, code) == 0) {
            *ret_account = (enum ledger_account)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

const char *ledger_posting_code(enum ledger_posting posting)
{
    assert(posting >= 0 && posting < LEDGER_POSTING__MAX);
    return postings[posting].code;
}

const char *ledger_posting_title_zh(enum ledger_posting posting)
{
    assert(posting >= 0 && posting < LEDGER_POSTING__MAX);
    return postings[posting].zh;
}

const char *ledger_posting_title_en(enum ledger_posting posting)
{
    assert(posting >= 0 && posting < LEDGER_POSTING__MAX);
    return postings[posting].en;
}

enum rc ledger_posting_find(const char *code, enum ledger_posting *ret_posting)
{
    assert(code != NULL && ret_posting != NULL);
    for (int i = 0; i < LEDGER_POSTING__MAX; i++) {
        if (strcmp(postings[i].code, code) == 0) {
            *ret_posting = (enum ledger_posting)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

enum rc ledger_make(enum ledger_posting posting, int64_t amount_fen,
                    struct ledger_transfer *ret_transfer)
{
    assert(posting >= 0 && posting < LEDGER_POSTING__MAX && ret_transfer != NULL);
    if (amount_fen > MONEY_MAX_FEN || amount_fen < -MONEY_MAX_FEN) {
        return RC_TOO_LARGE;
    }
    if (amount_fen == 0 || (amount_fen < 0 && postings[posting].sign == POSITIVE)) {
        return RC_INVALID;
    }
    bool turned = amount_fen < 0;
    *ret_transfer = (struct ledger_transfer){
        .posting = posting,
        .debit = turned ? postings[posting].credit : postings[posting].debit,
        .credit = turned ? postings[posting].debit : postings[posting].credit,
        .amount_fen = turned ? -amount_fen : amount_fen,
    };
    return RC_OK;
}

static enum transfer_verdict guard_accounts(const struct ledger_transfer *transfer)
{
    enum ledger_account debit = postings[transfer->posting].debit;
    enum ledger_account credit = postings[transfer->posting].credit;
    if (transfer->debit == transfer->credit) {
        return TRANSFER_SAME_ACCOUNT;
    }
    if (transfer->debit == debit && transfer->credit == credit) {
        return TRANSFER_OK;
    }
    if (transfer->debit != credit || transfer->credit != debit) {
        return TRANSFER_WRONG_ACCOUNTS;
    }
    return postings[transfer->posting].sign == SIGNED ? TRANSFER_OK : TRANSFER_WRONG_DIRECTION;
}

enum transfer_verdict ledger_guard(const struct ledger_transfer *transfer,
                                   int64_t debit_balance_fen, int64_t credit_balance_fen)
{
    assert(transfer != NULL && transfer->posting >= 0 && transfer->posting < LEDGER_POSTING__MAX);
    assert(known(transfer->debit) && known(transfer->credit));
    if (transfer->amount_fen <= 0) {
        return TRANSFER_NOT_POSITIVE;
    }
    if (transfer->amount_fen > MONEY_MAX_FEN) {
        return TRANSFER_TOO_LARGE;
    }
    enum transfer_verdict verdict = guard_accounts(transfer);
    if (verdict != TRANSFER_OK) {
        return verdict;
    }
    int64_t debit_after_fen = 0;
    int64_t credit_after_fen = 0;
    if (money_add(debit_balance_fen, transfer->amount_fen, &debit_after_fen) != RC_OK ||
        money_sub(credit_balance_fen, transfer->amount_fen, &credit_after_fen) != RC_OK) {
        return TRANSFER_OVERFLOWS;
    }
    bool overdraws = accounts[transfer->debit].side == LEDGER_CREDIT_ONLY && debit_after_fen > 0;
    return overdraws ? TRANSFER_OVERDRAWS : TRANSFER_OK;
}

const char *ledger_verdict_code(enum transfer_verdict verdict)
{
    assert(verdict >= 0 && verdict < TRANSFER_VERDICT__MAX);
    return verdict_codes[verdict];
}

enum rc ledger_proof_gap(const struct ledger_proof *proof, int64_t *ret_gap_fen)
{
    assert(proof != NULL && ret_gap_fen != NULL);
    int64_t gap_fen = proof->opening_fen;
    TRY(money_add(gap_fen, proof->paid_in_fen, &gap_fen));
    TRY(money_sub(gap_fen, proof->used_fen, &gap_fen));
    TRY(money_sub(gap_fen, proof->refunded_fen, &gap_fen));
    TRY(money_add(gap_fen, proof->corrected_fen, &gap_fen));
    TRY(money_sub(gap_fen, proof->closing_fen, &gap_fen));
    *ret_gap_fen = gap_fen;
    return RC_OK;
}

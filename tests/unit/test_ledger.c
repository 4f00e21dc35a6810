/* The ledger: every posting balances, every guard from both sides, and whole lives of a purchase
   that end with every clearing account at zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/ledger.h"
#include "core/rules/money.h"

static int64_t balance_fen[LEDGER_ACCOUNT__MAX];

static void clear(void)
{
    memset(balance_fen, 0, sizeof(balance_fen));
}

static void post(enum ledger_posting posting, int64_t amount_fen)
{
    struct ledger_transfer transfer = {0};
    assert_int_equal(ledger_make(posting, amount_fen, &transfer), RC_OK);
    assert_int_equal(
        ledger_guard(&transfer, balance_fen[transfer.debit], balance_fen[transfer.credit]),
        TRANSFER_OK);
    balance_fen[transfer.debit] += transfer.amount_fen;
    balance_fen[transfer.credit] -= transfer.amount_fen;
    int64_t sum_fen = 0;
    for (int i = 0; i < LEDGER_ACCOUNT__MAX; i++) {
        sum_fen += balance_fen[i];
    }
    assert_int_equal(sum_fen, 0);
}

/* The written law: code, debit, credit, signed. */
static const struct {
    const char *code, *debit, *credit;
    bool is_signed;
} law[LEDGER_POSTING__MAX] = {
    {"adjustment_applied", "tenant_liability", "adjustment_clearing", false},
    {"adjustment_held", "adjustment_clearing", "corrections", false},
    {"adjustment_refunded", "adjustment_clearing", "refund_payable", false},
    {"adjustment_returned", "adjustment_clearing", "meter_clearing", false},
    {"adjustment_return_undone", "meter_clearing", "adjustment_clearing", false},
    {"adjustment_settled", "adjustment_clearing", "settlement", false},
    {"bank_fee", "fees", "receivable", false},
    {"bank_settled", "cash", "receivable", true},
    {"close_balance", "tenant_liability", "settlement", true},
    {"close_debt", "settlement", "corrections", false},
    {"close_paid_in", "receivable", "settlement", false},
    {"close_paid_out", "settlement", "receivable", false},
    {"close_refunded", "settlement", "refund_payable", false},
    {"correction", "corrections", "tenant_liability", true},
    {"correction_given", "corrections", "meter_clearing", false},
    {"correction_given_undone", "meter_clearing", "corrections", false},
    {"delivery_confirmed", "meter_clearing", "tenant_liability", false},
    {"deposit_held", "opening", "deposit", false},
    {"deposit_settled", "deposit", "settlement", false},
    {"deposit_taken", "receivable", "deposit", false},
    {"mode_changed", "adjustment_clearing", "tenant_liability", false},
    {"mode_held", "tenant_liability", "adjustment_clearing", false},
    {"old_price", "revenue", "price_difference", true},
    {"old_price_settled", "price_difference", "corrections", true},
    {"opening", "opening", "tenant_liability", true},
    {"opening_card", "opening", "meter_clearing", false},
    {"opening_card_undone", "meter_clearing", "opening", false},
    {"payment_credited", "meter_clearing", "tenant_liability", false},
    {"payment_settled", "receivable", "meter_clearing", false},
    {"payment_suspense", "receivable", "suspense", false},
    {"refund_failed", "refund_payable", "suspense", false},
    {"refund_paid", "refund_payable", "receivable", false},
    {"refund_suspense", "suspense", "refund_payable", false},
    {"refund_undelivered", "meter_clearing", "refund_payable", false},
    {"suspense_released", "suspense", "meter_clearing", false},
    {"swap_carried", "adjustment_clearing", "tenant_liability", true},
    {"use", "tenant_liability", "revenue", true},
    {"wrong_shop", "corrections", "meter_clearing", false},
    {"wrong_shop_undone", "meter_clearing", "corrections", false},
};

static void test_every_posting(void **context)
{
    (void)context;
    for (int i = 0; i < LEDGER_POSTING__MAX; i++) {
        enum ledger_posting posting = (enum ledger_posting)i;
        assert_string_equal(ledger_posting_code(posting), law[i].code);
        struct ledger_transfer transfer = {0};
        assert_int_equal(ledger_make(posting, 12345, &transfer), RC_OK);
        assert_int_equal(transfer.posting, i);
        assert_string_equal(ledger_account_code(transfer.debit), law[i].debit);
        assert_string_equal(ledger_account_code(transfer.credit), law[i].credit);
        assert_int_equal(transfer.amount_fen, 12345);
        assert_int_not_equal(transfer.debit, transfer.credit);
        struct ledger_transfer turned = transfer;
        assert_int_equal(ledger_make(posting, 0, &turned), RC_INVALID);
        enum rc rc = ledger_make(posting, -12345, &turned);
        assert_int_equal(rc, law[i].is_signed ? RC_OK : RC_INVALID);
        if (rc == RC_OK) {
            assert_int_equal(turned.debit, transfer.credit);
            assert_int_equal(turned.credit, transfer.debit);
            assert_int_equal(turned.amount_fen, 12345);
            assert_int_equal(ledger_guard(&turned, 0, 0), TRANSFER_OK);
        } else {
            assert_memory_equal(&turned, &transfer, sizeof(turned)); /* untouched */
            turned.debit = transfer.credit;
            turned.credit = transfer.debit;
            assert_int_equal(ledger_guard(&turned, -99999, -99999), TRANSFER_WRONG_DIRECTION);
        }
    }
}

static void test_make_bounds(void **context)
{
    (void)context;
    struct ledger_transfer transfer = {0};
    assert_int_equal(ledger_make(POSTING_USE, MONEY_MAX_FEN, &transfer), RC_OK);
    assert_int_equal(ledger_make(POSTING_USE, -MONEY_MAX_FEN, &transfer), RC_OK);
    assert_int_equal(transfer.amount_fen, MONEY_MAX_FEN);
    assert_int_equal(ledger_make(POSTING_USE, MONEY_MAX_FEN + 1, &transfer), RC_TOO_LARGE);
    assert_int_equal(ledger_make(POSTING_USE, -MONEY_MAX_FEN - 1, &transfer), RC_TOO_LARGE);
    assert_int_equal(ledger_make(POSTING_USE, INT64_MIN, &transfer), RC_TOO_LARGE);
    assert_int_equal(ledger_make(POSTING_USE, 1, &transfer), RC_OK);
    assert_int_equal(transfer.amount_fen, 1);
    assert_int_equal(ledger_make(POSTING_USE, -1, &transfer), RC_OK);
    assert_int_equal(ledger_make(POSTING_PAYMENT_SETTLED, -1, &transfer), RC_INVALID);
}

static void test_guard(void **context)
{
    (void)context;
    struct ledger_transfer good = {0};
    assert_int_equal(ledger_make(POSTING_DELIVERY_CONFIRMED, 500, &good), RC_OK);
    assert_int_equal(ledger_guard(&good, -500, 0), TRANSFER_OK);
    assert_int_equal(ledger_guard(&good, -499, 0), TRANSFER_OVERDRAWS);
    assert_int_equal(ledger_guard(&good, -501, 0), TRANSFER_OK);
    assert_int_equal(ledger_guard(&good, INT64_MAX, 0), TRANSFER_OVERFLOWS);
    assert_int_equal(ledger_guard(&good, -500, INT64_MIN), TRANSFER_OVERFLOWS);
    struct ledger_transfer bad = good;
    bad.amount_fen = 0;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_NOT_POSITIVE);
    bad.amount_fen = -1;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_NOT_POSITIVE);
    bad.amount_fen = 1;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_OK);
    bad.amount_fen = MONEY_MAX_FEN;
    assert_int_equal(ledger_guard(&bad, -MONEY_MAX_FEN, 0), TRANSFER_OK);
    bad.amount_fen = MONEY_MAX_FEN + 1;
    assert_int_equal(ledger_guard(&bad, -MONEY_MAX_FEN * 2, 0), TRANSFER_TOO_LARGE);
    bad = good;
    bad.credit = bad.debit;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_SAME_ACCOUNT);
    bad = good;
    bad.debit = LEDGER_SUSPENSE;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_WRONG_ACCOUNTS);
    bad = good;
    bad.credit = LEDGER_REVENUE;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_WRONG_ACCOUNTS);
    bad.debit = good.credit;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_WRONG_ACCOUNTS);
    bad = good;
    bad.credit = good.debit;
    bad.debit = LEDGER_CASH;
    assert_int_equal(ledger_guard(&bad, -500, 0), TRANSFER_WRONG_ACCOUNTS);
    /* An account that may stand on either side may go into debt: use beyond what was bought. */
    assert_int_equal(ledger_make(POSTING_USE, 700, &good), RC_OK);
    assert_int_equal(ledger_guard(&good, -100, 0), TRANSFER_OK);
}

static void all_zero_but(enum ledger_account a, enum ledger_account b)
{
    for (int i = 0; i < LEDGER_ACCOUNT__MAX; i++) {
        if (i != (int)a && i != (int)b) {
            assert_int_equal(balance_fen[i], 0);
        }
    }
}

static void test_lives(void **context)
{
    (void)context;
    clear(); /* paid, delivered, used, settled by the bank less a fee */
    post(POSTING_PAYMENT_SETTLED, 10000);
    post(POSTING_DELIVERY_CONFIRMED, 10000);
    post(POSTING_USE, 10000);
    post(POSTING_BANK_SETTLED, 9940);
    post(POSTING_BANK_FEE, 60);
    assert_int_equal(balance_fen[LEDGER_REVENUE], -10000);
    assert_int_equal(balance_fen[LEDGER_CASH], 9940);
    assert_int_equal(balance_fen[LEDGER_FEES], 60);
    assert_int_equal(balance_fen[LEDGER_TENANT_LIABILITY], 0);
    assert_int_equal(balance_fen[LEDGER_RECEIVABLE], 0);
    assert_int_equal(balance_fen[LEDGER_METER_CLEARING], 0);

    clear(); /* paid, fenced, refunded */
    post(POSTING_PAYMENT_SETTLED, 10000);
    post(POSTING_REFUND_UNDELIVERED, 10000);
    post(POSTING_REFUND_PAID, 10000);
    all_zero_but(LEDGER_CASH, LEDGER_CASH);

    clear(); /* paid twice: suspense, refund fails, refunded from suspense */
    post(POSTING_PAYMENT_SUSPENSE, 10000);
    post(POSTING_REFUND_SUSPENSE, 10000);
    post(POSTING_REFUND_FAILED, 10000);
    post(POSTING_REFUND_SUSPENSE, 10000);
    post(POSTING_REFUND_PAID, 10000);
    all_zero_but(LEDGER_CASH, LEDGER_CASH);

    clear(); /* suspense delivered after all, platform mode */
    post(POSTING_PAYMENT_SUSPENSE, 10000);
    post(POSTING_SUSPENSE_RELEASED, 10000);
    post(POSTING_PAYMENT_CREDITED, 10000);
    all_zero_but(LEDGER_RECEIVABLE, LEDGER_TENANT_LIABILITY);
}

static void test_lives_of_corrections(void **context)
{
    (void)context;
    clear(); /* wrong shop: the right one at once, the wrong one's excess by adjustment */
    post(POSTING_PAYMENT_SETTLED, 10000);
    post(POSTING_DELIVERY_CONFIRMED, 10000);
    post(POSTING_WRONG_SHOP, 10000);
    assert_int_equal(balance_fen[LEDGER_CORRECTIONS], 10000); /* 待扣 */
    post(POSTING_DELIVERY_CONFIRMED, 10000);
    post(POSTING_ADJUSTMENT_APPLIED, 10000);
    post(POSTING_ADJUSTMENT_HELD, 10000);
    all_zero_but(LEDGER_RECEIVABLE, LEDGER_TENANT_LIABILITY);
    assert_int_equal(balance_fen[LEDGER_TENANT_LIABILITY], -10000);

    clear(); /* the credit for a wrong shop, and money for another meter, called off */
    post(POSTING_WRONG_SHOP, 700);
    post(POSTING_WRONG_SHOP_UNDONE, 700);
    post(POSTING_OPENING, 300);
    post(POSTING_ADJUSTMENT_APPLIED, 300);
    post(POSTING_ADJUSTMENT_RETURNED, 300);
    post(POSTING_ADJUSTMENT_RETURN_UNDONE, 300);
    assert_int_equal(balance_fen[LEDGER_CORRECTIONS], 0);
    assert_int_equal(balance_fen[LEDGER_METER_CLEARING], 0);
    assert_int_equal(balance_fen[LEDGER_ADJUSTMENT_CLEARING], -300);

    clear(); /* take-over, refund of the rest, correction both ways */
    post(POSTING_OPENING, 30000);
    post(POSTING_CORRECTION, 250);
    post(POSTING_CORRECTION, -250);
    post(POSTING_ADJUSTMENT_APPLIED, 30000);
    post(POSTING_ADJUSTMENT_REFUNDED, 20000);
    post(POSTING_ADJUSTMENT_RETURNED, 10000);
    post(POSTING_DELIVERY_CONFIRMED, 10000);
    post(POSTING_REFUND_PAID, 20000);
    assert_int_equal(balance_fen[LEDGER_TENANT_LIABILITY], -10000);
    assert_int_equal(balance_fen[LEDGER_OPENING], 30000);
    clear(); /* to platform mode and back: the supply's money stays its own */
    post(POSTING_OPENING, 800);
    post(POSTING_ADJUSTMENT_APPLIED, 800);
    post(POSTING_MODE_CHANGED, 800);
    post(POSTING_USE, 300);
    post(POSTING_MODE_HELD, 500);
    post(POSTING_MODE_CHANGED, 500);
    assert_int_equal(balance_fen[LEDGER_TENANT_LIABILITY], -500);
    assert_int_equal(balance_fen[LEDGER_ADJUSTMENT_CLEARING], 0);
    clear(); /* taken over in debt */
    post(POSTING_OPENING, -500);
    assert_int_equal(balance_fen[LEDGER_TENANT_LIABILITY], 500);
}

static void test_proof(void **context)
{
    (void)context;
    struct ledger_proof proof = {.opening_fen = 1000,
                                 .paid_in_fen = 5000,
                                 .used_fen = 2100,
                                 .refunded_fen = 300,
                                 .corrected_fen = -50,
                                 .closing_fen = 3550};
    int64_t gap_fen = 1;
    assert_int_equal(ledger_proof_gap(&proof, &gap_fen), RC_OK);
    assert_int_equal(gap_fen, 0);
    proof.closing_fen = 3500;
    assert_int_equal(ledger_proof_gap(&proof, &gap_fen), RC_OK);
    assert_int_equal(gap_fen, 50);
    static const struct ledger_proof far[] = {
        {.opening_fen = INT64_MAX, .paid_in_fen = 1},
        {.opening_fen = INT64_MIN, .used_fen = 1},
        {.opening_fen = INT64_MIN, .refunded_fen = 1},
        {.opening_fen = INT64_MAX, .corrected_fen = 1},
        {.opening_fen = INT64_MIN, .closing_fen = 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        assert_int_equal(ledger_proof_gap(&far[i], &gap_fen), RC_TOO_LARGE);
    }
    assert_int_equal(gap_fen, 50);
}

static void test_names(void **context)
{
    (void)context;
    static const struct {
        const char *code;
        enum ledger_scope scope;
        enum ledger_side side;
    } rows[LEDGER_ACCOUNT__MAX] = {
        {"adjustment_clearing", LEDGER_SCOPE_SUPPLY, LEDGER_CREDIT_ONLY},
        {"cash", LEDGER_SCOPE_SITE, LEDGER_ANY},
        {"corrections", LEDGER_SCOPE_SITE, LEDGER_ANY},
        {"deposit", LEDGER_SCOPE_SITE, LEDGER_CREDIT_ONLY},
        {"fees", LEDGER_SCOPE_SITE, LEDGER_ANY},
        {"meter_clearing", LEDGER_SCOPE_SUPPLY, LEDGER_CREDIT_ONLY},
        {"opening", LEDGER_SCOPE_SITE, LEDGER_ANY},
        {"price_difference", LEDGER_SCOPE_SUPPLY, LEDGER_ANY},
        {"receivable", LEDGER_SCOPE_CHANNEL, LEDGER_ANY},
        {"refund_payable", LEDGER_SCOPE_CHANNEL, LEDGER_CREDIT_ONLY},
        {"revenue", LEDGER_SCOPE_SITE, LEDGER_ANY},
        {"settlement", LEDGER_SCOPE_SITE, LEDGER_ANY},
        {"suspense", LEDGER_SCOPE_SITE, LEDGER_CREDIT_ONLY},
        {"tenant_liability", LEDGER_SCOPE_SUPPLY, LEDGER_ANY},
    };
    for (int i = 0; i < LEDGER_ACCOUNT__MAX; i++) {
        enum ledger_account account = (enum ledger_account)i;
        assert_string_equal(ledger_account_code(account), rows[i].code);
        assert_int_equal(ledger_account_scope(account), rows[i].scope);
        assert_int_equal(ledger_account_side(account), rows[i].side);
        assert_true(strlen(ledger_account_title_zh(account)) > 0);
        assert_true(strlen(ledger_account_title_en(account)) > 0);
        enum ledger_account found = LEDGER_ACCOUNT__MAX;
        assert_int_equal(ledger_account_find(rows[i].code, &found), RC_OK);
        assert_int_equal(found, i);
    }
    for (int i = 0; i < LEDGER_POSTING__MAX; i++) {
        enum ledger_posting found = LEDGER_POSTING__MAX;
        assert_int_equal(ledger_posting_find(law[i].code, &found), RC_OK);
        assert_int_equal(found, i);
        assert_true(strlen(ledger_posting_title_zh(found)) > 0);
        assert_true(strlen(ledger_posting_title_en(found)) > 0);
        assert_true(strlen(ledger_posting_code(found)) <= 32);
    }
    enum ledger_account account = LEDGER_CASH;
    enum ledger_posting posting = POSTING_USE;
    assert_int_equal(ledger_account_find("money", &account), RC_NOT_FOUND);
    assert_int_equal(ledger_posting_find("money", &posting), RC_NOT_FOUND);
    assert_int_equal(account, LEDGER_CASH);
    assert_int_equal(posting, POSTING_USE);
    static const char *const verdicts[] = {
        "not_positive",    "too_large", "same_account", "wrong_accounts",
        "wrong_direction", "overflows", "overdraws",    "ok"};
    assert_int_equal(ARRAY_LEN(verdicts), TRANSFER_VERDICT__MAX);
    for (int i = 0; i < TRANSFER_VERDICT__MAX; i++) {
        assert_string_equal(ledger_verdict_code((enum transfer_verdict)i), verdicts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_posting),
        cmocka_unit_test(test_make_bounds),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_lives),
        cmocka_unit_test(test_lives_of_corrections),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

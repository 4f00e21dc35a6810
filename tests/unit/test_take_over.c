/* Taking over a live meter: what differs, in written order; numbers, phones and zones of money. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/flow/number.h"
#include "core/flow/phone.h"
#include "core/flow/zone.h"
#include "core/rules/take_over.h"

static struct take_over_facts fine(void)
{
    return (struct take_over_facts){
        .has_sheet_balance = true,
        .sheet_balance_fen = 10000,
        .has_sheet_count = true,
        .sheet_count = 7,
        .has_sheet_alarm = true,
        .sheet_alarm_fen = 5000,
        .tolerance_fen = 100,
        .first = {.known = true, .at_ms = 1, .count = 7, .balance_fen = 10000, .energy_wh = 1},
        .second = {.known = true, .at_ms = 2, .count = 7, .balance_fen = 9950, .energy_wh = 2},
        .prices_known = true,
        .prices_fit = true,
        .alarm_known = true,
        .alarm_fen = 5000,
    };
}

static void test_order(void **context)
{
    (void)context;
    struct take_over_facts facts = fine();
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_OK);
    facts.alarm_fen = 4000;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_ALARM_DIFFERS);
    facts.prices_fit = false;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_PRICE_DIFFERS);
    facts.sheet_balance_fen = 20000;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_BALANCE_DIFFERS);
    facts.sheet_count = 8;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_COUNT_DIFFERS);
    facts.first.known = false;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_SILENT);
}

static void test_what_the_sheet_does_not_say_is_not_compared(void **context)
{
    (void)context;
    struct take_over_facts facts = fine();
    facts.has_sheet_balance = facts.has_sheet_count = facts.has_sheet_alarm = false;
    facts.sheet_balance_fen = facts.sheet_count = facts.sheet_alarm_fen = -1;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_OK);
    facts.prices_known = facts.prices_fit = false;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_OK);
    facts = fine();
    facts.alarm_known = false;
    facts.alarm_fen = 0;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_OK);
}

static void test_the_two_readings(void **context)
{
    (void)context;
    struct take_over_facts facts = fine();
    facts.second.known = false;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_OK);
    facts = fine();
    facts.has_sheet_count = false;
    facts.second.count = 8; /* somebody bought by card in between */
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_COUNT_DIFFERS);
    facts = fine();
    facts.second.balance_fen = 10001; /* money from elsewhere */
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_BALANCE_DIFFERS);
    facts = fine();
    facts.has_sheet_balance = false;
    facts.second.balance_fen = 9900;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_OK);
    facts.second.balance_fen = 9899;
    assert_int_equal(take_over_judge(&facts), TAKE_OVER_BALANCE_DIFFERS);
}

static void test_words(void **context)
{
    (void)context;
    for (int i = 0; i < TAKE_OVER_VERDICT__MAX; i++) {
        enum take_over_verdict verdict = (enum take_over_verdict)i;
        assert_true(take_over_verdict_code(verdict)[0] != '\0');
        assert_int_equal(take_over_verdict_zh(verdict)[0] == '\0', i == TAKE_OVER_OK);
        assert_int_equal(take_over_verdict_en(verdict)[0] == '\0', i == TAKE_OVER_OK);
    }
}

static void test_phones(void **context)
{
    (void)context;
    static const struct {
        const char *typed;
        const char *phone; /* NULL: refused */
    } rows[] = {
        {"13800138000", "13800138000"},
        {"138 0013-8000", "13800138000"},
        {"+8613800138000", "13800138000"},
        {"+85291234567", "+85291234567"},
        {"1380013800", NULL},
        {"138001380000", NULL},
        {"23800138000", NULL},
        {"", NULL},
        {"+", NULL},
        {"+1234567", NULL},
        {"138001380a0", NULL},
        {"13800+138000", NULL},
        {"+12345678901234567890123", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char phone[PHONE_BYTES] = "untouched";
        enum rc rc = phone_normalise(rows[i].typed, phone);
        assert_int_equal(rc, rows[i].phone == NULL ? RC_INVALID : RC_OK);
        assert_string_equal(phone, rows[i].phone == NULL ? "untouched" : rows[i].phone);
    }
}

static void test_phone_is_sealed_and_opened(void **context)
{
    (void)context;
    const uint8_t key[CRYPTO_KEY_BYTES] = {1};
    const uint8_t other[CRYPTO_KEY_BYTES] = {2};
    struct contact contact = {0};
    uint8_t hash[CONTACT_HASH_BYTES];
    char phone[PHONE_BYTES];
    assert_int_equal(phone_seal(key, "13800138000", &contact), RC_OK);
    assert_string_equal(contact.phone_tail, "8000");
    phone_hash(key, "13800138000", hash);
    assert_memory_equal(hash, contact.phone_hash, sizeof hash);
    assert_int_equal(phone_open(key, &contact, phone), RC_OK);
    assert_string_equal(phone, "13800138000");
    assert_int_equal(phone_open(other, &contact, phone), RC_INVALID);
    phone_mask(contact.phone_tail, phone);
    assert_string_equal(phone, "*******8000");
}

static void test_zones(void **context)
{
    (void)context;
    struct calendar_zone zone;
    assert_int_equal(zone_load("Asia/Shanghai", &zone), RC_OK);
    assert_int_equal(zone.rows[0].offset_minutes, 480);
    assert_int_equal(zone.count, 1);
    assert_int_equal(zone_load("Europe/Berlin", &zone), RC_OK);
    /* 2026-07-01 12:00 UTC is 14:00 there, 2026-01-01 12:00 UTC is 13:00. */
    assert_int_equal(calendar_local_ms(&zone, INT64_C(1782907200000)), INT64_C(1782914400000));
    assert_int_equal(calendar_local_ms(&zone, INT64_C(1767268800000)), INT64_C(1767272400000));
    assert_int_equal(zone_load("No/Where", &zone), RC_NOT_FOUND);
    assert_int_equal(zone_load("../../../etc/passwd", &zone), RC_NOT_FOUND);
    assert_int_equal(zone_load("/etc/passwd", &zone), RC_NOT_FOUND);
    assert_int_equal(zone_load("tzdata.zi", &zone), RC_INVALID);
}

static void test_numbers(void **context)
{
    (void)context;
    char number[NUMBER_BYTES];
    char other[NUMBER_BYTES];
    assert_int_equal(number_make('P', INT64_C(1782907205000), number), RC_OK);
    assert_int_equal(number_make('P', INT64_C(1782907205000), other), RC_OK);
    assert_int_equal(strlen(number), 21);
    assert_memory_equal(number, "P260701120005", 13);
    assert_string_not_equal(number, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_what_the_sheet_does_not_say_is_not_compared),
        cmocka_unit_test(test_the_two_readings),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_phones),
        cmocka_unit_test(test_phone_is_sealed_and_opened),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("take_over", tests, NULL, NULL);
}

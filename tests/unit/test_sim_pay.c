/* The sandbox's signatures, seals and files against published answers (tests/cases/pay). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/crypto.h"
#include "core/base/json.h"
#include "sim/pay/keyring.h"
#include "sim/pay/tools.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

static struct json_object *document(const char *name)
{
    char path[512];
    struct json_object *json = NULL;
    (void)snprintf(path, sizeof(path), "%s/tests/cases/pay/%s", PW_SOURCE_DIR, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *bytes = malloc(FILE_BYTES_MAX);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    assert_int_equal(json_parse(bytes, len, JSON_DEPTH_MAX, &json), RC_OK);
    (void)fclose(file);
    free(bytes);
    return json;
}

static const char *text_of(const struct json_object *json, const char *key)
{
    const char *text = NULL;
    assert_int_equal(json_get_text(json, key, 0, 65536, &text), RC_OK);
    return text;
}

static const struct json_object *array_of(const struct json_object *json, const char *key)
{
    const struct json_object *array = NULL;
    assert_int_equal(json_get_array(json, key, 1000, &array), RC_OK);
    return array;
}

static enum rc add_field(void *context, const char *key, const struct json_object *value)
{
    const char *text = NULL;
    assert_int_equal(json_as_text(value, 0, 65536, &text), RC_OK);
    form_add(context, key, text);
    return RC_OK;
}

static void form_of(const struct json_object *json, const char *key, struct form *form)
{
    const struct json_object *fields = NULL;
    *form = (struct form){.count = 0};
    assert_int_equal(json_get_object(json, key, &fields), RC_OK);
    assert_int_equal(json_each(fields, add_field, form), RC_OK);
}

/* Published with the Java SDK of WeChat Pay (AeadAesCipherTest). */
static void seals_as_published(void **state)
{
    (void)state;
    struct text sealed;
    text_init(&sealed, 65536);
    assert_int_equal(seal_gcm("a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb", "uluk4a9R25RW", "associatedData",
                              "message", 7, &sealed),
                     RC_OK);
    assert_string_equal(text_string(&sealed), "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=");
    text_release(&sealed);
}

static void unionpay_strings_as_published(void **state)
{
    (void)state;
    CLEANUP(json_release) struct json_object *json = document("unionpay.json");
    const struct json_object *all = array_of(json, "sign");
    assert_true(json_count(all) > 0);
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json_object *one = json_at(all, i);
        struct form form;
        struct text string;
        uint8_t sum[CRYPTO_HASH_BYTES];
        char hex[CRYPTO_HASH_HEX_BYTES];
        form_of(one, "fields", &form);
        text_init(&string, 65536);
        sign_string(&form, "signature", false, &string);
        crypto_sha256(string.bytes, string.len, sum);
        assert_string_equal(crypto_hex(sum, sizeof(sum), hex), text_of(one, "digest_hex"));
        text_release(&string);
    }
}

/* The official SDK signed these; the private key holds the public one. */
static void alipay_strings_as_published(void **state)
{
    (void)state;
    CLEANUP(json_release) struct json_object *json = document("alipay.json");
    CLEANUP(rsa_free) struct rsa_key *key = NULL;
    const struct json_object *own = NULL;
    assert_int_equal(json_get_object(json, "app_test_key", &own), RC_OK);
    const char *der = text_of(own, "private_key_pkcs1_der_base64");
    assert_int_equal(rsa_private_load(der, strlen(der), &key), RC_OK);
    const struct json_object *all = array_of(json, "request_signatures");
    assert_true(json_count(all) > 0);
    for (size_t i = 0; i < json_count(all); i++) {
        struct form form;
        struct text string;
        form_of(json_at(all, i), "params", &form);
        text_init(&string, 65536);
        sign_string(&form, "sign", false, &string);
        assert_int_equal(rsa_verify(key, string.bytes, string.len, form_text(&form, "sign")),
                         RC_OK);
        text_release(&string);
    }
}

static void alipay_serials_as_published(void **state)
{
    (void)state;
    CLEANUP(json_release) struct json_object *json = document("alipay.json");
    const struct json_object *all = array_of(json, "cert_sn");
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json_object *one = json_at(all, i);
        const char *pem = text_of(one, "pem");
        char sn[33];
        if (strcmp(text_of(one, "kind"), "root") != 0) { /* ours has one root only */
            assert_int_equal(alipay_certificate_sn(pem, strlen(pem), sn), RC_OK);
            assert_string_equal(sn, text_of(one, "sn"));
        }
    }
}

static void archive_is_one(void **state)
{
    (void)state;
    const struct zip_file files[] = {{"a.csv", "one", 3}, {"b.csv", "", 0}};
    struct text zip;
    text_init(&zip, 4096);
    zip_write(files, 2, &zip);
    assert_int_equal(text_result(&zip), RC_OK);
    assert_memory_equal(zip.bytes, "PK\x03\x04", 4);
    assert_memory_equal(zip.bytes + 30, "a.csvone", 8);
    /* CRC-32 of "one", as Python says it */
    assert_memory_equal(zip.bytes + 14, "\xf1\x86\x6c\x7a", 4);
    text_release(&zip);
}

static void times_and_money(void **state)
{
    (void)state;
    char text[TIME_TEXT_MAX];
    int64_t at_ms = 0;
    int64_t fen = 0;
    assert_string_equal(time_rfc3339(1767294246000, text), "2026-01-02T03:04:06+08:00");
    assert_string_equal(time_compact(1767294246000, text), "20260102030406");
    assert_int_equal(time_read_compact("20260102030406", &at_ms), RC_OK);
    assert_int_equal(at_ms, 1767294246000);
    assert_int_equal(time_read_plain("2026-01-02 03:04:06", &at_ms), RC_OK);
    assert_int_equal(at_ms, 1767294246000);
    assert_int_equal(time_read_compact("20260132030406", &at_ms), RC_INVALID);
    assert_int_equal(day_of(1767283199000) + 1, day_of(1767283200000)); /* midnight of China */
    assert_string_equal(yuan(-5, text), "-0.05");
    assert_int_equal(yuan_read("12.34", &fen), RC_OK);
    assert_int_equal(fen, 1234);
    assert_int_equal(yuan_read("0.001", &fen), RC_INVALID);
}

static void gbk_of_what_it_has(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, 100000);
    assert_int_equal(to_gbk("元a", 4, &out), RC_OK);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.bytes, "\xd4\xaa\x61", 3);
    text_clear(&out);
    assert_int_equal(to_gbk("\xF0\x9F\x94\x8C", 4, &out), RC_INVALID);
    text_clear(&out);
    char many[30001];
    for (size_t i = 0; i < 10000; i++) {
        memcpy(many + 3 * i, "元", 4);
    }
    assert_int_equal(to_gbk(many, 30000, &out), RC_OK); /* longer than one piece */
    assert_int_equal(out.len, 20000);
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_as_published),
        cmocka_unit_test(unionpay_strings_as_published),
        cmocka_unit_test(alipay_strings_as_published),
        cmocka_unit_test(alipay_serials_as_published),
        cmocka_unit_test(archive_is_one),
        cmocka_unit_test(times_and_money),
        cmocka_unit_test(gbk_of_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

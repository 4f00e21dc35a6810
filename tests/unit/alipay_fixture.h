/* The Alipay merchant of the known answers, and the side of Alipay that signs to it. */
#ifndef PW_TESTS_UNIT_ALIPAY_FIXTURE_H
#define PW_TESTS_UNIT_ALIPAY_FIXTURE_H

#include "pay_fixture.h"

#include "core/base/crypto.h"
#include "core/pay/alipay_own.h"

#define ALIPAY_NOW_MS INT64_C(1767294245000) /* 2026-01-02 03:04:05 in China */

static inline const struct json_object *certificate_of(const struct json_object *document,
                                                       const char *kind)
{
    const struct json_object *all = array_of(document, "cert_sn");
    for (size_t i = 0; i < json_count(all); i++) {
        if (strcmp(text_of(json_at(all, i), "kind"), kind) == 0) {
            return json_at(all, i);
        }
    }
    fail_msg("no certificate %s", kind);
    return NULL;
}

static inline const struct pay_merchant *
alipay_merchant(struct fixture *fixture, const struct json_object *document, bool certificates)
{
    fixture_begin(fixture);
    text_add_string(&fixture->ini, "[pay.alipay]\napp_id = 2014060600164699\n"
                                   "seller_id = 2088531891668739\n");
    fixture_key(fixture, "private_key_file",
                text_of(object_of(document, "app_test_key"), "private_key_pkcs1_der_base64"));
    if (certificates) {
        fixture_key(fixture, "app_certificate_file",
                    text_of(certificate_of(document, "app"), "pem"));
        fixture_key(fixture, "alipay_certificate_file",
                    text_of(certificate_of(document, "alipay"), "pem"));
        fixture_key(fixture, "root_certificate_file",
                    text_of(certificate_of(document, "root"), "pem"));
    } else {
        fixture_key(fixture, "alipay_public_key_file",
                    text_of(object_of(document, "alipay_side_test_key"), "public_key_pem"));
    }
    fixture_open(fixture, ALIPAY_NOW_MS);
    const struct pay_merchant *merchant = pay_merchant_of(fixture->pay, PAY_ALIPAY);
    assert_non_null(merchant);
    return merchant;
}

static inline struct rsa_key *alipay_side(const struct json_object *document)
{
    const char *text =
        text_of(object_of(document, "alipay_side_test_key"), "private_key_pkcs8_der_base64");
    struct rsa_key *key = NULL;
    assert_int_equal(rsa_private_load(text, strlen(text), &key), RC_OK);
    return key;
}

/* {"<member>":node,"sign":"..."} as the gateway writes it. */
static inline struct http_answer alipay_answer(struct arena *arena, const struct rsa_key *key,
                                               const char *member, const char *node)
{
    const char *sign = NULL;
    assert_int_equal(rsa_sign(key, node, strlen(node), arena, &sign), RC_OK);
    const char *body = arena_printf(arena, "{\"%s\":%s,\"sign\":\"%s\"}", member, node, sign);
    return (struct http_answer){.status = 200, .body = body, .body_len = strlen(body)};
}

#endif

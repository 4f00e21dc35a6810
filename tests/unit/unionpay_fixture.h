/*
 * The UnionPay merchant of the known answers; and a UnionPay of our own, with a chain made anew for
 * each run, that signs what the known answers lack.
 */
#ifndef PW_TESTS_UNIT_UNIONPAY_FIXTURE_H
#define PW_TESTS_UNIT_UNIONPAY_FIXTURE_H

#include "pay_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/crypto.h"
#include "core/pay/unionpay_own.h"

#define UNIONPAY_NOW_MS INT64_C(1796083200000) /* 2026-12-01 */
#define UNIONPAY_ORDER_MS INT64_C(1767294245000)
#define UNIONPAY_OWNER "041@Z2026@中国银联股份有限公司@00000001"

struct unionpay_side {
    EVP_PKEY *root_key;
    EVP_PKEY *leaf_key;
    char *root;
    char *middle;
    char *leaf; /* with CRLF, as it is sent */
};

static inline char *certificate_text(X509 *certificate, bool crlf)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = calloc(2, (size_t)len + 1);
    size_t used = 0;
    for (long i = 0; i < len; i++) {
        if (crlf && bytes[i] == '\n') {
            text[used++] = '\r';
        }
        text[used++] = bytes[i];
    }
    BIO_free(bio);
    return text;
}

static inline X509 *certificate_make(const char *name, EVP_PKEY *key, const X509 *issuer,
                                     EVP_PKEY *issuer_key, long days, const EVP_MD *hash)
{
    X509 *made = X509_new();
    (void)X509_set_version(made, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(made), 4660);
    (void)ASN1_TIME_set(X509_getm_notBefore(made), UNIONPAY_NOW_MS / 1000 - 86400);
    (void)ASN1_TIME_set(X509_getm_notAfter(made), UNIONPAY_NOW_MS / 1000 + days * 86400);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                                     (const unsigned char *)name, -1, -1, 0);
    (void)X509_set_issuer_name(made, X509_get_subject_name(issuer == NULL ? made : issuer));
    (void)X509_set_pubkey(made, key);
    if (strncmp(name, "CA", 2) == 0) {
        X509_EXTENSION *authority =
            X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
        (void)X509_add_ext(made, authority, -1);
        X509_EXTENSION_free(authority);
    }
    assert_true(X509_sign(made, issuer_key, hash) > 0);
    return made;
}

static inline void unionpay_side_make(struct unionpay_side *side, const char *owner, long days,
                                      const EVP_MD *hash)
{
    side->root_key = EVP_RSA_gen(2048);
    side->leaf_key = EVP_RSA_gen(2048);
    X509 *root =
        certificate_make("CA root", side->root_key, NULL, side->root_key, 3650, EVP_sha256());
    X509 *middle =
        certificate_make("CA middle", side->root_key, root, side->root_key, 3650, EVP_sha256());
    X509 *leaf = certificate_make(owner, side->leaf_key, middle, side->root_key, days, hash);
    side->root = certificate_text(root, false);
    side->middle = certificate_text(middle, false);
    side->leaf = certificate_text(leaf, true);
    X509_free(root);
    X509_free(middle);
    X509_free(leaf);
}

static inline void unionpay_side_open(struct unionpay_side *side, const char *owner, long days)
{
    unionpay_side_make(side, owner, days, EVP_sha256());
}

static inline void unionpay_side_close(struct unionpay_side *side)
{
    EVP_PKEY_free(side->root_key);
    EVP_PKEY_free(side->leaf_key);
    free(side->root);
    free(side->middle);
    free(side->leaf);
}

/* Adds certificate and signature to what UnionPay says. */
static inline void unionpay_side_sign(const struct unionpay_side *side, struct arena *arena,
                                      struct form *form)
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    char hex[CRYPTO_HASH_HEX_BYTES];
    const char *signature = NULL;
    struct text text;
    form_add(form, "signPubKeyCert", side->leaf);
    form_sort(form);
    text_init(&text, (size_t)8 << 20);
    form_add_raw(form, false, &text);
    crypto_sha256(text_string(&text), text.len, hash);
    text_release(&text);
    assert_int_equal(rsa_sign((struct rsa_key *)side->leaf_key, crypto_hex(hash, sizeof(hash), hex),
                              64, arena, &signature),
                     RC_OK);
    form_add(form, "signature", signature);
}

/* The merchant, pinning this root and middle. */
static inline const struct pay_merchant *unionpay_merchant(struct fixture *fixture,
                                                           const struct json_object *document,
                                                           const char *merchant_id,
                                                           const char *root, const char *middle,
                                                           bool test_certificates)
{
    const struct json_object *key = json_at(array_of(document, "merchant_test_keys"), 0);
    fixture_begin(fixture);
    text_printf(&fixture->ini, "[pay.unionpay]\nmerchant_id = %s\ntest_certificates = %s\n",
                merchant_id, test_certificates ? "true" : "false");
    fixture_key(fixture, "private_key_file", text_of(key, "private_key_pkcs8_der_base64"));
    fixture_key(fixture, "certificate_file", text_of(key, "certificate_pem"));
    fixture_key(fixture, "root_certificate_file", root);
    fixture_key(fixture, "middle_certificate_file", middle);
    fixture_open(fixture, UNIONPAY_NOW_MS);
    const struct pay_merchant *merchant = pay_merchant_of(fixture->pay, PAY_UNIONPAY);
    assert_non_null(merchant);
    return merchant;
}

#endif

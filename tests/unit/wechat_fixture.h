/* The WeChat Pay merchant of the known answers, and the platform that signs to it. */
#ifndef PW_TESTS_UNIT_WECHAT_FIXTURE_H
#define PW_TESTS_UNIT_WECHAT_FIXTURE_H

#include "pay_fixture.h"

#include <openssl/evp.h>

#include "core/pay/wechat_own.h"

#define SEAL_NONCE "fdasflkja484"
#define WECHAT_NOW_MS INT64_C(1767294246000)

/* The merchant of the known answers, believing both kinds of keys. */
static inline const struct pay_merchant *
merchant_open(struct fixture *fixture, const struct json_object *document, int64_t now_ms)
{
    const struct json_object *own = object_of(document, "merchant_test_key");
    const struct json_object *platform = object_of(document, "platform_test_pair");
    struct text *ini = &fixture->ini;
    fixture_begin(fixture);
    text_printf(ini, "[pay.wechat]\napp_id = wxd678efh567hg6787\nmerchant_id = %s\n",
                text_of(own, "mchid"));
    text_printf(ini, "merchant_serial = %s\npublic_key_id = %s\ncertificate_directory = %s\n",
                text_of(own, "serial_no"), text_of(platform, "public_key_id_used_here"),
                fixture->folder);
    fixture_key(fixture, "private_key_file", text_of(own, "private_key_pkcs8_der_base64"));
    fixture_key(fixture, "public_key_file", text_of(platform, "public_key_pem"));
    fixture_key(fixture, "api_key_file",
                text_of(object_of(document, "notifications"), "apiv3_key"));
    fixture_key(fixture, "app_secret_file", "secret&1");
    (void)fixture_file(fixture, "one.pem", text_of(platform, "certificate_pem"));
    fixture_open(fixture, now_ms);
    const struct pay_merchant *merchant = pay_merchant_find(fixture->pay, "wechat", "main");
    assert_non_null(merchant);
    assert_int_equal(pay_merchant_provider(merchant), PAY_WECHAT);
    return merchant;
}

/* The sandbox's part: seals and signs as the platform does. */
struct platform {
    struct rsa_key *key;
    const char *id;
    const char *api_key;
    struct arena *arena;
    char timestamp[24];
    struct http_header headers[8];
};

static inline const char *seal(const struct platform *platform, const char *plain,
                               const char *associated)
{
    size_t len = strlen(plain);
    uint8_t *sealed = arena_take(platform->arena, len + 16);
    int out = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL,
                                        (const uint8_t *)platform->api_key,
                                        (const uint8_t *)SEAL_NONCE),
                     1);
    if (associated[0] != '\0') {
        assert_int_equal(EVP_EncryptUpdate(context, NULL, &out, (const uint8_t *)associated,
                                           (int)strlen(associated)),
                         1);
    }
    assert_int_equal(EVP_EncryptUpdate(context, sealed, &out, (const uint8_t *)plain, (int)len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(context, sealed + out, &out), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, sealed + len), 1);
    EVP_CIPHER_CTX_free(context);
    char *text = arena_take(platform->arena, CRYPTO_BASE64_BYTES(len + 16));
    return crypto_base64(sealed, len + 16, text);
}

static inline size_t sign(struct platform *platform, const char *body, int64_t now_ms)
{
    const char *signature = NULL;
    (void)snprintf(platform->timestamp, sizeof(platform->timestamp), "%lld",
                   (long long)(now_ms / 1000));
    const char *message =
        arena_printf(platform->arena, "%s\nNONCE\n%s\n", platform->timestamp, body);
    assert_int_equal(rsa_sign(platform->key, message, strlen(message), platform->arena, &signature),
                     RC_OK);
    platform->headers[0] = (struct http_header){"Wechatpay-Serial", platform->id};
    platform->headers[1] = (struct http_header){"Wechatpay-Timestamp", platform->timestamp};
    platform->headers[2] = (struct http_header){"Wechatpay-Nonce", "NONCE"};
    platform->headers[3] = (struct http_header){"Wechatpay-Signature", signature};
    return 4;
}

static inline void platform_open(struct platform *platform, struct fixture *fixture,
                                 const struct json_object *document)
{
    const struct json_object *pair = object_of(document, "platform_test_pair");
    const char *key = text_of(pair, "private_key_pkcs8_der_base64");
    platform->arena = &fixture->arena;
    platform->id = text_of(pair, "public_key_id_used_here");
    platform->api_key = text_of(object_of(document, "notifications"), "apiv3_key");
    assert_int_equal(rsa_private_load(key, strlen(key), &platform->key), RC_OK);
}

#endif

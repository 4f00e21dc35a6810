#include "core/base/rsa.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/crypto.h"

#define KEY_BITS_MIN 2048
#define KEY_BITS_MAX 8192
#define KEY_DER_MAX 8192

/* Both are OpenSSL's objects under our names: struct rsa_key is an EVP_PKEY. */
static EVP_PKEY *key_inside(const struct rsa_key *key)
{
    return (EVP_PKEY *)(uintptr_t)key;
}

static void bio_release(BIO **bio)
{
    BIO_free(*bio);
}

static void context_release(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

/* Without it PEM_read would ask at the terminal for the password of an encrypted key. */
static int no_password(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static enum rc key_take(EVP_PKEY *key, struct rsa_key **ret_key)
{
    if (key == NULL) {
        return RC_INVALID;
    }
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || bits < KEY_BITS_MIN || bits > KEY_BITS_MAX) {
        EVP_PKEY_free(key);
        return RC_INVALID;
    }
    *ret_key = (struct rsa_key *)key;
    return RC_OK;
}

/* Text without PEM armour is base64 of DER, as provider tools write it; line ends are skipped. */
static size_t bare_der(const char *text, size_t len, uint8_t der[KEY_DER_MAX])
{
    char joined[KEY_DER_MAX];
    size_t joined_len = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL) {
            if (joined_len == sizeof(joined)) {
                return 0;
            }
            joined[joined_len++] = text[i];
        }
    }
    size_t der_len = 0;
    enum rc rc = crypto_unbase64(joined, joined_len, der, KEY_DER_MAX, &der_len);
    crypto_wipe(joined, sizeof(joined));
    return rc == RC_OK ? der_len : 0;
}

static bool is_pem(const char *text, size_t len)
{
    return len > 10 && memmem(text, len, "-----BEGIN", 10) != NULL;
}

enum rc rsa_private_load(const char *text, size_t len, struct rsa_key **ret_key)
{
    assert(text != NULL && len <= INT32_MAX && ret_key != NULL);
    if (is_pem(text, len)) {
        CLEANUP(bio_release) BIO *bio = BIO_new_mem_buf(text, (int)len);
        return bio == NULL
                   ? RC_MEMORY
                   : key_take(PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL), ret_key);
    }
    uint8_t der[KEY_DER_MAX];
    const uint8_t *at = der;
    size_t der_len = bare_der(text, len, der);
    EVP_PKEY *key = der_len == 0 ? NULL : d2i_AutoPrivateKey(NULL, &at, (long)der_len);
    crypto_wipe(der, sizeof(der));
    return key_take(key, ret_key);
}

enum rc rsa_public_load(const char *text, size_t len, struct rsa_key **ret_key)
{
    assert(text != NULL && len <= INT32_MAX && ret_key != NULL);
    if (is_pem(text, len)) {
        CLEANUP(bio_release) BIO *bio = BIO_new_mem_buf(text, (int)len);
        return bio == NULL ? RC_MEMORY
                           : key_take(PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL), ret_key);
    }
    uint8_t der[KEY_DER_MAX];
    const uint8_t *at = der;
    size_t der_len = bare_der(text, len, der);
    return key_take(der_len == 0 ? NULL : d2i_PUBKEY(NULL, &at, (long)der_len), ret_key);
}

void rsa_free(struct rsa_key **key)
{
    assert(key != NULL);
    EVP_PKEY_free((EVP_PKEY *)*key);
    *key = NULL;
}

enum rc rsa_sign(const struct rsa_key *key, const char *bytes, size_t len, struct arena *arena,
                 const char **ret_base64)
{
    assert(key != NULL && bytes != NULL && arena != NULL && ret_base64 != NULL);
    uint8_t signature[RSA_SIGNATURE_MAX];
    size_t signature_len = sizeof(signature);
    CLEANUP(context_release) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return RC_MEMORY;
    }
    /* PKCS #1 v1.5 is EVP's default padding for RSA. */
    int made = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key_inside(key));
    made = made == 1 ? EVP_DigestSign(context, signature, &signature_len,
                                      (const unsigned char *)bytes, len)
                     : made;
    if (made != 1) {
        return RC_MEMORY; /* the key was checked when it was loaded */
    }
    char *text = arena_take(arena, CRYPTO_BASE64_BYTES(signature_len));
    if (text == NULL) {
        return RC_MEMORY;
    }
    *ret_base64 = crypto_base64(signature, signature_len, text);
    return RC_OK;
}

enum rc rsa_verify(const struct rsa_key *key, const char *bytes, size_t len, const char *base64)
{
    assert(key != NULL && (bytes != NULL || len == 0) && base64 != NULL);
    uint8_t signature[RSA_SIGNATURE_MAX];
    size_t signature_len = 0;
    if (crypto_unbase64(base64, strlen(base64), signature, sizeof(signature), &signature_len) !=
        RC_OK) {
        return RC_INVALID;
    }
    CLEANUP(context_release) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return RC_MEMORY;
    }
    if (EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key_inside(key)) != 1) {
        return RC_MEMORY;
    }
    int verified = EVP_DigestVerify(context, signature, signature_len,
                                    (const unsigned char *)(len == 0 ? "" : bytes), len);
    return verified == 1 ? RC_OK : RC_INVALID;
}

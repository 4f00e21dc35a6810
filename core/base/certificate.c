#include <assert.h>
#include <openssl/bn.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rsa.h"
#include "core/base/text.h"

#define PKCS1_OID "1.2.840.113549.1.1."
#define OID_TEXT_MAX 80

static X509 *inside(const struct certificate *certificate)
{
    return (X509 *)(uintptr_t)certificate;
}

static void bio_release(BIO **bio)
{
    BIO_free(*bio);
}

static void store_release(X509_STORE **store)
{
    X509_STORE_free(*store);
}

static void context_release(X509_STORE_CTX **context)
{
    X509_STORE_CTX_free(*context);
}

static void stack_release(STACK_OF(X509) * *stack)
{
    sk_X509_free(*stack); /* the certificates are borrowed */
}

enum rc certificate_load_at(const char *pem, size_t len, size_t index,
                            struct certificate **ret_certificate)
{
    assert(pem != NULL && len <= INT32_MAX && ret_certificate != NULL);
    CLEANUP(bio_release) BIO *bio = BIO_new_mem_buf(pem, (int)len);
    if (bio == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0;; i++) {
        X509 *found = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (found == NULL) {
            return RC_NOT_FOUND;
        }
        if (i == index) {
            *ret_certificate = (struct certificate *)found;
            return RC_OK;
        }
        X509_free(found);
    }
}

enum rc certificate_load(const char *pem, size_t len, struct certificate **ret_certificate)
{
    enum rc rc = certificate_load_at(pem, len, 0, ret_certificate);
    return rc == RC_NOT_FOUND ? RC_INVALID : rc;
}

void certificate_free(struct certificate **certificate)
{
    assert(certificate != NULL);
    X509_free((X509 *)*certificate);
    *certificate = NULL;
}

enum rc certificate_key(const struct certificate *certificate, struct rsa_key **ret_key)
{
    assert(certificate != NULL && ret_key != NULL);
    EVP_PKEY *key = X509_get_pubkey(inside(certificate));
    if (key == NULL) {
        return RC_INVALID;
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048) {
        EVP_PKEY_free(key);
        return RC_INVALID;
    }
    *ret_key = (struct rsa_key *)key;
    return RC_OK;
}

enum rc certificate_serial(const struct certificate *certificate, char ret_hex[RSA_SERIAL_MAX],
                           char ret_decimal[RSA_SERIAL_MAX])
{
    assert(certificate != NULL);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(inside(certificate)), NULL);
    char *hex = number == NULL ? NULL : BN_bn2hex(number);
    char *decimal = number == NULL ? NULL : BN_bn2dec(number);
    enum rc rc = RC_INVALID;
    if (hex != NULL && decimal != NULL && strlen(hex) < RSA_SERIAL_MAX &&
        strlen(decimal) < RSA_SERIAL_MAX) {
        memcpy(ret_hex, hex, strlen(hex) + 1);
        memcpy(ret_decimal, decimal, strlen(decimal) + 1);
        rc = RC_OK;
    }
    OPENSSL_free(hex);
    OPENSSL_free(decimal);
    BN_free(number);
    return rc;
}

enum rc certificate_common_name(const struct certificate *certificate, char ret_name[RSA_NAME_MAX])
{
    assert(certificate != NULL);
    const X509_NAME *name = X509_get_subject_name(inside(certificate));
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) {
        return RC_NOT_FOUND;
    }
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    enum rc rc = RC_INVALID;
    if (len >= 0 && len < RSA_NAME_MAX && text_is_utf8((const char *)utf8, (size_t)len)) {
        memcpy(ret_name, utf8, (size_t)len);
        ret_name[len] = '\0';
        rc = RC_OK;
    }
    OPENSSL_free(utf8);
    return rc;
}

enum rc certificate_issuer(const struct certificate *certificate, char ret_name[RSA_NAME_MAX])
{
    assert(certificate != NULL);
    CLEANUP(bio_release) BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return RC_MEMORY;
    }
    unsigned long flags = (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    char *text = NULL;
    if (X509_NAME_print_ex(bio, X509_get_issuer_name(inside(certificate)), 0, flags) < 0) {
        return RC_INVALID;
    }
    long len = BIO_get_mem_data(bio, &text);
    if (len <= 0 || len >= RSA_NAME_MAX) {
        return RC_INVALID;
    }
    memcpy(ret_name, text, (size_t)len);
    ret_name[len] = '\0';
    return RC_OK;
}

bool certificate_signed_by_rsa(const struct certificate *certificate)
{
    assert(certificate != NULL);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    char oid[OID_TEXT_MAX];
    X509_get0_signature(NULL, &algorithm, inside(certificate));
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2txt(oid, sizeof(oid), object, 1) > 0 &&
           strncmp(oid, PKCS1_OID, strlen(PKCS1_OID)) == 0;
}

bool certificate_valid_at(const struct certificate *certificate, int64_t at_ms)
{
    assert(certificate != NULL);
    time_t at = (time_t)(at_ms / 1000);
    return X509_cmp_time(X509_get0_notBefore(inside(certificate)), &at) < 0 &&
           X509_cmp_time(X509_get0_notAfter(inside(certificate)), &at) > 0;
}

enum rc certificate_chain_verify(const struct certificate *leaf, const struct certificate *middle,
                                 const struct certificate *root, int64_t at_ms, bool weak_hash)
{
    assert(leaf != NULL && root != NULL);
    CLEANUP(store_release) X509_STORE *store = X509_STORE_new();
    CLEANUP(context_release) X509_STORE_CTX *context = X509_STORE_CTX_new();
    CLEANUP(stack_release) STACK_OF(X509) *between = sk_X509_new_null();
    if (store == NULL || context == NULL || between == NULL ||
        X509_STORE_add_cert(store, inside(root)) != 1 ||
        (middle != NULL && sk_X509_push(between, inside(middle)) < 1) ||
        X509_STORE_CTX_init(context, store, inside(leaf), between) != 1) {
        return RC_MEMORY;
    }
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(at_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(parameters, weak_hash ? 0 : 1);
    return X509_verify_cert(context) == 1 ? RC_OK : RC_INVALID;
}

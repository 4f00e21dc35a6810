/* Makes the keys, once. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/pay/keyring.h"
#include "sim/pay/tools.h"

#define KEY_BITS 2048
#define VALID_S (10L * 365 * 86400)
#define PATH_TEXT_MAX 4096
#define OWNER "051@Paywatt Sandbox@中国银联股份有限公司@00040000:SIGN"

/* What is under way; the first failure stays. */
struct maker {
    const char *folder;
    const char *why;
};

struct pair { /* a key and its certificate */
    EVP_PKEY *key;
    X509 *certificate;
};

static void pair_free(struct pair *pair)
{
    EVP_PKEY_free(pair->key);
    X509_free(pair->certificate);
}

static bool fail(struct maker *maker, const char *why)
{
    maker->why = maker->why == NULL ? why : maker->why;
    return false;
}

static bool put_file(struct maker *maker, const char *name, const char *bytes, size_t len)
{
    char path[PATH_TEXT_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", maker->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, bytes, len) == (ssize_t)len;
    if (fd >= 0) {
        written = close(fd) == 0 && written;
    }
    return written || fail(maker, "a file of the keys cannot be written");
}

static bool put_bio(struct maker *maker, const char *name, BIO *bio, int made)
{
    char *bytes = NULL;
    long len = bio == NULL ? 0 : BIO_get_mem_data(bio, &bytes);
    bool put = made == 1 && len > 0 ? put_file(maker, name, bytes, (size_t)len)
                                    : fail(maker, "a key cannot be written as text");
    BIO_free(bio);
    return put;
}

static bool put_private(struct maker *maker, const char *name, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return put_bio(maker, name, bio,
                   PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
}

static bool put_public(struct maker *maker, const char *name, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return put_bio(maker, name, bio, PEM_write_bio_PUBKEY(bio, key));
}

static bool put_certificate(struct maker *maker, const char *name, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return put_bio(maker, name, bio, PEM_write_bio_X509(bio, certificate));
}

static bool name_add(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

static bool extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool serial_set(X509 *certificate)
{
    BIGNUM *serial = BN_new();
    bool set = serial != NULL && BN_rand(serial, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
               BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL;
    BN_free(serial);
    return set;
}

/* A new key and its certificate; issuer NULL: signed by itself. */
static bool pair_make(struct maker *maker, const char *organisation, const char *name, bool vouches,
                      const struct pair *issuer, struct pair *pair)
{
    if (maker->why != NULL) {
        return false;
    }
    pair->key = EVP_RSA_gen(KEY_BITS);
    pair->certificate = X509_new();
    X509 *made = pair->certificate;
    const struct pair *by = issuer == NULL ? pair : issuer;
    X509_NAME *subject = made == NULL ? NULL : X509_get_subject_name(made);
    bool fine = pair->key != NULL && subject != NULL &&
                X509_set_version(made, X509_VERSION_3) == 1 && serial_set(made) &&
                X509_gmtime_adj(X509_getm_notBefore(made), -86400) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(made), VALID_S) != NULL &&
                name_add(subject, "C", "CN") && name_add(subject, "O", organisation) &&
                name_add(subject, "CN", name) &&
                X509_set_issuer_name(made, X509_get_subject_name(by->certificate)) == 1 &&
                X509_set_pubkey(made, pair->key) == 1;
    fine = fine &&
           extend(made, by->certificate, NID_basic_constraints,
                  vouches ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           extend(made, by->certificate, NID_key_usage,
                  vouches ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
           X509_sign(made, by->key, EVP_sha256()) > 0;
    return fine || fail(maker, "a certificate cannot be made");
}

static void make_wechat(struct maker *maker, char serial[KEY_TEXT_MAX])
{
    struct pair authority = {NULL, NULL};
    struct pair platform = {NULL, NULL};
    struct pair merchant = {NULL, NULL};
    EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    char api_key[33];
    char secret[33];
    random_name(api_key, 32);
    random_name(secret, 32);
    bool made = pair_make(maker, "Tenpay.com", "Sandbox Tenpay CA", true, NULL, &authority) &&
                pair_make(maker, "Tenpay.com", "Tenpay.com sign", false, &authority, &platform) &&
                pair_make(maker, "Merchant", "1900007291", false, &authority, &merchant);
    BIGNUM *number =
        made ? ASN1_INTEGER_to_BN(X509_get0_serialNumber(merchant.certificate), NULL) : NULL;
    char *hex = number == NULL ? NULL : BN_bn2hex(number);
    text_copy(serial, KEY_TEXT_MAX, hex == NULL ? "" : hex);
    OPENSSL_free(hex);
    BN_free(number);
    made =
        made && (key != NULL || fail(maker, "a key cannot be made")) &&
        put_private(maker, "provider/wechat_key.pem", key) &&
        put_public(maker, "merchant/wechat_public_key.pem", key) &&
        put_private(maker, "provider/wechat_certificate_key.pem", platform.key) &&
        put_certificate(maker, "provider/wechat_certificate.pem", platform.certificate) &&
        put_certificate(maker, "merchant/wechat_certificates/platform.pem", platform.certificate) &&
        put_certificate(maker, "provider/wechat_merchant_certificate.pem", merchant.certificate) &&
        put_private(maker, "merchant/wechat_private_key.pem", merchant.key) &&
        put_file(maker, "provider/wechat_api_key", api_key, 32) &&
        put_file(maker, "merchant/wechat_api_key", api_key, 32) &&
        put_file(maker, "provider/wechat_app_secret", secret, 32) &&
        put_file(maker, "merchant/wechat_app_secret", secret, 32);
    (void)made; /* maker->why says it */
    EVP_PKEY_free(key);
    pair_free(&authority);
    pair_free(&platform);
    pair_free(&merchant);
}

static void make_alipay(struct maker *maker)
{
    struct pair root = {NULL, NULL};
    struct pair own = {NULL, NULL};
    struct pair app = {NULL, NULL};
    bool made = pair_make(maker, "Ant Sandbox", "Sandbox Ant Root", true, NULL, &root) &&
                pair_make(maker, "Ant Sandbox", "Sandbox Alipay", false, &root, &own) &&
                pair_make(maker, "Merchant", "2088 Sandbox App", false, &root, &app) &&
                put_private(maker, "provider/alipay_root_key.pem", root.key) &&
                put_certificate(maker, "provider/alipay_root.pem", root.certificate) &&
                put_private(maker, "provider/alipay_key.pem", own.key) &&
                put_certificate(maker, "provider/alipay_certificate.pem", own.certificate) &&
                put_certificate(maker, "provider/alipay_app_certificate.pem", app.certificate) &&
                put_certificate(maker, "merchant/alipay_root_certificate.crt", root.certificate) &&
                put_certificate(maker, "merchant/alipay_certificate.crt", own.certificate) &&
                put_certificate(maker, "merchant/alipay_app_certificate.crt", app.certificate) &&
                put_public(maker, "merchant/alipay_public_key.pem", own.key) &&
                put_private(maker, "merchant/alipay_private_key.pem", app.key);
    (void)made;
    pair_free(&root);
    pair_free(&own);
    pair_free(&app);
}

static void make_unionpay(struct maker *maker)
{
    struct pair root = {NULL, NULL};
    struct pair middle = {NULL, NULL};
    struct pair own = {NULL, NULL};
    struct pair merchant = {NULL, NULL};
    EVP_PKEY *stranger = EVP_RSA_gen(KEY_BITS);
    bool made = pair_make(maker, "UnionPay Sandbox", "Sandbox ACP Root", true, NULL, &root) &&
                pair_make(maker, "UnionPay Sandbox", "Sandbox ACP Middle", true, &root, &middle) &&
                pair_make(maker, "UnionPay Sandbox", OWNER, false, &middle, &own) &&
                pair_make(maker, "Merchant", "777290058110048", false, &middle, &merchant) &&
                put_private(maker, "provider/unionpay_root_key.pem", root.key) &&
                put_certificate(maker, "provider/unionpay_root.pem", root.certificate) &&
                put_private(maker, "provider/unionpay_middle_key.pem", middle.key) &&
                put_certificate(maker, "provider/unionpay_middle.pem", middle.certificate) &&
                put_private(maker, "provider/unionpay_key.pem", own.key) &&
                put_certificate(maker, "provider/unionpay_certificate.pem", own.certificate) &&
                put_certificate(maker, "provider/unionpay_merchant_certificate.pem",
                                merchant.certificate) &&
                put_private(maker, "merchant/unionpay_private_key.pem", merchant.key) &&
                put_certificate(maker, "merchant/unionpay_certificate.pem", merchant.certificate) &&
                put_certificate(maker, "merchant/unionpay_root.pem", root.certificate) &&
                put_certificate(maker, "merchant/unionpay_middle.pem", middle.certificate) &&
                (stranger != NULL || fail(maker, "a key cannot be made")) &&
                put_private(maker, "provider/stranger_key.pem", stranger);
    (void)made;
    EVP_PKEY_free(stranger);
    pair_free(&root);
    pair_free(&middle);
    pair_free(&own);
    pair_free(&merchant);
}

static void make_folder(struct maker *maker, const char *name)
{
    char path[PATH_TEXT_MAX];
    (void)snprintf(path, sizeof(path), "%s%s", maker->folder, name);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        (void)fail(maker, "a folder of the keys cannot be made");
    }
}

enum rc keys_make(const char *folder, const char **ret_why)
{
    struct maker maker = {.folder = folder};
    char path[PATH_TEXT_MAX];
    char serial[KEY_TEXT_MAX] = "";
    char identities[1024];
    (void)snprintf(path, sizeof(path), "%s/identities.json", folder);
    if (access(path, R_OK) == 0) {
        return RC_OK;
    }
    make_folder(&maker, "");
    make_folder(&maker, "/provider");
    make_folder(&maker, "/merchant");
    make_folder(&maker, "/merchant/wechat_certificates");
    make_wechat(&maker, serial);
    make_alipay(&maker);
    make_unionpay(&maker);
    int len = snprintf(identities, sizeof(identities),
                       "{\"wechat\":{\"mchid\":\"1900007291\",\"app_id\":\"wxd678efh567hg6787\","
                       "\"merchant_serial\":\"%s\","
                       "\"public_key_id\":\"PUB_KEY_ID_0119000072912026112300000001\"},"
                       "\"alipay\":{\"app_id\":\"2014060600164699\","
                       "\"seller_id\":\"2088531891668739\"},"
                       "\"unionpay\":{\"merchant_id\":\"777290058110048\"}}\n",
                       serial);
    if (maker.why == NULL) { /* last: a folder without it is made anew */
        (void)put_file(&maker, "identities.json", identities, (size_t)len);
    }
    *ret_why = maker.why;
    return maker.why == NULL ? RC_OK : RC_IO;
}

/* Reads a folder of keys; writes the settings of its merchant. */
#include "sim/pay/keyring.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/crypto.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define PATH_TEXT_MAX 4096
#define SETTINGS_MAX 16384

struct reader {
    const char *folder;
    const char *why;
    char bytes[PEM_MAX];
    size_t len;
};

static bool take(struct reader *reader, const char *name)
{
    char path[PATH_TEXT_MAX];
    if (reader->why != NULL) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", reader->folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, reader->bytes, sizeof(reader->bytes) - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (len <= 0) {
        reader->why = name;
        return false;
    }
    reader->bytes[len] = '\0';
    reader->len = (size_t)len;
    return true;
}

static struct rsa_key *take_private(struct reader *reader, const char *name)
{
    struct rsa_key *key = NULL;
    if (take(reader, name) && rsa_private_load(reader->bytes, reader->len, &key) != RC_OK) {
        reader->why = name;
    }
    return key;
}

/* The certificate stays in reader->bytes. */
static struct rsa_key *take_certificate(struct reader *reader, const char *name,
                                        char hex[RSA_SERIAL_MAX], char decimal[RSA_SERIAL_MAX])
{
    struct rsa_key *key = NULL;
    CLEANUP(certificate_free) struct certificate *certificate = NULL;
    if (take(reader, name) &&
        (certificate_load(reader->bytes, reader->len, &certificate) != RC_OK ||
         certificate_key(certificate, &key) != RC_OK ||
         certificate_serial(certificate, hex, decimal) != RC_OK)) {
        reader->why = name;
    }
    return key;
}

static void take_text(struct reader *reader, const char *name, char out[33])
{
    if (take(reader, name)) {
        text_copy(out, 33, reader->bytes);
        reader->why = strlen(out) == 32 ? NULL : name;
    }
}

static void identity(struct reader *reader, const struct json_object *json, const char *key,
                     char out[KEY_TEXT_MAX])
{
    const char *text = "";
    if (json == NULL || json_get_text(json, key, 1, KEY_TEXT_MAX - 1, &text) != RC_OK) {
        reader->why = "identities.json";
        return;
    }
    text_copy(out, KEY_TEXT_MAX, text);
}

static void take_identities(struct reader *reader, struct keyring *keys)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const struct json_object *parts[3] = {NULL, NULL, NULL};
    static const char *const names[] = {"wechat", "alipay", "unionpay"};
    if (!take(reader, "identities.json")) {
        return;
    }
    if (json_parse(reader->bytes, strlen(reader->bytes), 4, &json) != RC_OK) {
        reader->why = "identities.json";
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (json_get_object(json, names[i], &parts[i]) != RC_OK) {
            reader->why = "identities.json";
            return;
        }
    }
    identity(reader, parts[0], "mchid", keys->wechat_mchid);
    identity(reader, parts[0], "app_id", keys->wechat_app_id);
    identity(reader, parts[0], "merchant_serial", keys->wechat_merchant_serial);
    identity(reader, parts[0], "public_key_id", keys->wechat_public_key_id);
    identity(reader, parts[1], "app_id", keys->alipay_app_id);
    identity(reader, parts[1], "seller_id", keys->alipay_seller_id);
    identity(reader, parts[2], "merchant_id", keys->unionpay_merchant_id);
}

/* Issuer as RFC 2253 writes it, most specific first; names of the sandbox are ASCII there. */
enum rc alipay_certificate_sn(const char *pem, size_t len, char ret_sn[33])
{
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    BIO *name = BIO_new(BIO_s_mem());
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIGNUM *serial =
        certificate == NULL ? NULL : ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *decimal = serial == NULL ? NULL : BN_bn2dec(serial);
    enum rc rc = RC_INVALID;
    if (decimal != NULL && name != NULL &&
        X509_NAME_print_ex(name, X509_get_issuer_name(certificate), 0,
                           XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        (void)BIO_puts(name, decimal);
        char *bytes = NULL;
        long bytes_len = BIO_get_mem_data(name, &bytes);
        uint8_t sum[CRYPTO_MD5_BYTES];
        crypto_md5(bytes, (size_t)bytes_len, sum);
        (void)crypto_hex(sum, sizeof(sum), ret_sn);
        rc = RC_OK;
    }
    OPENSSL_free(decimal);
    BN_free(serial);
    X509_free(certificate);
    BIO_free(bio);
    BIO_free(name);
    return rc;
}

static void take_sn(struct reader *reader, const char *name, char out[33])
{
    if (take(reader, name) && alipay_certificate_sn(reader->bytes, reader->len, out) != RC_OK) {
        reader->why = name;
    }
}

/* PEM lines end with CR LF when UnionPay sends them. */
static void with_returns(const char *pem, char out[PEM_MAX])
{
    size_t len = 0;
    for (const char *at = pem; *at != '\0' && len + 3 < PEM_MAX; at++) {
        if (*at == '\n') {
            out[len++] = '\r';
        }
        out[len++] = *at;
    }
    out[len] = '\0';
}

enum rc keyring_load(const char *folder, struct keyring *ret_keys, const char **ret_why)
{
    struct reader reader = {.folder = folder};
    struct keyring keys = {.wechat_mchid = ""};
    char hex[RSA_SERIAL_MAX] = "";
    char decimal[RSA_SERIAL_MAX] = "";
    take_identities(&reader, &keys);
    keys.wechat_key = take_private(&reader, "provider/wechat_key.pem");
    keys.wechat_certificate_key = take_private(&reader, "provider/wechat_certificate_key.pem");
    keys.wechat_merchant =
        take_certificate(&reader, "provider/wechat_merchant_certificate.pem", hex, decimal);
    struct rsa_key *own =
        take_certificate(&reader, "provider/wechat_certificate.pem", hex, decimal);
    rsa_free(&own);
    text_copy(keys.wechat_certificate_serial, KEY_TEXT_MAX, hex);
    text_copy(keys.wechat_certificate_pem, PEM_MAX, reader.bytes);
    take_text(&reader, "provider/wechat_api_key", keys.wechat_api_key);
    take_text(&reader, "provider/wechat_app_secret", keys.wechat_app_secret);
    keys.alipay_key = take_private(&reader, "provider/alipay_key.pem");
    keys.alipay_merchant =
        take_certificate(&reader, "provider/alipay_app_certificate.pem", hex, decimal);
    take_sn(&reader, "provider/alipay_app_certificate.pem", keys.alipay_app_sn);
    take_sn(&reader, "provider/alipay_certificate.pem", keys.alipay_sn);
    take_sn(&reader, "provider/alipay_root.pem", keys.alipay_root_sn);
    keys.unionpay_key = take_private(&reader, "provider/unionpay_key.pem");
    keys.unionpay_merchant =
        take_certificate(&reader, "provider/unionpay_merchant_certificate.pem", hex, decimal);
    text_copy(keys.unionpay_merchant_cert_id, KEY_TEXT_MAX, decimal);
    if (take(&reader, "provider/unionpay_certificate.pem")) {
        with_returns(reader.bytes, keys.unionpay_certificate_pem);
    }
    keys.stranger = take_private(&reader, "provider/stranger_key.pem");
    crypto_wipe(reader.bytes, sizeof(reader.bytes));
    if (reader.why != NULL) {
        *ret_why = reader.why;
        keyring_release(&keys);
        return RC_INVALID;
    }
    *ret_keys = keys;
    return RC_OK;
}

void keyring_release(struct keyring *keys)
{
    rsa_free(&keys->wechat_key);
    rsa_free(&keys->wechat_certificate_key);
    rsa_free(&keys->wechat_merchant);
    rsa_free(&keys->alipay_key);
    rsa_free(&keys->alipay_merchant);
    rsa_free(&keys->unionpay_key);
    rsa_free(&keys->unionpay_merchant);
    rsa_free(&keys->stranger);
    crypto_wipe(keys, sizeof(*keys));
}

static void settings_wechat(const struct keyring *keys, const char *folder, unsigned port,
                            bool certificates, struct text *out)
{
    text_printf(out,
                "[pay.wechat]\nbase_url = http://127.0.0.1:%u\n"
                "authorize_url = http://127.0.0.1:%u\nopenid_url = http://127.0.0.1:%u\n"
                "app_id = %s\nmerchant_id = %s\nmerchant_serial = %s\n"
                "private_key_file = %s/merchant/wechat_private_key.pem\n"
                "api_key_file = %s/merchant/wechat_api_key\n"
                "app_secret_file = %s/merchant/wechat_app_secret\n",
                port, port, port, keys->wechat_app_id, keys->wechat_mchid,
                keys->wechat_merchant_serial, folder, folder, folder);
    if (certificates) {
        text_printf(out, "certificate_directory = %s/merchant/wechat_certificates\n\n", folder);
    } else {
        text_printf(out,
                    "public_key_id = %s\npublic_key_file = %s/merchant/wechat_public_key.pem\n\n",
                    keys->wechat_public_key_id, folder);
    }
}

static void settings_alipay(const struct keyring *keys, const char *folder, unsigned port,
                            bool certificates, struct text *out)
{
    text_printf(out,
                "[pay.alipay]\nbase_url = http://127.0.0.1:%u/gateway.do\napp_id = %s\n"
                "seller_id = %s\nprivate_key_file = %s/merchant/alipay_private_key.pem\n",
                port, keys->alipay_app_id, keys->alipay_seller_id, folder);
    if (certificates) {
        text_printf(out,
                    "app_certificate_file = %s/merchant/alipay_app_certificate.crt\n"
                    "alipay_certificate_file = %s/merchant/alipay_certificate.crt\n"
                    "root_certificate_file = %s/merchant/alipay_root_certificate.crt\n\n",
                    folder, folder, folder);
    } else {
        text_printf(out, "alipay_public_key_file = %s/merchant/alipay_public_key.pem\n\n", folder);
    }
}

static void settings_unionpay(const struct keyring *keys, const char *folder, unsigned port,
                              struct text *out)
{
    text_printf(out,
                "[pay.unionpay]\nbase_url = http://127.0.0.1:%u/gateway/api/\n"
                "file_url = http://127.0.0.1:%u/file/\nmerchant_id = %s\n"
                "private_key_file = %s/merchant/unionpay_private_key.pem\n"
                "certificate_file = %s/merchant/unionpay_certificate.pem\n"
                "root_certificate_file = %s/merchant/unionpay_root.pem\n"
                "middle_certificate_file = %s/merchant/unionpay_middle.pem\n",
                port, port, keys->unionpay_merchant_id, folder, folder, folder, folder);
}

static enum rc settings_write(const struct keyring *keys, const char *folder,
                              const uint16_t ports[3], bool certificates)
{
    struct text out;
    char path[PATH_TEXT_MAX];
    char fresh[PATH_TEXT_MAX];
    text_init(&out, SETTINGS_MAX);
    settings_wechat(keys, folder, ports[0], certificates, &out);
    settings_alipay(keys, folder, ports[1], certificates, &out);
    settings_unionpay(keys, folder, ports[2], &out);
    (void)snprintf(path, sizeof(path), "%s/merchant/settings%s.ini", folder,
                   certificates ? "_certificates" : "");
    (void)snprintf(fresh, sizeof(fresh), "%.4000s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written =
        fd >= 0 && text_result(&out) == RC_OK && write(fd, out.bytes, out.len) == (ssize_t)out.len;
    if (fd >= 0) {
        written = close(fd) == 0 && written;
    }
    text_release(&out);
    return written && rename(fresh, path) == 0 ? RC_OK : RC_IO;
}

enum rc keys_settings(const char *folder, const uint16_t ports[3])
{
    struct keyring keys;
    const char *why = NULL;
    char *whole = realpath(folder, NULL);
    enum rc rc = whole == NULL ? RC_IO : keyring_load(whole, &keys, &why);
    if (rc == RC_OK) {
        rc = settings_write(&keys, whole, ports, false);
        rc = rc == RC_OK ? settings_write(&keys, whole, ports, true) : rc;
        keyring_release(&keys);
    }
    free(whole);
    return rc;
}

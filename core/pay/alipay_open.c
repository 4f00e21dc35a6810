#include <assert.h>
#include <string.h>

#include "core/base/crypto.h"
#include "core/pay/alipay_own.h"

static const enum config_key set_by[] = {
    CONFIG_pay__alipay_app_id,
    CONFIG_pay__alipay_seller_id,
    CONFIG_pay__alipay_private_key_file,
    CONFIG_pay__alipay_alipay_public_key_file,
    CONFIG_pay__alipay_app_certificate_file,
    CONFIG_pay__alipay_alipay_certificate_file,
    CONFIG_pay__alipay_root_certificate_file,
};

const struct pay_driver pay_driver_alipay = {
    .provider = PAY_ALIPAY,
    .name = "alipay",
    .base_url = CONFIG_pay__alipay_base_url,
    .merchant = CONFIG_pay__alipay_merchant,
    .set_by = set_by,
    .set_by_count = ARRAY_LEN(set_by),
    .success = {200, "text/plain", "success"}, /* exactly these seven bytes */
    .refused = {400, "text/plain", "fail"},
    .failed = {500, "text/plain", "fail"},
    .open = alipay_open,
    .close = alipay_close,
    .ask = alipay_ask,
    .read = alipay_read,
    .notice = alipay_notice,
    .bill_ask = alipay_bill_ask,
    .bill_read = alipay_bill_read,
};

enum rc alipay_certificate_sn(const struct certificate *certificate, char ret_sn[ALIPAY_SN_MAX])
{
    char hex[RSA_SERIAL_MAX];
    char decimal[RSA_SERIAL_MAX];
    char issuer[RSA_NAME_MAX];
    uint8_t sum[CRYPTO_MD5_BYTES];
    struct text text;
    TRY(certificate_serial(certificate, hex, decimal));
    TRY(certificate_issuer(certificate, issuer));
    text_init(&text, RSA_NAME_MAX + RSA_SERIAL_MAX);
    text_printf(&text, "%s%s", issuer, decimal);
    enum rc rc = text_result(&text);
    if (rc == RC_OK) {
        crypto_md5(text_string(&text), text.len, sum);
        (void)crypto_hex(sum, sizeof(sum), ret_sn);
    }
    text_release(&text);
    return rc;
}

enum rc alipay_root_sn(const char *pem, size_t len, char ret_sn[ALIPAY_ROOT_SN_MAX])
{
    CLEANUP(text_release) struct text joined;
    text_init(&joined, ALIPAY_ROOT_SN_MAX - 1);
    for (size_t i = 0;; i++) {
        CLEANUP(certificate_free) struct certificate *certificate = NULL;
        char sn[ALIPAY_SN_MAX];
        if (certificate_load_at(pem, len, i, &certificate) != RC_OK) {
            break;
        }
        /* The file also holds SM2 and ECDSA roots, which do not count. */
        if (certificate_signed_by_rsa(certificate)) {
            TRY(alipay_certificate_sn(certificate, sn));
            text_printf(&joined, "%s%s", joined.len == 0 ? "" : "_", sn);
        }
    }
    TRY(text_result(&joined));
    if (joined.len == 0) {
        return RC_INVALID;
    }
    text_copy(ret_sn, ALIPAY_ROOT_SN_MAX, text_string(&joined));
    return RC_OK;
}

static void sn_take(struct pay_opening *opening, enum config_key key,
                    const struct certificate *certificate, char out[ALIPAY_SN_MAX])
{
    if (certificate != NULL && alipay_certificate_sn(certificate, out) != RC_OK) {
        pay_problem(opening, key, "has a name or serial number that cannot be read");
    }
}

static void certificates_open(struct pay_opening *opening, struct alipay *alipay)
{
    CLEANUP(certificate_free)
    struct certificate *app = pay_certificate(opening, CONFIG_pay__alipay_app_certificate_file);
    CLEANUP(certificate_free)
    struct certificate *theirs =
        pay_certificate(opening, CONFIG_pay__alipay_alipay_certificate_file);
    size_t len = 0;
    const char *root = pay_file(opening, CONFIG_pay__alipay_root_certificate_file, &len);
    sn_take(opening, CONFIG_pay__alipay_app_certificate_file, app, alipay->app_sn);
    sn_take(opening, CONFIG_pay__alipay_alipay_certificate_file, theirs, alipay->alipay_sn);
    if (root != NULL && alipay_root_sn(root, len, alipay->root_sn) != RC_OK) {
        pay_problem(opening, CONFIG_pay__alipay_root_certificate_file,
                    "holds no certificate signed with RSA");
    }
    if (theirs != NULL && certificate_key(theirs, &alipay->public_key) != RC_OK) {
        pay_problem(opening, CONFIG_pay__alipay_alipay_certificate_file,
                    "holds no RSA key of 2048 bits or more");
    }
}

enum rc alipay_open(struct pay_opening *opening, struct pay_merchant *merchant)
{
    struct alipay *alipay = arena_take(opening->arena, sizeof(*alipay));
    if (alipay == NULL) {
        return RC_MEMORY;
    }
    merchant->own = alipay;
    alipay->app_id = pay_setting(opening, CONFIG_pay__alipay_app_id);
    alipay->seller_id = pay_setting(opening, CONFIG_pay__alipay_seller_id);
    merchant->private_key = pay_private_key(opening, CONFIG_pay__alipay_private_key_file);
    bool certificates = pay_is_set(opening, CONFIG_pay__alipay_app_certificate_file) ||
                        pay_is_set(opening, CONFIG_pay__alipay_alipay_certificate_file) ||
                        pay_is_set(opening, CONFIG_pay__alipay_root_certificate_file);
    bool key = pay_is_set(opening, CONFIG_pay__alipay_alipay_public_key_file);
    if (certificates && key) {
        pay_problem(opening, CONFIG_pay__alipay_alipay_public_key_file,
                    "and the certificate files are two modes: set one of them");
    } else if (certificates) {
        certificates_open(opening, alipay);
    } else if (key) {
        alipay->public_key = pay_public_key(opening, CONFIG_pay__alipay_alipay_public_key_file);
    } else {
        pay_problem(opening, CONFIG_pay__alipay_alipay_public_key_file,
                    "is missing (or the three certificate files)");
    }
    merchant->scenes[PAY_SCENE_QR] = true;
    merchant->scenes[PAY_SCENE_PHONE] = true;
    merchant->scenes[PAY_SCENE_PAGE] = true;
    return RC_OK;
}

void alipay_close(struct pay_merchant *merchant)
{
    struct alipay *alipay = merchant->own;
    if (alipay != NULL) {
        rsa_free(&alipay->public_key);
    }
}

#include <assert.h>
#include <string.h>

#include "core/pay/unionpay_own.h"

static const enum config_key set_by[] = {
    CONFIG_pay__unionpay_merchant_id,
    CONFIG_pay__unionpay_private_key_file,
    CONFIG_pay__unionpay_certificate_file,
    CONFIG_pay__unionpay_root_certificate_file,
    CONFIG_pay__unionpay_middle_certificate_file,
};

const struct pay_driver pay_driver_unionpay = {
    .provider = PAY_UNIONPAY,
    .name = "unionpay",
    .base_url = CONFIG_pay__unionpay_base_url,
    .merchant = CONFIG_pay__unionpay_merchant,
    .set_by = set_by,
    .set_by_count = ARRAY_LEN(set_by),
    .success = {200, "text/plain", "ok"}, /* the status alone counts */
    .refused = {400, "text/plain", "fail"},
    .failed = {500, "text/plain", "fail"},
    .open = unionpay_open,
    .close = unionpay_close,
    .ask = unionpay_ask,
    .read = unionpay_read,
    .notice = unionpay_notice,
    .bill_ask = unionpay_bill_ask,
    .bill_read = unionpay_bill_read,
};

enum rc unionpay_open(struct pay_opening *opening, struct pay_merchant *merchant)
{
    struct unionpay *unionpay = arena_take(opening->arena, sizeof(*unionpay));
    char hex[RSA_SERIAL_MAX];
    if (unionpay == NULL) {
        return RC_MEMORY;
    }
    merchant->own = unionpay;
    unionpay->merchant_id = pay_setting(opening, CONFIG_pay__unionpay_merchant_id);
    unionpay->file_url = pay_setting(opening, CONFIG_pay__unionpay_file_url);
    unionpay->test_certificates =
        config_bool(opening->config, CONFIG_pay__unionpay_test_certificates);
    if (unionpay->file_url[0] != '\0' && pay_origin_len(unionpay->file_url) == 0) {
        pay_problem(opening, CONFIG_pay__unionpay_file_url,
                    "must begin with https:// or http:// and a host");
    }
    size_t base_len = strlen(merchant->base_url);
    if (base_len > 0 && merchant->base_url[base_len - 1] != '/') {
        pay_problem(opening, CONFIG_pay__unionpay_base_url, "must end with a slash");
    }
    merchant->private_key = pay_private_key(opening, CONFIG_pay__unionpay_private_key_file);
    CLEANUP(certificate_free)
    struct certificate *own = pay_certificate(opening, CONFIG_pay__unionpay_certificate_file);
    if (own != NULL && certificate_serial(own, hex, unionpay->certificate_id) != RC_OK) {
        pay_problem(opening, CONFIG_pay__unionpay_certificate_file, "has no usable serial number");
    }
    unionpay->root = pay_certificate(opening, CONFIG_pay__unionpay_root_certificate_file);
    unionpay->middle = pay_certificate(opening, CONFIG_pay__unionpay_middle_certificate_file);
    merchant->scenes[PAY_SCENE_PHONE] = true;
    merchant->scenes[PAY_SCENE_PAGE] = true;
    return RC_OK;
}

void unionpay_close(struct pay_merchant *merchant)
{
    struct unionpay *unionpay = merchant->own;
    if (unionpay != NULL) {
        certificate_free(&unionpay->root);
        certificate_free(&unionpay->middle);
    }
}

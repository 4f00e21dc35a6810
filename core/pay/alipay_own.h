/*
 * Inside the Alipay driver. Requests and notices are forms signed with RSA2 (RSA-SHA256) over the
 * sorted "k=v&k=v" of raw values; answers are JSON whose inner object is signed as it stands.
 */
#ifndef PW_PAY_ALIPAY_OWN_H
#define PW_PAY_ALIPAY_OWN_H

#include "core/base/json.h"
#include "core/pay/driver.h"

#define ALIPAY_TIME_PATTERN "YYYY-MM-DD hh:mm:ss"
#define ALIPAY_JSON_DEPTH 12
#define ALIPAY_SN_MAX 33       /* bytes of a certificate's SN, NUL included */
#define ALIPAY_ROOT_SN_MAX 400 /* several of them, joined */
#define ALIPAY_MESSAGE_MAX ((size_t)64 << 10)

struct alipay {
    const char *app_id;
    const char *seller_id;
    struct rsa_key *public_key; /* Alipay's, of either mode */
    /* certificate mode; "" in key mode */
    char app_sn[ALIPAY_SN_MAX];
    char alipay_sn[ALIPAY_SN_MAX];
    char root_sn[ALIPAY_ROOT_SN_MAX];
};

static inline const struct alipay *alipay_of(const struct pay_merchant *merchant)
{
    return merchant->own;
}

/* SN of one certificate: MD5 of its issuer (RFC 2253) and its serial number in decimal. RC_INVALID,
   RC_MEMORY. */
enum rc alipay_certificate_sn(const struct certificate *certificate,
                              char ret_sn[ALIPAY_SN_MAX]) MUST_CHECK;
/* SN of a root file: those of its certificates signed by RSA, joined with "_". RC_INVALID. */
enum rc alipay_root_sn(const char *pem, size_t len, char ret_sn[ALIPAY_ROOT_SN_MAX]) MUST_CHECK;
/* Adds "sign" to a form that has everything else. RC_MEMORY. */
enum rc alipay_sign(const struct pay_merchant *merchant, struct arena *arena,
                    struct form *form) MUST_CHECK;
/* The public parameters and the sign of a method. Empty texts are left out. RC_MEMORY. */
enum rc alipay_form(const struct pay_merchant *merchant, struct arena *arena, const char *method,
                    const char *biz_content, const char *notify_url, const char *return_url,
                    int64_t now_ms, struct form *ret_form) MUST_CHECK;
/* A POST of that form: public parameters in the address, biz_content in the body. RC_MEMORY. */
enum rc alipay_request(const struct pay_merchant *merchant, struct arena *arena,
                       const struct form *form, struct http_request *ret_request) MUST_CHECK;
/* Where the text of the top level member `key` of a JSON object stands in it, braces included, as
   received. RC_NOT_FOUND. The JSON was parsed before. */
enum rc alipay_node_find(const char *json, size_t len, const char *key, const char **ret_node,
                         size_t *ret_len) MUST_CHECK;
/* Checks an answer of a method and hands out its inner object; the tree belongs to the caller.
   RC_MEMORY. */
enum rc alipay_answer_open(const struct alipay *alipay, struct arena *arena, const char *method,
                           const struct http_answer *answer, struct json_object **ret_json,
                           enum pay_refusal *ret_refusal) MUST_CHECK;
/* The fact of a verified notice. RC_MEMORY. */
enum rc alipay_notice_fields(const struct alipay *alipay, struct arena *arena,
                             const struct form *form, struct pay_notice *notice) MUST_CHECK;
/* Rows of a packed bill. RC_MEMORY. */
enum rc alipay_bill_rows(struct arena *arena, const char *bytes, size_t len,
                         struct pay_bill *bill) MUST_CHECK;

/* The parts of the driver. */
enum rc alipay_open(struct pay_opening *opening, struct pay_merchant *merchant);
void alipay_close(struct pay_merchant *merchant);
enum rc alipay_ask(const struct pay_merchant *merchant, struct arena *arena,
                   const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call);
enum rc alipay_read(const struct pay_merchant *merchant, struct arena *arena,
                    const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                    struct pay_answer *ret_answer);
enum rc alipay_notice(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_notice_bytes *bytes, int64_t now_ms,
                      struct pay_notice *ret_notice);
enum rc alipay_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                        struct pay_bill *bill);
enum rc alipay_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                         const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill);

#endif

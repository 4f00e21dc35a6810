/*
 * What WeChat Pay has beside the common questions (provider.h): the openid of a payer inside WeChat
 * (OAuth 2.0, scope snsapi_base) and the platform certificates.
 *
 * Certificates: jobs asks for them at least every 12 hours, writes each as SERIAL.pem into
 * [pay.wechat] certificate_directory, and pay_refresh takes them up; old ones stay until their time
 * is over, because both sign while they are exchanged. Merchants with a WeChat Pay public key need
 * none of this; on the way from one to the other both are believed.
 */
#ifndef PW_PAY_WECHAT_H
#define PW_PAY_WECHAT_H

#include "core/pay/provider.h"

#define WECHAT_CERTIFICATES_MAX 8
#define WECHAT_STATE_MAX 64 /* bytes of the state of an authorisation */
#define WECHAT_OPENID_MAX 128
#define WECHAT_CODE_MAX 128

struct wechat_certificate {
    const char *serial; /* upper case hex */
    const char *pem;
};

struct wechat_certificates {
    enum pay_refusal refusal; /* PAY_FINE: the list is believed */
    const char *code;         /* the provider's, never NULL; RESOURCE_NOT_EXISTS: public key only */
    size_t count;
    struct wechat_certificate list[WECHAT_CERTIFICATES_MAX];
};

struct wechat_openid {
    bool found;         /* false: the code is used, old or wrong: authorise anew */
    const char *openid; /* "" unless found */
    int64_t error_code; /* errcode, 0: none */
};

/* Request for the platform certificates. RC_MEMORY, RC_IO. */
enum rc wechat_certificates_ask(const struct pay_merchant *merchant, struct arena *arena,
                                int64_t now_ms, struct http_request *ret_request) MUST_CHECK;
/* Its answer, decrypted. The signature is checked under a key that is held; the very first answer
   can only be checked by its decryption with the APIv3 key. RC_MEMORY. */
enum rc wechat_certificates_read(const struct pay_merchant *merchant, struct arena *arena,
                                 const struct http_answer *answer, int64_t now_ms,
                                 struct wechat_certificates *ret_certificates) MUST_CHECK;

/* Where a page inside WeChat is sent to come back with ?code=..&state=... state: letters and
   digits, a fresh random text that the session keeps and compares. RC_INVALID, RC_REFUSED (no
   AppSecret, so no payment inside WeChat), RC_MEMORY. */
enum rc wechat_authorize_url(const struct pay_merchant *merchant, struct arena *arena,
                             const char *return_url, const char *state,
                             const char **ret_url) MUST_CHECK;
/* Exchange of the code, good once and for five minutes. The address holds the AppSecret:
   request.secret_url. RC_INVALID, RC_REFUSED, RC_MEMORY. */
enum rc wechat_openid_ask(const struct pay_merchant *merchant, struct arena *arena,
                          const char *code, struct http_request *ret_request) MUST_CHECK;
/* Its answer; it is not signed, TLS alone vouches for it. RC_PROTOCOL: no such answer. RC_MEMORY.
 */
enum rc wechat_openid_read(struct arena *arena, const struct http_answer *answer,
                           struct wechat_openid *ret_openid) MUST_CHECK;

#endif

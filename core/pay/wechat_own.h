/*
 * Inside the WeChat Pay driver (APIv3). Signatures are RSA-SHA256 over lines that each end with LF.
 */
#ifndef PW_PAY_WECHAT_OWN_H
#define PW_PAY_WECHAT_OWN_H

#include "core/base/crypto.h"
#include "core/base/json.h"
#include "core/pay/driver.h"
#include "core/pay/wechat.h"

#define WECHAT_CLOCK_WINDOW_MS                                                                     \
    300000 /* a difference of exactly that is refused, as their SDK does */
#define WECHAT_NONCE_CHARACTERS 32
#define WECHAT_KEYS_MAX 16
#define WECHAT_JSON_DEPTH 8

/* One key the provider signs with: the public key, or one of the platform certificates. */
struct wechat_key {
    char id[80]; /* hex serial, or PUB_KEY_ID_... */
    struct rsa_key *key;
    struct certificate *certificate; /* NULL: the public key, which has no end */
};

struct wechat {
    const char *app_id;
    const char *mchid;
    const char *serial;
    const char *authorize_url;
    const char *openid_url;
    const char *public_key_id; /* "" none */
    const char *directory;     /* "" none */
    uint8_t api_key[CRYPTO_KEY_BYTES];
    char app_secret[128]; /* "" none */
    struct wechat_key keys[WECHAT_KEYS_MAX];
    size_t key_count;
};

static inline const struct wechat *wechat_of(const struct pay_merchant *merchant)
{
    return merchant->own;
}

/* The key that signs under this id at now; NULL. */
const struct wechat_key *wechat_key_find(const struct wechat *wechat, const char *id,
                                         int64_t now_ms);
/* The Authorization header of a request. path: with its query, as sent. RC_MEMORY. */
enum rc wechat_authorization(const struct pay_merchant *merchant, struct arena *arena,
                             const char *method, const char *path, const char *body,
                             int64_t timestamp_s, const char *nonce,
                             const char **ret_header) MUST_CHECK;
/* A signed request for a path at base_url. body NULL: none. RC_MEMORY, RC_IO. */
enum rc wechat_request(const struct pay_merchant *merchant, struct arena *arena, const char *method,
                       const char *path, const char *body, int64_t now_ms,
                       struct http_request *ret_request) MUST_CHECK;
/* Checks key, clock and signature of headers and body, of a notice or an answer. RC_MEMORY. */
enum rc wechat_verify(const struct wechat *wechat, const struct http_header *headers,
                      size_t header_count, const char *body, size_t body_len, int64_t now_ms,
                      enum pay_refusal *ret_refusal) MUST_CHECK;
/* Decrypts a resource {algorithm, nonce, associated_data, ciphertext}. RC_INVALID, RC_MEMORY. */
enum rc wechat_decrypt(const struct wechat *wechat, struct arena *arena,
                       const struct json_object *resource, const char **ret_plain,
                       size_t *ret_len) MUST_CHECK;
/* A payment or refund object of a notice or an answer, checked against the merchant. RC_MEMORY. */
enum rc wechat_trade_read(const struct wechat *wechat, struct arena *arena,
                          const struct json_object *trade, struct pay_fact *fact,
                          enum pay_refusal *ret_refusal) MUST_CHECK;
enum rc wechat_refund_read(const struct wechat *wechat, struct arena *arena,
                           const struct json_object *refund, struct pay_fact *fact,
                           enum pay_refusal *ret_refusal) MUST_CHECK;
/* code of an error body {"code","message"}, "" when it is none. RC_MEMORY. */
enum rc wechat_error_code(struct arena *arena, const struct http_answer *answer,
                          const char **ret_code) MUST_CHECK;
/* The plaintext of a notice's resource. RC_MEMORY. */
enum rc wechat_plain_read(const struct wechat *wechat, struct arena *arena, bool refund,
                          const char *plain, size_t len, struct pay_notice *notice) MUST_CHECK;
/* The rows of a trade bill. RC_MEMORY. */
enum rc wechat_bill_rows(const struct wechat *wechat, struct arena *arena, const char *bytes,
                         size_t len, struct pay_bill *bill) MUST_CHECK;

/* The parts of the driver. */
enum rc wechat_open(struct pay_opening *opening, struct pay_merchant *merchant);
void wechat_close(struct pay_merchant *merchant);
enum rc wechat_refresh(struct pay_merchant *merchant, int64_t now_ms);
enum rc wechat_ask(const struct pay_merchant *merchant, struct arena *arena,
                   const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call);
enum rc wechat_read(const struct pay_merchant *merchant, struct arena *arena,
                    const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                    struct pay_answer *ret_answer);
enum rc wechat_notice(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_notice_bytes *bytes, int64_t now_ms,
                      struct pay_notice *ret_notice);
enum rc wechat_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                        struct pay_bill *bill);
enum rc wechat_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                         const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill);

#endif

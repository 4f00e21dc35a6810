/*
 * Inside the UnionPay driver (全渠道 5.1.0, signMethod 01). Messages are forms; the signature is
 * RSA-SHA256 over the lower case hex of the SHA-256 of the sorted "k=v&k=v": hashed twice. Theirs
 * bring the certificate they were signed with, which must chain to the pinned root and be
 * UnionPay's.
 */
#ifndef PW_PAY_UNIONPAY_OWN_H
#define PW_PAY_UNIONPAY_OWN_H

#include "core/pay/driver.h"

#define UNIONPAY_TIME_PATTERN "YYYYMMDDhhmmss"
#define UNIONPAY_MESSAGE_MAX ((size_t)64 << 10)

struct unionpay {
    const char *merchant_id;
    const char *file_url;
    char certificate_id[RSA_SERIAL_MAX]; /* serial of our sign certificate, decimal */
    struct certificate *root;
    struct certificate *middle;
    bool test_certificates;
};

static inline const struct unionpay *unionpay_of(const struct pay_merchant *merchant)
{
    return merchant->own;
}

/* Adds certId and signature to the fields of a request. RC_MEMORY. */
enum rc unionpay_sign(const struct pay_merchant *merchant, struct arena *arena,
                      struct form *form) MUST_CHECK;
/* Checks version, certificate and signature of a message of theirs. RC_MEMORY. */
enum rc unionpay_verify(const struct unionpay *unionpay, const struct form *form, int64_t now_ms,
                        enum pay_refusal *ret_refusal) MUST_CHECK;
/* Reads an answer "k=v&k=v": not percent-encoded, & within {} or [] does not separate, the whole
   may stand in {}. RC_INVALID, RC_CONFLICT (a name twice), RC_TOO_LARGE, RC_MEMORY. */
enum rc unionpay_parse(struct arena *arena, const char *bytes, size_t len,
                       struct form *ret_form) MUST_CHECK;
/* The fact of a verified message about a trade of its own: a notice, or the answer to a query whose
   result stands in `code`. */
void unionpay_fact(const struct unionpay *unionpay, const struct form *form, bool refund,
                   const char *code, struct pay_fact *fact, enum pay_refusal *ret_refusal);
/* What a result code means for a payment, and for a refund or undo. query: the code is that of a
   trade that was asked about, so a success with defects counts. */
enum pay_outcome unionpay_outcome(const char *code, bool refund, bool query);
/* Rows of a settlement file: base64 of zlib of a ZIP. RC_MEMORY. */
enum rc unionpay_bill_rows(const struct unionpay *unionpay, struct arena *arena,
                           const char *content, struct pay_bill *bill) MUST_CHECK;
/* One line of a ZM file. RC_INVALID, RC_TOO_LARGE, RC_MEMORY. */
enum rc unionpay_bill_line(const struct unionpay *unionpay, struct arena *arena, const char *line,
                           size_t len, struct pay_bill *bill) MUST_CHECK;

/* The parts of the driver. */
enum rc unionpay_open(struct pay_opening *opening, struct pay_merchant *merchant);
void unionpay_close(struct pay_merchant *merchant);
enum rc unionpay_ask(const struct pay_merchant *merchant, struct arena *arena,
                     const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call);
enum rc unionpay_read(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                      struct pay_answer *ret_answer);
enum rc unionpay_notice(const struct pay_merchant *merchant, struct arena *arena,
                        const struct pay_notice_bytes *bytes, int64_t now_ms,
                        struct pay_notice *ret_notice);
enum rc unionpay_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                          struct pay_bill *bill);
enum rc unionpay_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                           const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill);

#endif

/*
 * What each provider's server is to the rest: a handler of its port, the notice it would send, and
 * what it takes as accepted. docs/simulator.md has the decisions.
 */
#ifndef PW_SIM_PAY_PROVIDERS_H
#define PW_SIM_PAY_PROVIDERS_H

#include "sim/pay/sandbox.h"
#include "sim/pay/tools.h"

struct provider_row {
    void (*serve)(struct sandbox *sandbox, const struct web_request *request,
                  struct web_reply *reply);
    /* Which act a request asks for ("create", "query"...; "page" for browsers), before it is
       believed. */
    const char *(*op)(const struct web_request *request);
    /* Builds the notice, freshly signed; in the arena. RC_MEMORY, RC_IO. */
    enum rc (*notice)(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                      struct http_request *ret_request);
    bool (*accepted)(const struct http_answer *answer);
    /* Waits between tries, seconds, 0 at the end. */
    const int64_t *ladder_s;
};

extern const struct provider_row wechat_row;
extern const struct provider_row alipay_row;
extern const struct provider_row unionpay_row;
/* The row of a provider. */
const struct provider_row *provider_row(enum provider provider);

/* Parts of them in files of their own. */
void wechat_bill(struct sandbox *sandbox, const struct web_request *request,
                 struct web_reply *reply);
void wechat_bill_file(struct sandbox *sandbox, const struct web_request *request,
                      struct web_reply *reply);
void wechat_error(struct web_reply *reply, int status, const char *code, const char *message);
void wechat_sign_reply(struct sandbox *sandbox, const struct web_request *request,
                       struct web_reply *reply);
void wechat_pages(struct sandbox *sandbox, const struct web_request *request,
                  struct web_reply *reply); /* browser and oauth2 */
enum rc wechat_notice(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                      struct http_request *ret_request) MUST_CHECK;
void wechat_transaction_json(struct sandbox *sandbox, const struct order *order, int payment,
                             enum flavor flavor, struct text *out);
void wechat_refund_json(const struct order *order, const struct refund *refund, bool notice,
                        enum flavor flavor, struct text *out);
/* Answers in a part of alipay.c's dispatch. */
enum rc alipay_notice(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                      struct http_request *ret_request) MUST_CHECK;
/* The ZIP of a day. RC_NOT_FOUND: nothing happened on it. */
enum rc alipay_bill_zip(struct sandbox *sandbox, const char *date, struct text *out) MUST_CHECK;
enum rc unionpay_notice(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                        struct http_request *ret_request) MUST_CHECK;
/* Signs a form as UnionPay: adds signPubKeyCert and signature, which live in the arena. RC_MEMORY.
 */
enum rc unionpay_sign(struct sandbox *sandbox, struct arena *arena, struct form *form,
                      bool forged) MUST_CHECK;
/* fileContent of a clearing day MMDD. RC_NOT_FOUND. */
enum rc unionpay_file(struct sandbox *sandbox, const char *settle_date, struct text *out,
                      char name[64]) MUST_CHECK;
/* True if the answer at hand is to be signed wrongly (a fault is set so); asked once an answer. */
bool fault_forged(struct sandbox *sandbox, enum provider provider);

#endif

/*
 * Notices of payment providers. The driver checks the signature on the bytes as they came and
 * yields a fact; only a fact goes on to core/flow. The answer is in the provider's words: success
 * after the commit and not before, so that whatever was not stored is sent again.
 *
 *   bytes -> pay_notice_read -> refused: their failure reply, one line in the log
 *                            -> payment:  settle_payment | a question, where nothing was paid
 *                            -> refund:   refund_hear
 */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/route.h"
#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/refund_provider.h"
#include "core/flow/settle.h"
#include "core/pay/provider.h"
#include "core/store/order.h"
#include "core/store/wake.h"

#define TRIES_MAX 4 /* transactions, each run up to five times, of sixteen twins at once */
#define REFRESH_PAUSE_MS 10000

struct notice {
    struct request *request;
    const struct pay_merchant *merchant;
    const char *channel;
    const char *key;
    struct pay_notice read;
    uint8_t body_sha256[CRYPTO_HASH_BYTES];
    struct actor actor;
    /* what became of it */
    bool believed;       /* stored, or known before */
    const char *refused; /* else why */
    bool look;           /* jobs asks the provider */
    struct settle_answer answer;
};

/* Words of the path: /notify/PROVIDER/KEY[/refund]. */
static enum rc find_merchant(struct notice *notice)
{
    struct request *request = notice->request;
    const char *at = request->path + strlen("/notify/");
    size_t len = strcspn(at, "/");
    const char *provider = arena_copy(request->arena, at, len);
    const char *key = arena_copy(request->arena, at + len + 1, strcspn(at + len + 1, "/"));
    if (provider == NULL || key == NULL) {
        return RC_MEMORY;
    }
    notice->merchant = pay_merchant_find(request->worker->pay, provider, key);
    notice->channel = provider;
    notice->key = key;
    return notice->merchant == NULL ? RC_NOT_FOUND : RC_OK;
}

static enum rc read_notice(struct notice *notice)
{
    static int64_t refreshed_at_ms;
    const struct request *request = notice->request;
    struct pay_notice_bytes bytes = {.method = method_name(request->method),
                                     .headers = request->headers_in,
                                     .header_count = request->headers_in_count,
                                     .body = request->body,
                                     .body_len = request->body_len};
    int64_t now_ms = clock_now_ms();
    TRY(pay_notice_read(notice->merchant, request->arena, &bytes, now_ms, &notice->read));
    if (notice->read.refusal == PAY_REFUSED_KEY &&
        clock_monotonic_ms() - refreshed_at_ms > REFRESH_PAUSE_MS) {
        /* Perhaps a certificate that jobs fetched since. */
        refreshed_at_ms = clock_monotonic_ms();
        TRY(pay_refresh(request->worker->pay, now_ms));
        TRY(pay_notice_read(notice->merchant, request->arena, &bytes, now_ms, &notice->read));
    }
    crypto_sha256(request->body, request->body_len, notice->body_sha256);
    return RC_OK;
}

static enum rc take_payment(struct db *db, struct notice *notice)
{
    const struct pay_fact *said = &notice->read.fact;
    struct settle_fact fact = {.source = SETTLE_NOTICE,
                               .channel = notice->channel,
                               .merchant = notice->key,
                               .provider_transaction = said->provider_transaction,
                               .order_number = said->order_number,
                               .paid = said->outcome == PAY_PAID,
                               .amount_fen = said->amount_fen,
                               .currency = said->currency,
                               .occurred_at_ms = said->occurred_at_ms,
                               .body_sha256 = notice->body_sha256};
    TRY(settle_payment(db, notice->request->arena, &notice->actor, &fact, &notice->answer));
    enum settle_verdict verdict = notice->answer.verdict;
    notice->look = verdict == SETTLE_NOT_PAID;
    notice->believed = verdict != SETTLE_CONFLICT && verdict != SETTLE_WRONG_AMOUNT &&
                       verdict != SETTLE_WRONG_CURRENCY;
    notice->refused = settle_verdict_code(verdict);
    return notice->look ? orders_look_now(db, said->order_number, notice->channel, clock_now_ms())
                        : RC_OK;
}

static enum rc take_refund(struct db *db, struct notice *notice)
{
    const struct pay_fact *said = &notice->read.fact;
    struct refund_fact fact = {.channel = notice->channel,
                               .merchant = notice->key,
                               .order_number = said->order_number,
                               .refund_number = said->refund_number,
                               .provider_refund = said->provider_refund,
                               .moved = said->outcome == PAY_REFUNDED,
                               .amount_fen = said->amount_fen,
                               .amount_is_sum = said->amount_is_sum,
                               .code = pay_outcome_code(said->outcome)};
    bool ended = fact.moved || said->outcome == PAY_REFUND_CLOSED ||
                 said->outcome == PAY_REFUND_ABNORMAL || said->outcome == PAY_FAILED;
    enum refund_taken taken = REFUND_TAKEN_BEFORE;
    if (ended && fact.refund_number[0] != '\0') {
        TRY(refund_hear(db, notice->request->arena, &notice->actor, &fact, &taken));
    }
    notice->believed = taken == REFUND_TAKEN || taken == REFUND_TAKEN_BEFORE;
    notice->refused = taken == REFUND_TAKEN_UNKNOWN ? "no_refund" : "conflict";
    return RC_OK;
}

static enum rc take(struct db *db, void *context)
{
    struct notice *notice = context;
    return notice->read.fact.kind == PAY_KIND_REFUND ? take_refund(db, notice)
                                                     : take_payment(db, notice);
}

/* Twins wait for each other's locks; what the server turned away is run again. A connection lost at
   COMMIT likewise: what was stored is then known. */
static enum rc store(struct notice *notice)
{
    enum rc rc = RC_RETRY;
    for (int i = 0; i < TRIES_MAX && (rc == RC_RETRY || rc == RC_UNKNOWN); i++) {
        rc = db_transact(notice->request->db, take, notice);
    }
    return rc;
}

/* Hints; who was not woken finds it by its next scan. */
static void wake(const struct notice *notice)
{
    if (notice->answer.delivery_id != 0) {
        (void)!wake_poller(notice->request->redis, notice->answer.shard);
    }
    if (notice->look || notice->answer.verdict == SETTLE_ILLEGAL_MOVE ||
        notice->answer.destination == DESTINATION_SUSPENSE_PAID_TWICE ||
        notice->answer.destination == DESTINATION_SUSPENSE_LATE) {
        (void)!wake_pay(notice->request->redis);
    }
}

static enum rc refuse(const struct notice *notice, const char *code, const char *order_number)
{
    struct request *request = notice->request;
    enum pay_provider provider = pay_merchant_provider(notice->merchant);
    struct pay_reply reply = pay_reply(provider, PAY_REPLY_REFUSED);
    bool ours = pay_order_number_is_valid(order_number);
    request->note = arena_printf(request->arena, "notice refused: %s%s%s", code,
                                 ours ? ", order " : "", ours ? order_number : "");
    return request_fail_bytes(request, RC_REFUSED, reply.status, reply.content_type, reply.body);
}

static enum rc answer(struct request *request, bool refund_address)
{
    struct notice notice = {
        .request = request,
        .actor = {.kind = ACTOR_SYSTEM, .name = "paywatt-notify", .role = "", .ip = request->ip}};
    TRY(find_merchant(&notice));
    enum pay_provider provider = pay_merchant_provider(notice.merchant);
    struct pay_reply failed = pay_reply(provider, PAY_REPLY_FAILED);
    enum rc rc = read_notice(&notice);
    if (rc != RC_OK) {
        return request_fail_bytes(request, rc, failed.status, failed.content_type, failed.body);
    }
    const struct pay_fact *fact = &notice.read.fact;
    if (notice.read.refusal != PAY_FINE) {
        return refuse(&notice, pay_refusal_code(notice.read.refusal), "");
    }
    if (refund_address && fact->kind != PAY_KIND_REFUND) {
        return refuse(&notice, pay_refusal_code(PAY_REFUSED_KIND), fact->order_number);
    }
    rc = store(&notice);
    if (rc != RC_OK) {
        return request_fail_bytes(request, rc, failed.status, failed.content_type, failed.body);
    }
    wake(&notice);
    if (!notice.believed) {
        return refuse(&notice, notice.refused, fact->order_number);
    }
    struct pay_reply reply = pay_reply(provider, PAY_REPLY_SUCCESS);
    return request_reply_bytes(request, reply.status, reply.content_type, reply.body,
                               strlen(reply.body));
}

enum rc handle_notice_take(struct request *request)
{
    return answer(request, false);
}

enum rc handle_notice_take_refund(struct request *request)
{
    return answer(request, true);
}

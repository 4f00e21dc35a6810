/*
 * Inside the job `pay`: the desk with its providers, and one slot a request under way. One thread.
 *
 *   due row -> slot -> marked as asked, committed -> request -> answer -> what it proves is stored
 *
 * Whatever is lost on the way (an answer, this program, MariaDB), the row is due again by its mark,
 * and everything is asked again under the same number.
 */
#ifndef PW_JOBS_PAY_OWN_H
#define PW_JOBS_PAY_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/http_client.h"
#include "core/pay/provider.h"
#include "core/rules/breaker.h"
#include "core/store/order.h"
#include "core/store/refund_provider.h"
#include "jobs/job.h"

#define PAY_UNDER_WAY_MAX 8 /* requests at once, a provider */
#define PAY_SLOTS (PAY_UNDER_WAY_MAX * PAY_PROVIDER__MAX)
/* Until a row that was asked about is due by itself: the client's time, and some for the books. */
#define PAY_MARK_MS (HTTP_CLIENT_TOTAL_MS + INT64_C(2000))

struct pay_desk;

enum pay_matter { PAY_MATTER_ORDER, PAY_MATTER_REFUND, PAY_MATTER_CERTIFICATES };

struct pay_slot {
    struct pay_desk *desk;
    bool busy;
    enum pay_matter matter;
    enum pay_provider provider;
    struct arena arena; /* of everything below */
    struct pay_ask ask;
    struct order_due order;
    struct refund_due refund;
    int64_t marked_at_ms; /* the due time that was written before the request left */
    int links;            /* further requests that this slot made */
};

struct pay_desk {
    struct job *job;
    struct pay *pay;
    struct http_client *client;
    uint8_t field_key[32];
    int64_t reloads;
    enum rc rc; /* of the first answer that could not be stored in this round */
    struct breaker breakers[PAY_PROVIDER__MAX];
    bool told_down[PAY_PROVIDER__MAX]; /* as pay_channel says */
    int64_t told_at_ms;                /* monotonic; 0: never */
    int64_t certificates_at_ms;        /* monotonic; of the next question */
    struct pay_slot slots[PAY_SLOTS];
};

/* A slot for one more request of this provider, emptied; NULL: none, or its breaker is open. */
struct pay_slot *pay_slot_take(struct pay_desk *desk, enum pay_provider provider);
void pay_slot_give(struct pay_slot *slot);
/* How many requests of a provider may still leave. */
size_t pay_room(const struct pay_desk *desk, enum pay_provider provider);
/* Sends the slot's ask, or hands on what needs no request. The slot goes by itself at the end. */
enum rc pay_send(struct pay_slot *slot) MUST_CHECK;
/* The same for a request that is built already. */
enum rc pay_carry(struct pay_slot *slot, const struct http_request *request) MUST_CHECK;
/* One more thing that this round did, for the log. */
void pay_say(struct pay_desk *desk, const char *format, ...) PRINTF_LIKE(2, 3);
/* Runs work in a transaction; an unknown outcome of COMMIT is run again, every step may be. */
enum rc pay_step(struct pay_desk *desk, db_work work, void *context) MUST_CHECK;

/* orders */
enum rc pay_orders_start(struct pay_desk *desk, enum pay_provider provider,
                         bool *ret_any) MUST_CHECK;
enum rc pay_order_offer(struct pay_slot *slot, const struct pay_offer *offer) MUST_CHECK;
enum rc pay_order_heard(struct pay_slot *slot, const struct pay_answer *answer) MUST_CHECK;
/* refunds */
enum rc pay_refunds_start(struct pay_desk *desk, enum pay_provider provider,
                          bool *ret_any) MUST_CHECK;
enum rc pay_refund_heard(struct pay_slot *slot, const struct pay_answer *answer) MUST_CHECK;
/* certificates of WeChat Pay, where the merchant has them */
enum rc pay_certificates_start(struct pay_desk *desk, bool *ret_any) MUST_CHECK;
enum rc pay_certificates_heard(struct pay_slot *slot, const struct http_answer *answer) MUST_CHECK;

#endif

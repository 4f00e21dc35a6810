/*
 * What a notice, a query's answer or a row of the daily bill may do to a payment (design 4, 5.8).
 * Written order, the first that holds decides:
 *
 *   not_paid        the provider does not say that money came: nothing to settle
 *   exists          this provider transaction is known for this payment with the same amount and
 *                   currency: answered as the first time, nothing changes
 *   conflict        the transaction is known for another payment or with other figures: alarm, a
 *                   person looks
 *   no_order        no payment has this number: alarm, the money is booked as suspense
 *   wrong_amount    booked as suspense with what really came
 *   wrong_currency  nothing is booked, alarm
 *   illegal_move    the payment is settled already, by another transaction: the same order was paid
 *                   twice at the provider; the second money is booked as suspense
 *   settle
 *
 * A payment that settles does not always deliver. settle_destination says where its money goes.
 */
#ifndef PW_RULES_PAYMENT_SETTLE_H
#define PW_RULES_PAYMENT_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/payment_state.h"

enum settle_verdict {
    SETTLE_NOT_PAID,
    SETTLE_EXISTS,
    SETTLE_CONFLICT,
    SETTLE_NO_ORDER,
    SETTLE_WRONG_AMOUNT,
    SETTLE_WRONG_CURRENCY,
    SETTLE_ILLEGAL_MOVE,
    SETTLE_OK,
    SETTLE_VERDICT__MAX
};

/* What the provider says, and what is stored, both read under the payment's row lock. */
struct settle_facts {
    bool paid;                  /* outcome of the fact: money came */
    int64_t amount_fen;         /* of the fact */
    bool currency_fits;         /* CNY, or what the merchant account says */
    bool transaction_known;     /* a payment_event of this provider transaction says paid */
    bool transaction_same;      /* that event: this payment, this amount, this currency */
    bool payment_found;         /* a payment with the fact's order number */
    int64_t payment_amount_fen; /* what the payment asked for */
    enum payment_state state;   /* of the payment; unused when not found */
};

enum settle_verdict settle_guard(const struct settle_facts *facts);
/* "wrong_amount". Never NULL. */
const char *settle_verdict_code(enum settle_verdict verdict);
/* True where real money came that no purchase may have: it is booked as suspense. */
bool settle_is_suspense(enum settle_verdict verdict);

/* Where the money of a payment that settles goes. Asked: account open? late? paid twice? mode? */
enum settle_destination {
    DESTINATION_SUSPENSE_CLOSED_ACCOUNT,
    DESTINATION_SUSPENSE_PAID_TWICE, /* another payment of the purchase was settled before */
    DESTINATION_SUSPENSE_LATE,       /* the purchase was cancelled, the site does not reopen it */
    DESTINATION_CREDIT,              /* platform mode: to the ledger */
    DESTINATION_DELIVER,             /* meter mode: a delivery in pending */
    DESTINATION__MAX
};

struct destination_facts {
    bool account_open;
    enum purchase_state purchase;
    bool reopen_late; /* site setting: a late payment reopens a cancelled purchase */
    bool platform_mode;
};

enum settle_destination settle_destination(const struct destination_facts *facts);
/* "paid_twice"; "deliver". Never NULL. */
const char *settle_destination_code(enum settle_destination destination);

/* Refund guards: may this much go back for this payment (design 5.6, 5.8)? */
enum refund_verdict {
    REFUND_NOT_SETTLED,  /* no money came */
    REFUND_NOT_POSITIVE, /* zero or less */
    REFUND_EXCEEDS,      /* with what was refunded before, more than came */
    REFUND_IN_THE_METER, /* its delivery may still reach, or has reached, the meter */
    REFUND_SAME_PERSON,  /* maker is checker, or no checker */
    REFUND_OK,
    REFUND_VERDICT__MAX
};

struct refund_facts {
    enum payment_state state;
    int64_t payment_amount_fen;
    int64_t refunded_fen; /* sum of the payment's refunds that take money */
    int64_t amount_fen;   /* asked now */
    bool money_is_out;    /* suspense, delivery cancelled or fenced, or an adjustment took it out */
    int64_t maker_id;
    int64_t checker_id; /* 0: nobody yet */
};

enum refund_verdict refund_guard(const struct refund_facts *facts);
/* "in_the_meter". Never NULL. */
const char *refund_verdict_code(enum refund_verdict verdict);

#endif

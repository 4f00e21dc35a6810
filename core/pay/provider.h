/*
 * Payment providers: bytes in, facts out. Nothing here opens a connection or a database.
 *
 * A provider is one row of the table in provider.c (struct pay_driver of driver.h). Whoever calls
 * out does three things: pay_ask builds the request, the HTTP client carries it, pay_read reads the
 * answer; what the answer proves is a pay_outcome. Notices go through pay_notice_read. Both check
 * the provider's signature on the bytes as they came before anything in them is believed, and the
 * merchant, app and currency named inside; whether number and amount are those of one of our
 * payments is asked by the flow (core/rules/payment_settle.h).
 *
 * A struct pay is opened once at start, holds the keys, and may be read by many threads;
 * pay_refresh and pay_close need the only one. Everything handed out lives in the caller's arena.
 *
 *   pay_open -> pay_merchant_find -> pay_ask / pay_read, pay_notice_read / pay_reply,
 *   pay_bill_ask / pay_bill_read ... -> pay_close
 */
#ifndef PW_PAY_PROVIDER_H
#define PW_PAY_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/form.h"
#include "core/base/http.h"
#include "core/base/rc.h"
#include "core/base/text.h"

#define PAY_ORDER_NUMBER_MIN 8 /* 0-9 A-Z a-z only: what all three take */
#define PAY_ORDER_NUMBER_MAX 32
#define PAY_SUBJECT_MAX 120            /* bytes */
#define PAY_NOTICE_BYTES_MAX 65536     /* body of a notice */
#define PAY_BILL_BYTES_MAX (32u << 20) /* of a bill, packed or not */
#define PAY_BILL_ROWS_MAX 200000
#define PAY_PATH_MAX 300 /* bytes of the path of a notice address */

enum pay_provider { PAY_WECHAT, PAY_ALIPAY, PAY_UNIONPAY, PAY_PROVIDER__MAX };

/* Where the payer stands, which decides what is handed to him. */
enum pay_scene {
    PAY_SCENE_QR,     /* desk, kiosk: a code to scan */
    PAY_SCENE_PHONE,  /* browser of a phone */
    PAY_SCENE_IN_APP, /* the provider's own browser (JSAPI) */
    PAY_SCENE_PAGE,   /* browser of a computer */
    PAY_SCENE__MAX
};

enum pay_op { PAY_CREATE, PAY_QUERY, PAY_CLOSE, PAY_REFUND, PAY_REFUND_QUERY, PAY_OP__MAX };

/* What is proved. The zero value proves nothing. */
enum pay_outcome {
    PAY_UNKNOWN,            /* no answer to believe: ask again (query) later */
    PAY_ACCEPTED,           /* create: the offer is ready */
    PAY_UNPAID,             /* the trade exists and waits for the payer */
    PAY_PAID,               /* money came: the fact says how much */
    PAY_PAID_THEN_REFUNDED, /* money came, some or all went back: not ours to credit unseen */
    PAY_CLOSED,             /* nothing was paid and nothing can be any more */
    PAY_FAILED,             /* the trade ended without money, or the provider gives it back */
    PAY_NOT_FOUND,          /* the provider knows no such trade or refund: no proof while a page may
                               still be open, or a request may be on its way */
    PAY_QUERY_NOW,          /* refused because it is paid, closed or known already: query decides */
    PAY_REFUSED,            /* this request was refused and moved nothing; the code says why */
    PAY_REFUNDING,          /* accepted, money not moved yet */
    PAY_REFUNDED,           /* money moved back */
    PAY_REFUND_CLOSED,      /* ended without money: a new refund needs a new number */
    PAY_REFUND_ABNORMAL,    /* stuck at the provider: a person acts in its console */
    PAY_OUTCOME__MAX
};

/* Why bytes are not believed. In the order in which it is asked. */
enum pay_refusal {
    PAY_FINE,
    PAY_REFUSED_METHOD,      /* not a POST */
    PAY_REFUSED_SIZE,        /* empty, or longer than allowed */
    PAY_REFUSED_UNSIGNED,    /* what the signature needs is missing, or comes twice */
    PAY_REFUSED_MALFORMED,   /* not the format */
    PAY_REFUSED_TWICE,       /* a name comes twice */
    PAY_REFUSED_ALGORITHM,   /* another version or way of signing than agreed */
    PAY_REFUSED_KEY,         /* signed under a key that we do not hold */
    PAY_REFUSED_CERTIFICATE, /* its certificate is not the provider's, or its time is over */
    PAY_REFUSED_STALE,       /* outside the clock window */
    PAY_REFUSED_SIGNATURE,
    PAY_REFUSED_DECRYPT,
    PAY_REFUSED_KIND,     /* signed, but about something else than payments and refunds */
    PAY_REFUSED_MERCHANT, /* another merchant, seller, */
    PAY_REFUSED_APP,      /* or app than ours */
    PAY_REFUSED_ORDER,    /* not the trade that was asked about, or no number of ours */
    PAY_REFUSED_CURRENCY, /* other than CNY */
    PAY_REFUSED_AMOUNT,   /* no amount, or not a positive one */
    PAY_REFUSAL__MAX
};

enum pay_kind { PAY_KIND_PAY, PAY_KIND_REFUND, PAY_KIND_ADJUSTMENT };

/* What a believed message says. Texts are never NULL, "" where nothing is said. */
struct pay_fact {
    enum pay_kind kind;
    enum pay_outcome outcome;
    const char *order_number;         /* of the payment, ours; "" in a refund notice of UnionPay */
    const char *provider_transaction; /* of the payment */
    const char *refund_number;        /* ours; of a refund only */
    const char *provider_refund;      /* theirs */
    int64_t amount_fen;               /* of the payment; of the refund when it is one */
    bool amount_is_sum;               /* refund: of all refunds of this payment so far (Alipay) */
    const char *currency;             /* "CNY" */
    int64_t occurred_at_ms;           /* 0: not said */
    const char *merchant_id;          /* mchid, seller, merId: ours, checked */
    const char *app_id;               /* checked where said */
};

/* What to hand to the payer. */
enum pay_hand { PAY_HAND_NONE, PAY_HAND_QR, PAY_HAND_URL, PAY_HAND_FORM, PAY_HAND_CLIENT };

struct pay_offer {
    enum pay_hand hand;
    const char *text;      /* QR: its text; URL: where to go; FORM: where the fields are posted */
    struct form fields;    /* FORM, and CLIENT: parameters of getBrandWCPayRequest */
    int64_t expires_at_ms; /* of what is handed out, 0: with the order */
};

/* One question to a provider. Borrowed. */
struct pay_ask {
    enum pay_op op;
    const char *order_number;         /* of the payment */
    const char *provider_transaction; /* of the payment, NULL: not known yet */
    int64_t amount_fen;               /* of the payment */
    int64_t created_at_ms;            /* of the payment as stored: names the trade at UnionPay */
    /* PAY_CREATE */
    enum pay_scene scene;
    const char *subject;    /* what the payer reads; no / = & , and no brackets */
    int64_t expires_at_ms;  /* when the provider must close it */
    const char *client_ip;  /* PAY_SCENE_PHONE: the payer's public address */
    const char *openid;     /* PAY_SCENE_IN_APP */
    const char *return_url; /* page to come back to, NULL: none */
    /* PAY_REFUND, PAY_REFUND_QUERY: number and time must be stored before the first request */
    const char *refund_number;
    int64_t refund_fen;
    int64_t refund_at_ms;
    const char *reason;
    bool undo; /* UnionPay: the whole amount within the clearing day (31 instead of 04) */
};

/* What to do for an ask. */
struct pay_call {
    bool needed; /* false: nothing is sent, the offer is complete (form, redirect) */
    struct http_request request;
    struct pay_offer offer;
};

struct pay_answer {
    enum pay_outcome outcome;
    enum pay_refusal refusal; /* why an answer is not believed; PAY_FINE else */
    const char *code;         /* the provider's own code, for the log; never NULL */
    struct pay_offer offer;   /* PAY_CREATE, PAY_ACCEPTED */
    struct pay_fact fact;     /* PAY_PAID, PAY_PAID_THEN_REFUNDED, PAY_REFUNDED */
};

/* A request at our door, as it came. */
struct pay_notice_bytes {
    const char *method;
    const struct http_header *headers;
    size_t header_count;
    const char *body;
    size_t body_len;
};

struct pay_notice {
    enum pay_refusal refusal; /* PAY_FINE: the fact is believed; else nothing below is said */
    struct pay_fact fact;
};

/* Whether it was stored decides how the provider is answered. */
enum pay_reply_kind { PAY_REPLY_SUCCESS, PAY_REPLY_REFUSED, PAY_REPLY_FAILED };

struct pay_reply {
    int status;
    const char *content_type;
    const char *body;
};

struct pay_bill_row {
    enum pay_kind kind;
    const char *order_number;
    const char *provider_transaction;
    const char *refund_number; /* "" unless a refund */
    int64_t amount_fen;        /* positive */
    int64_t fee_fen;           /* what the provider keeps; negative: gives back */
    int64_t occurred_at_ms;    /* 0: not said */
};

enum pay_bill_state {
    PAY_BILL_CALL,    /* carry the request, then pay_bill_read */
    PAY_BILL_READY,   /* rows are complete */
    PAY_BILL_NONE,    /* the provider has no file of that day: no trade, or not made yet */
    PAY_BILL_REFUSED, /* refusal and code say why */
};

struct pay_bill {
    enum pay_bill_state state;
    enum pay_refusal refusal;
    const char *code; /* never NULL */
    int year, month, day;
    struct http_request request; /* answer_max_bytes is set */
    int step;                    /* the driver's own */
    const char *hash;            /* the driver's own */
    struct pay_bill_row *rows;
    size_t row_count;
};

struct pay;
struct pay_merchant;

/* "wechat", "alipay", "unionpay": the channel of a payment. Never NULL. */
const char *pay_provider_name(enum pay_provider provider);
/* Stable words for log and tables: "already_paid", "signature". Never NULL. */
const char *pay_outcome_code(enum pay_outcome outcome);
const char *pay_refusal_code(enum pay_refusal refusal);
/* True if the number is one that every provider takes. */
bool pay_order_number_is_valid(const char *number);

/* Opens every provider of which something is set. RC_INVALID: one is set by half or a file is not
   what it should be; a line for each is appended to problems ("[section] key ..."). RC_MEMORY. With
   nothing set it is empty, which is no error. now_ms: certificates are checked against it. */
enum rc pay_open(const struct config *config, int64_t now_ms, struct text *problems,
                 struct pay **ret_pay) MUST_CHECK;
/* Wipes and frees; accepts a pointer to NULL. Usable with CLEANUP. */
void pay_close(struct pay **pay);
/* Reads again what may change while we run: the directory of platform certificates. For a notice
   refused with PAY_REFUSED_KEY, and after jobs wrote new ones. What was held stays held. */
enum rc pay_refresh(struct pay *pay, int64_t now_ms) MUST_CHECK;
/* The configured account of a provider; NULL: not offered. */
const struct pay_merchant *pay_merchant_of(const struct pay *pay, enum pay_provider provider);
/* By the words of a notice address: provider's name and merchant key. NULL: there is none. */
const struct pay_merchant *pay_merchant_find(const struct pay *pay, const char *provider,
                                             const char *key);
enum pay_provider pay_merchant_provider(const struct pay_merchant *merchant);
/* Its short name in addresses. */
const char *pay_merchant_key(const struct pay_merchant *merchant);
/* True if the account can be paid in this scene. */
bool pay_merchant_offers(const struct pay_merchant *merchant, enum pay_scene scene);

/* Builds the request of an ask. RC_INVALID: a text or an amount is out of bounds, or the scene is
   not offered; RC_REFUSED: the provider has no such operation (UnionPay: close, the order ends by
   itself); RC_MEMORY, RC_IO (no randomness). */
enum rc pay_ask(const struct pay_merchant *merchant, struct arena *arena, const struct pay_ask *ask,
                int64_t now_ms, struct pay_call *ret_call) MUST_CHECK;
/* Reads the answer of that ask. RC_OK for whatever came: the outcome says what it proves.
 * RC_MEMORY.
 */
enum rc pay_read(const struct pay_merchant *merchant, struct arena *arena,
                 const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                 struct pay_answer *ret_answer) MUST_CHECK;
/* Reads a notice. RC_OK for whatever came: the refusal says whether to believe it. RC_MEMORY. */
enum rc pay_notice_read(const struct pay_merchant *merchant, struct arena *arena,
                        const struct pay_notice_bytes *bytes, int64_t now_ms,
                        struct pay_notice *ret_notice) MUST_CHECK;
/* The provider's words for what became of a notice. Success only after the commit. */
struct pay_reply pay_reply(enum pay_provider provider, enum pay_reply_kind kind);

/* Asks for the bill of a civil day (of China; UnionPay: of clearing). RC_MEMORY, RC_IO. */
enum rc pay_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int year, int month,
                     int day, int64_t now_ms, struct pay_bill *ret_bill) MUST_CHECK;
/* Goes on with the answer to bill->request. A file that is cut off, altered or too long is refused
   as a whole. RC_MEMORY. The arena should allow four times PAY_BILL_BYTES_MAX. */
enum rc pay_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                      const struct http_answer *answer, int64_t now_ms,
                      struct pay_bill *bill) MUST_CHECK;

#endif

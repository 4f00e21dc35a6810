/*
 * The providers' books: orders, what was paid and refunded, notices on their way. All three keep
 * them in one table; what differs is how each speaks about them (wechat.h, alipay.h, unionpay.h).
 *
 *     order   open --pay--> paid --refund...--> paid, partly or wholly refunded
 *               `--close, time over--> closed --pay (late money)--> paid
 *     refund  processing --> success | closed | abnormal
 *     notice  due --> sent --accepted--> gone;  else due again by the provider's ladder
 */
#ifndef PW_SIM_PAY_SANDBOX_H
#define PW_SIM_PAY_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/http_client.h"
#include "sim/loop.h"
#include "sim/pay/keyring.h"
#include "sim/pay/web.h"

#define ORDERS_MAX 20000
#define ORDER_BUCKETS 4096
#define ORDER_PAYMENTS_MAX 4
#define ORDER_REFUNDS_MAX 50
#define NOTICES_MAX 4096
#define SENT_MAX 512 /* notices that are remembered after they were sent */
#define CODES_MAX 64
#define FAULTS_MAX 32
#define NUMBER_MAX 65
#define URL_TEXT_MAX 513

enum provider { WECHAT, ALIPAY, UNIONPAY, PROVIDERS };
#define PLACE_CASHIER PROVIDERS /* the fourth port: cashier and control */

enum entrance { BY_NATIVE, BY_H5, BY_JSAPI, BY_QR, BY_WAP, BY_PAGE, BY_FRONT, ENTRANCES };

struct payment {
    char transaction[40];
    int64_t amount_fen; /* what was really paid */
    int64_t refunded_fen;
    int64_t fee_fen;
    int64_t paid_at_ms;
    bool told;  /* the merchant accepted the notice */
    bool quiet; /* none is sent */
};

enum refund_state { REFUND_PROCESSING, REFUND_SUCCESS, REFUND_CLOSED, REFUND_ABNORMAL };

struct refund {
    char number[NUMBER_MAX];
    char id[40];
    char time[16]; /* txnTime of UnionPay */
    char type[4];  /* 04, 31 */
    char notify_url[URL_TEXT_MAX];
    int payment;
    int64_t amount_fen;
    int64_t fee_fen; /* given back */
    int64_t begun_at_ms;
    int64_t due_at_ms;   /* when processing ends, by the wall clock */
    int64_t ended_at_ms; /* 0: not yet */
    enum refund_state state;
    bool told;
};

struct order {
    struct order *next; /* of its bucket */
    enum provider provider;
    enum entrance entrance;
    char number[NUMBER_MAX];
    char time[16];  /* txnTime of UnionPay, "" else */
    char token[33]; /* names it in addresses */
    char app[40];
    char payer[65];
    char subject[400];
    char attach[400];
    char notify_url[URL_TEXT_MAX];
    char return_url[URL_TEXT_MAX];
    char print[65]; /* of what it was made with: the same again is no other order */
    int64_t amount_fen;
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t closed_at_ms; /* 0: not closed */
    bool scanned;         /* Alipay: the trade exists once the payer has opened it */
    int payment_count;
    struct payment payments[ORDER_PAYMENTS_MAX];
    int refund_count;
    struct refund *refunds; /* ORDER_REFUNDS_MAX of them, once there is one */
};

enum order_state { ORDER_OPEN, ORDER_PAID, ORDER_CLOSED };

enum subject { ABOUT_PAYMENT, ABOUT_REFUND, ABOUT_CLOSE };

/* How a notice is wrong. */
enum flavor {
#define FLAVOR(name, text) FLAVOR_##name,
#include "sim/pay/flavors.def"
#undef FLAVOR
    FLAVORS
};

struct notice {
    struct notice *next;
    struct loop_timer timer;
    struct sandbox *sandbox;
    struct order *order;
    enum subject subject;
    int index; /* of the payment or refund */
    enum flavor flavor;
    bool once;   /* no ladder */
    bool flying; /* the client has it */
    int tries;
    char id[40];
    uint64_t ticket; /* who waits for its first answer, 0: nobody */
    int batch;       /* place in sandbox->batches, -1: none */
};

struct sent { /* what became of one try */
    int64_t at_ms;
    enum provider provider;
    enum subject subject;
    enum flavor flavor;
    char number[NUMBER_MAX];
    int try;
    int status; /* 0: no answer */
    bool accepted;
    char body[160];
};

enum fault_kind {
    FAULT_REFUSE,
    FAULT_HANG,
    FAULT_CUT,
    FAULT_LOST,
    FAULT_SLOW,
    FAULT_ERROR,
    FAULT_FORGED,
    FAULT_KINDS
};

struct fault {
    int id; /* 0: free */
    enum provider provider;
    enum fault_kind kind;
    char op[16]; /* create, query, close, refund ...; "": any */
    int64_t delay_ms;
    int64_t left; /* -1: for ever */
    int64_t hits;
};

struct openid_code {
    char code[33];
    bool used;
    int64_t made_at_ms;
};

struct batch { /* several notices whose first answers one request waits for */
    uint64_t ticket;
    int left;
    struct text results;
};

#define BATCHES_MAX 64

struct sandbox {
    struct loop *loop;
    struct web *web;
    struct keyring keys;
    struct http_client *client; /* notices */
    struct loop_timer client_timer;
    struct loop_timer sweep_timer;
    int64_t speed;
    uint16_t ports[PROVIDERS + 1];
    const char *state_path;
    int state_fd;
    int64_t state_lines;
    /* what the control changes */
    int64_t fee_per_mille[PROVIDERS];
    int64_t refund_ms;
    enum refund_state refund_outcome;
    bool bills_of_today;
    bool refuse_loopback;     /* WeChat H5: payers at 127.0.0.1, as the real one does */
    bool sign_by_certificate; /* WeChat's notices */
    char openid[65];
    struct fault faults[FAULTS_MAX];
    int fault_last;
    /* the books */
    struct order *buckets[ORDER_BUCKETS];
    struct order **orders; /* in the order of their making */
    size_t order_count;
    struct notice *notices;
    size_t notice_count;
    struct sent sent[SENT_MAX];
    uint64_t sent_count;
    struct openid_code codes[CODES_MAX];
    size_t code_count;
    struct batch batches[BATCHES_MAX];
    int64_t requests[PROVIDERS];
    int64_t refused[PROVIDERS]; /* signature, clock, form */
};

/* Stable words: "wechat", "native", "success". */
const char *provider_word(enum provider provider);
const char *entrance_word(enum entrance entrance);
const char *refund_word(enum refund_state state);
const char *flavor_word(enum flavor flavor);
enum provider provider_of(const char *word);         /* PROVIDERS: none */
enum entrance entrance_of(const char *word);         /* ENTRANCES: none */
enum refund_state refund_state_of(const char *word); /* PROCESSING when it is none */
enum flavor flavor_of(const char *word);             /* FLAVORS: none */

/* Copies the draft into the table, gives it a token. RC_FULL, RC_MEMORY. */
enum rc order_add(struct sandbox *sandbox, const struct order *draft,
                  struct order **ret_order) MUST_CHECK;
/* NULL when there is none. time: only UnionPay's, NULL: any. */
struct order *order_find(const struct sandbox *sandbox, enum provider provider, const char *number,
                         const char *time);
struct order *order_of_token(const struct sandbox *sandbox, const char *token);
struct order *order_of_transaction(const struct sandbox *sandbox, enum provider provider,
                                   const char *transaction, int *ret_payment);
/* Any refund of a provider by its number. */
struct refund *refund_find(const struct sandbox *sandbox, enum provider provider,
                           const char *number, struct order **ret_order);
enum order_state order_state(const struct order *order);
/* What was refunded, or is on its way, of a payment. */
int64_t order_refunded_fen(const struct order *order, int payment);

struct pay_act {
    int64_t amount_fen; /* 0: the order's */
    bool again;         /* although it is paid */
    bool late;          /* although it is closed */
    bool quiet;         /* no notice */
    int notices;        /* at one instant, 0 and 1: one */
    uint64_t ticket;    /* who waits for the answers */
};
/* A payer pays. RC_REFUSED with a sentence. */
enum rc order_pay(struct sandbox *sandbox, struct order *order, const struct pay_act *act,
                  const char **ret_why) MUST_CHECK;
/* Closes an open order; harmless when it is closed. RC_REFUSED: it is paid. */
enum rc order_close(struct sandbox *sandbox, struct order *order) MUST_CHECK;
/* Begins a refund (number, time, type, notify_url, payment, amount are set in the draft). RC_FULL,
   RC_REFUSED: more than what is left. */
enum rc refund_begin(struct sandbox *sandbox, struct order *order, const struct refund *draft,
                     int64_t after_ms, struct refund **ret_refund) MUST_CHECK;
/* Ends what is due; called by a timer. */
void refund_sweep(struct sandbox *sandbox);

/* journal.c: the state file, one JSON line an order, the last one counts. RC_IO, RC_INVALID. */
enum rc journal_open(struct sandbox *sandbox, const char **ret_why) MUST_CHECK;
void journal_write(struct sandbox *sandbox, const struct order *order);
void journal_order(const struct order *order, struct text *out); /* the object, for control too */

/* notice.c: sends a notice now and then by the ladder. RC_FULL. */
enum rc notice_send(struct sandbox *sandbox, struct order *order, enum subject subject, int index,
                    enum flavor flavor, bool once, int batch) MUST_CHECK;
/* A batch of `count` first answers that a deferred request waits for; -1: none is free. */
int batch_begin(struct sandbox *sandbox, uint64_t ticket, int count);
/* Takes one expected answer off again. */
void batch_less(struct sandbox *sandbox, int batch);
void notices_open(struct sandbox *sandbox); /* timers, and what the state file left untold */
void notices_close(struct sandbox *sandbox);

/* pages.c, control.c: the fourth port. */
void cashier_serve(struct sandbox *sandbox, const struct web_request *request,
                   struct web_reply *reply);
void control_serve(struct sandbox *sandbox, const struct web_request *request,
                   struct web_reply *reply);
/* Redirects a browser to an order's cashier page, on the provider's own address. */
void cashier_redirect(struct sandbox *sandbox, const struct order *order, struct web_reply *reply);

#endif

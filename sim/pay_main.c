/* paywatt-sim pay: options, start, faults, signals, end. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/log.h"
#include "sim/main.h"
#include "sim/pay/providers.h"

#define NOTICE_MS 10000 /* the longest that a provider waits for a merchant */
#define UNDER_WAY_MAX 256

static const char help[] =
    "usage: paywatt-sim pay --make-keys FOLDER [--port N]\n"
    "       paywatt-sim pay --keys FOLDER [--port N] [--state FILE] [--ca-file FILE] [--speed N]\n"
    "  --make-keys FOLDER  make keys and certificates of providers and merchant, once, and end\n"
    "  --keys FOLDER       the keys; merchant/settings.ini in it is written anew\n"
    "  --port N            WeChat Pay on N, Alipay N+1, UnionPay N+2, cashier and control N+3;\n"
    "                      0: any free ports (default)\n"
    "  --state FILE        keep orders, payments and refunds across restarts\n"
    "  --ca-file FILE      certificates that vouch for notice addresses, instead of the system's\n"
    "  --speed N           waits between notices are N times as short, 1 to 100000 (default 1)\n"
    "When all ports are open it prints one line that begins with \"ready\" on standard output.\n";

struct arguments {
    const char *make_keys;
    const char *keys;
    const char *state;
    const char *ca_file;
    int64_t port;
    int64_t speed;
};

struct stopper {
    struct loop_source source;
    struct loop *loop;
};

static struct fault *fault_of(struct sandbox *sandbox, enum provider provider, const char *op)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &sandbox->faults[i];
        if (fault->id != 0 && fault->provider == provider && fault->kind != FAULT_REFUSE &&
            fault->kind != FAULT_FORGED &&
            (fault->op[0] == '\0' ? strcmp(op, "page") != 0 : strcmp(fault->op, op) == 0)) {
            return fault;
        }
    }
    return NULL;
}

static void fault_used(struct fault *fault)
{
    fault->hits++;
    if (fault->left > 0 && --fault->left == 0) {
        fault->id = 0;
    }
}

bool fault_forged(struct sandbox *sandbox, enum provider provider)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &sandbox->faults[i];
        if (fault->id != 0 && fault->provider == provider && fault->kind == FAULT_FORGED) {
            fault_used(fault);
            return true;
        }
    }
    return false;
}

static void serve_provider(struct sandbox *sandbox, enum provider provider,
                           const struct web_request *request, struct web_reply *reply)
{
    struct fault *fault = fault_of(sandbox, provider, provider_row(provider)->op(request));
    enum fault_kind kind = fault == NULL ? FAULT_KINDS : fault->kind;
    int64_t delay_ms = fault == NULL ? 0 : fault->delay_ms;
    if (fault != NULL) {
        fault_used(fault);
    }
    if (kind == FAULT_HANG || kind == FAULT_CUT) { /* nothing is done */
        reply->manner = kind == FAULT_HANG ? WEB_HANG : WEB_CUT;
        reply->delay_ms = delay_ms;
        return;
    }
    if (kind == FAULT_ERROR) {
        reply->status = 502;
        reply->type = "text/html";
        text_add_string(&reply->body, "<html><h1>502 Bad Gateway</h1></html>");
        return;
    }
    provider_row(provider)->serve(sandbox, request, reply);
    if (kind == FAULT_LOST) { /* all is done, nobody hears of it */
        reply->manner = WEB_CUT;
    } else if (kind == FAULT_SLOW) {
        reply->delay_ms = delay_ms;
    }
}

static void serve(void *context, int place, const struct web_request *request,
                  struct web_reply *reply)
{
    struct sandbox *sandbox = context;
    /* The pages stand on each provider's own address too: a browser's policy may let forms go to
       that one only, redirects included. */
    if (place != PLACE_CASHIER && strncmp(request->path, "/order/", 7) != 0) {
        serve_provider(sandbox, (enum provider)place, request, reply);
    } else if (strcmp(request->path, "/control") == 0) {
        control_serve(sandbox, request, reply);
    } else {
        cashier_serve(sandbox, request, reply);
    }
}

static void sweep_due(struct loop_timer *timer)
{
    refund_sweep((struct sandbox *)(void *)((char *)timer - offsetof(struct sandbox, sweep_timer)));
}

enum { O_MAKE = 1, O_KEYS, O_PORT, O_STATE, O_CA, O_SPEED, O_HELP };

static const struct option options[] = {
    {"make-keys", required_argument, NULL, O_MAKE},
    {"keys", required_argument, NULL, O_KEYS},
    {"port", required_argument, NULL, O_PORT},
    {"state", required_argument, NULL, O_STATE},
    {"ca-file", required_argument, NULL, O_CA},
    {"speed", required_argument, NULL, O_SPEED},
    {"help", no_argument, NULL, O_HELP},
    {NULL, 0, NULL, 0},
};

static bool take_number(const char *value, int64_t min, int64_t max, int64_t *number)
{
    return text_parse_int(value, strlen(value), min, max, number) == RC_OK;
}

/* False when the value is refused. */
static bool take_option(struct arguments *arguments, int option, const char *value)
{
    switch (option) {
    case O_MAKE:
        arguments->make_keys = value;
        return true;
    case O_KEYS:
        arguments->keys = value;
        return true;
    case O_STATE:
        arguments->state = value;
        return true;
    case O_CA:
        arguments->ca_file = value;
        return true;
    case O_PORT:
        return take_number(value, 0, 65535 - PROVIDERS, &arguments->port);
    default:
        return take_number(value, 1, 100000, &arguments->speed);
    }
}

/* -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.speed = 1};
    for (;;) {
        int index = 0;
        int option = getopt_long(argc, argv, "", options, &index);
        if (option == -1) {
            break;
        }
        if (option == '?') {
            return 2;
        }
        if (option == O_HELP) {
            fputs(help, stdout);
            return 0;
        }
        if (!take_option(arguments, option, optarg)) {
            fprintf(stderr, "paywatt-sim pay: option --%s: %s is out of bounds\n",
                    options[index].name, optarg);
            return 2;
        }
    }
    if (optind < argc || (arguments->make_keys == NULL) == (arguments->keys == NULL)) {
        fputs(help, stderr);
        return 2;
    }
    return -1;
}

static int make_keys(const struct arguments *arguments)
{
    const char *why = "a file cannot be written";
    uint16_t ports[PROVIDERS];
    for (int i = 0; i < PROVIDERS; i++) {
        ports[i] = (uint16_t)(arguments->port + i);
    }
    if (keys_make(arguments->make_keys, &why) != RC_OK ||
        keys_settings(arguments->make_keys, ports) != RC_OK) {
        fprintf(stderr, "paywatt-sim pay: %s: %s\n", arguments->make_keys, why);
        return 1;
    }
    return 0;
}

static void stop(struct loop_source *source, uint32_t events)
{
    (void)events;
    loop_stop(((struct stopper *)(void *)source)->loop);
}

static enum rc open_signals(struct loop *loop, struct stopper *stopper)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    stopper->loop = loop;
    stopper->source =
        (struct loop_source){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .ready = stop};
    return stopper->source.fd < 0 ? RC_IO : loop_add(loop, &stopper->source, EPOLLIN);
}

static enum rc start(struct sandbox *sandbox, const struct arguments *arguments,
                     struct stopper *stopper, const char **why)
{
    const struct http_client_options client = {
        .total_ms = NOTICE_MS, .under_way_max = UNDER_WAY_MAX, .ca_file = arguments->ca_file};
    sandbox->state_fd = -1;
    TRY(keyring_load(arguments->keys, &sandbox->keys, why));
    TRY(loop_new(&sandbox->loop));
    TRY(open_signals(sandbox->loop, stopper));
    TRY(http_client_new(&client, &sandbox->client));
    TRY(journal_open(sandbox, why));
    TRY(web_new(sandbox->loop, serve, sandbox, &sandbox->web));
    *why = "a port cannot be opened";
    for (int i = 0; i <= PROVIDERS; i++) {
        uint16_t port = (uint16_t)(arguments->port == 0 ? 0 : arguments->port + i);
        TRY(web_listen(sandbox->web, i, port, &sandbox->ports[i]));
    }
    *why = "the merchant's settings cannot be written";
    TRY(keys_settings(arguments->keys, sandbox->ports));
    notices_open(sandbox);
    refund_sweep(sandbox);
    return RC_OK;
}

static void end(struct sandbox *sandbox, struct stopper *stopper)
{
    web_free(sandbox->web);
    notices_close(sandbox);
    for (size_t i = 0; i < sandbox->order_count; i++) {
        free(sandbox->orders[i]->refunds);
        free(sandbox->orders[i]);
    }
    free(sandbox->orders);
    if (stopper->source.fd >= 0) {
        close(stopper->source.fd);
    }
    if (sandbox->state_fd >= 0) {
        close(sandbox->state_fd);
    }
    loop_free(sandbox->loop);
    keyring_release(&sandbox->keys);
    free(sandbox);
}

int pay_main(int argc, char **argv)
{
    struct arguments arguments;
    struct stopper stopper = {.source.fd = -1};
    int status = read_arguments(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    if (arguments.make_keys != NULL) {
        return make_keys(&arguments);
    }
    log_open("paywatt-sim", LOG_INFO);
    const char *why = NULL;
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    if (sandbox == NULL) {
        return 1;
    }
    *sandbox = (struct sandbox){.speed = arguments.speed,
                                .state_path = arguments.state,
                                .sweep_timer.due = sweep_due,
                                .fee_per_mille = {6, 6, 6},
                                .refund_ms = 1000,
                                .refund_outcome = REFUND_SUCCESS,
                                .openid = "oUpF8uMuAJO0M2pxb1Q9zNjWeS6o"};
    enum rc rc = start(sandbox, &arguments, &stopper, &why);
    if (rc == RC_OK) {
        printf("ready wechat %u alipay %u unionpay %u cashier %u\n", sandbox->ports[WECHAT],
               sandbox->ports[ALIPAY], sandbox->ports[UNIONPAY], sandbox->ports[PLACE_CASHIER]);
        fflush(stdout);
        rc = loop_run(sandbox->loop);
    }
    if (rc != RC_OK) {
        fprintf(stderr, "paywatt-sim pay: %s\n", why != NULL ? why : rc_sentence(rc));
    }
    end(sandbox, &stopper);
    return rc == RC_OK ? 0 : 1;
}

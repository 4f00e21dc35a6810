/* The job that talks to payment providers; jobs/pay_own.h says how. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/failpoint.h"
#include "core/store/wake.h"
#include "jobs/pay_own.h"

#define ROUND_MS 1000
#define LOOK_MS 100       /* between two looks at MariaDB while requests are under way */
#define CHANNELS_MS 10000 /* pay_channel is written at least so often */
#define SLOT_ARENA_BYTES ((size_t)4 << 20)
#define STEP_TRIES 3
#define SAID_MAX 1500

/* ---- the desk */

static void desk_free(void *own)
{
    struct pay_desk *desk = own;
    if (desk == NULL) {
        return;
    }
    http_client_free(&desk->client);
    pay_close(&desk->pay);
    for (size_t i = 0; i < PAY_SLOTS; i++) {
        arena_release(&desk->slots[i].arena);
    }
    crypto_wipe(desk->field_key, sizeof(desk->field_key));
    free(desk);
}

/* Keys and address of the way out, at start and after the settings were read again. */
static enum rc desk_read(struct job *job, struct pay_desk *desk)
{
    struct http_client_options options = {.under_way_max = PAY_SLOTS,
                                          .proxy = config_text(job->config, CONFIG_pay_proxy),
                                          .ca_file = config_text(job->config, CONFIG_pay_ca_file)};
    const char *why = "";
    struct pay *pay = NULL;
    struct http_client *client = NULL;
    desk->reloads = job_reloads();
    enum rc rc =
        config_secret_key(job->config, CONFIG_security_field_key_file, desk->field_key, &why);
    if (rc != RC_OK) {
        text_printf(&job->why, "[security] field_key_file: %s", why);
        return rc;
    }
    TRY(pay_open(job->config, clock_now_ms(), &job->why, &pay));
    rc = http_client_new(&options, &client);
    if (rc != RC_OK) {
        pay_close(&pay);
        return rc;
    }
    http_client_free(&desk->client);
    pay_close(&desk->pay);
    desk->pay = pay;
    desk->client = client;
    desk->certificates_at_ms = 0;
    desk->told_at_ms = 0;
    return RC_OK;
}

static enum rc desk_open(struct job *job, struct pay_desk **ret_desk)
{
    struct pay_desk *desk = calloc(1, sizeof(*desk));
    if (desk == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < PAY_SLOTS; i++) {
        desk->slots[i].desk = desk;
        arena_init(&desk->slots[i].arena, SLOT_ARENA_BYTES);
    }
    enum rc rc = desk_read(job, desk);
    if (rc != RC_OK) {
        desk_free(desk);
        return rc;
    }
    job->own = desk;
    job->own_free = desk_free;
    *ret_desk = desk;
    return RC_OK;
}

static size_t under_way(const struct pay_desk *desk)
{
    size_t count = 0;
    for (size_t i = 0; i < PAY_SLOTS; i++) {
        count += desk->slots[i].busy;
    }
    return count;
}

void pay_say(struct pay_desk *desk, const char *format, ...)
{
    struct text *said = &desk->job->said;
    char line[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (said->len < SAID_MAX) {
        text_printf(said, "%s%s", said->len > 0 ? "; " : "", line);
    }
}

enum rc pay_step(struct pay_desk *desk, db_work work, void *context)
{
    enum rc rc = RC_UNKNOWN;
    for (int i = 0; i < STEP_TRIES && rc == RC_UNKNOWN; i++) {
        rc = db_transact(desk->job->db, work, context);
    }
    return rc;
}

/* ---- slots */

size_t pay_room(const struct pay_desk *desk, enum pay_provider provider)
{
    const struct breaker *breaker = &desk->breakers[provider];
    if (!breaker_allows(breaker, clock_monotonic_ms())) {
        return 0;
    }
    size_t free_count = 0;
    size_t busy = 0;
    for (size_t i = 0; i < PAY_SLOTS; i++) {
        busy += desk->slots[i].busy && desk->slots[i].provider == provider;
        free_count += !desk->slots[i].busy;
    }
    size_t room = busy < PAY_UNDER_WAY_MAX ? PAY_UNDER_WAY_MAX - busy : 0;
    room = breaker->until_ms != 0 && room > 1 ? 1 : room; /* the probe */
    return room < free_count ? room : free_count;
}

struct pay_slot *pay_slot_take(struct pay_desk *desk, enum pay_provider provider)
{
    for (size_t i = 0; pay_room(desk, provider) > 0 && i < PAY_SLOTS; i++) {
        struct pay_slot *slot = &desk->slots[i];
        if (!slot->busy) {
            slot->busy = true;
            slot->provider = provider;
            slot->links = 0;
            slot->ask = (struct pay_ask){.op = PAY_QUERY};
            arena_reset(&slot->arena);
            return slot;
        }
    }
    return NULL;
}

void pay_slot_give(struct pay_slot *slot)
{
    assert(slot->busy);
    slot->busy = false;
}

/* ---- requests */

static enum rc hear(struct pay_slot *slot, const struct pay_answer *answer)
{
    return slot->matter == PAY_MATTER_ORDER ? pay_order_heard(slot, answer)
                                            : pay_refund_heard(slot, answer);
}

/* What came back, or did not. The slot is free unless its matter goes on with another request. */
static void request_ended(void *context, enum rc rc, const struct http_answer *answer,
                          const char *why)
{
    struct pay_slot *slot = context;
    struct pay_desk *desk = slot->desk;
    struct pay_answer read = {.outcome = PAY_UNKNOWN, .code = "no_answer"};
    const char *name = pay_provider_name(slot->provider);
    struct breaker *breaker = &desk->breakers[slot->provider];
    int64_t now_ms = clock_monotonic_ms();
    bool was_open = breaker->until_ms != 0;
    breaker_ended(breaker, rc == RC_OK, now_ms);
    if (!was_open && breaker->until_ms != 0) {
        pay_say(desk, "%s does not answer (%s): not offered", name, why);
    } else if (was_open && breaker->until_ms == 0) {
        pay_say(desk, "%s answers again", name);
    }
    (void)FAILPOINT("pay.answered");
    if (slot->matter == PAY_MATTER_CERTIFICATES) {
        rc = rc == RC_OK ? pay_certificates_heard(slot, answer) : RC_OK;
        pay_slot_give(slot);
    } else {
        const struct pay_merchant *merchant = pay_merchant_of(desk->pay, slot->provider);
        rc = rc == RC_OK
                 ? pay_read(merchant, &slot->arena, &slot->ask, answer, clock_now_ms(), &read)
                 : RC_OK;
        if (read.refusal != PAY_FINE) {
            pay_say(desk, "%s: an answer about %s is not believed: %s", name,
                    slot->ask.order_number, pay_refusal_code(read.refusal));
        }
        int links = slot->links;
        rc = rc == RC_OK ? hear(slot, &read) : rc;
        rc = rc == RC_CONFLICT ? RC_OK : rc; /* settled or ended meanwhile: what was heard is old */
        if (rc != RC_OK || slot->links == links) {
            pay_slot_give(slot);
        }
    }
    desk->rc = desk->rc == RC_OK ? rc : desk->rc;
}

enum rc pay_carry(struct pay_slot *slot, const struct http_request *request)
{
    TRY(http_client_start(slot->desk->client, request, request_ended, slot));
    breaker_started(&slot->desk->breakers[slot->provider]);
    return RC_OK;
}

enum rc pay_send(struct pay_slot *slot)
{
    struct pay_desk *desk = slot->desk;
    const struct pay_merchant *merchant = pay_merchant_of(desk->pay, slot->provider);
    struct pay_call call;
    (void)FAILPOINT("pay.marked");
    TRY(pay_ask(merchant, &slot->arena, &slot->ask, clock_now_ms(), &call));
    if (!call.needed) {
        TRY(pay_order_offer(slot, &call.offer));
        pay_slot_give(slot);
        return RC_OK;
    }
    return pay_carry(slot, &call.request);
}

/* ---- which providers are offered */

static const char *scenes_of(struct job *job, const struct pay_merchant *merchant)
{
    static const char *const words[PAY_SCENE__MAX] = {"qr", "phone", "in_app", "page"};
    const char *list = "";
    for (int i = 0; i < PAY_SCENE__MAX && list != NULL; i++) {
        if (pay_merchant_offers(merchant, (enum pay_scene)i)) {
            list = arena_printf(&job->arena, "%s%s%s", list, list[0] == '\0' ? "" : ",", words[i]);
        }
    }
    return list;
}

static const char *app_id_of(const struct job *job, enum pay_provider provider)
{
    return provider == PAY_WECHAT   ? config_text(job->config, CONFIG_pay__wechat_app_id)
           : provider == PAY_ALIPAY ? config_text(job->config, CONFIG_pay__alipay_app_id)
                                    : "";
}

struct channels {
    struct pay_channel list[PAY_PROVIDER__MAX];
    size_t count;
};

static enum rc channels_write(struct db *db, void *context)
{
    const struct channels *channels = context;
    return pay_channels_replace(db, channels->list, channels->count, clock_now_ms());
}

/* Written when it changes, and again before the web side thinks that nobody is here. */
static enum rc channels_tell(struct pay_desk *desk)
{
    struct channels channels = {.count = 0};
    int64_t now_ms = clock_monotonic_ms();
    bool changed = desk->told_at_ms == 0;
    for (int i = 0; i < PAY_PROVIDER__MAX; i++) {
        enum pay_provider provider = (enum pay_provider)i;
        const struct pay_merchant *merchant = pay_merchant_of(desk->pay, provider);
        if (merchant == NULL) {
            continue;
        }
        bool down = breaker_is_open(&desk->breakers[i], now_ms);
        const char *scenes = scenes_of(desk->job, merchant);
        if (scenes == NULL) {
            return RC_MEMORY;
        }
        channels.list[channels.count++] = (struct pay_channel){
            .channel = pay_provider_name(provider),
            .merchant = pay_merchant_key(merchant),
            .scenes = scenes,
            .app_id = app_id_of(desk->job, provider),
            .up = !down,
        };
        changed = changed || down != desk->told_down[i];
        desk->told_down[i] = down;
    }
    /* Without any provider what stood there is dropped once. */
    if (!changed && (channels.count == 0 || now_ms - desk->told_at_ms < CHANNELS_MS)) {
        return RC_OK;
    }
    TRY(pay_step(desk, channels_write, &channels));
    desk->told_at_ms = now_ms;
    return RC_OK;
}

/* ---- the round */

static enum rc start_due(struct pay_desk *desk, bool *ret_any)
{
    TRY(channels_tell(desk));
    TRY(pay_certificates_start(desk, ret_any));
    for (int i = 0; i < PAY_PROVIDER__MAX; i++) {
        enum pay_provider provider = (enum pay_provider)i;
        if (pay_merchant_of(desk->pay, provider) != NULL) {
            TRY(pay_orders_start(desk, provider, ret_any));
            TRY(pay_refunds_start(desk, provider, ret_any));
        }
    }
    return RC_OK;
}

/* Until something is due, somebody wakes us, or the round is over. */
static enum rc wait_for_work(struct pay_desk *desk, int64_t left_ms, bool *ret_over)
{
    int64_t due_at_ms = 0;
    TRY(orders_next_due(desk->job->db, &desk->job->arena, &due_at_ms));
    int64_t wait_ms = due_at_ms == 0 ? left_ms : due_at_ms - clock_now_ms();
    wait_ms = wait_ms < LOOK_MS ? LOOK_MS : wait_ms;
    wait_ms = wait_ms > left_ms ? left_ms : wait_ms;
    if (wait_ms < 10) {
        *ret_over = true;
        return RC_OK;
    }
    enum rc rc = wake_wait_pay(desk->job->redis, wait_ms);
    *ret_over = rc == RC_UNAVAILABLE; /* the runner's pause then */
    return rc == RC_TIMEOUT || rc == RC_UNAVAILABLE ? RC_OK : rc;
}

enum rc job_pay(struct job *job)
{
    struct pay_desk *desk = job->own;
    if (desk == NULL) {
        TRY(desk_open(job, &desk));
    }
    desk->job = job;
    desk->rc = RC_OK;
    if (desk->reloads != job_reloads() && under_way(desk) == 0) {
        TRY(desk_read(job, desk));
    }
    int64_t end_ms = clock_monotonic_ms() + ROUND_MS;
    bool over = false;
    while (!over && !job_stopping() && desk->rc == RC_OK) {
        bool any = false;
        int64_t left_ms = end_ms - clock_monotonic_ms();
        if (left_ms <= 0) {
            break;
        }
        TRY(start_due(desk, &any));
        if (under_way(desk) > 0) {
            (void)http_client_run(desk->client, left_ms < LOOK_MS ? left_ms : LOOK_MS);
        } else if (!any) {
            TRY(wait_for_work(desk, left_ms, &over));
        }
    }
    return desk->rc;
}

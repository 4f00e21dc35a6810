/* Notices: built freshly at each try, sent by the HTTP client, tried again by the ladder. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "sim/pay/providers.h"

#define ARENA_BYTES_MAX (4u << 20)
#define CLIENT_TICK_NS 4000000
#define BATCH_ANSWER_MAX (256 * 1024)

static void tick_later(struct sandbox *sandbox)
{
    if (sandbox->client_timer.place == 0) {
        loop_set(sandbox->loop, &sandbox->client_timer, loop_now_ns() + CLIENT_TICK_NS);
    }
}

static void client_due(struct loop_timer *timer)
{
    struct sandbox *sandbox =
        (struct sandbox *)(void *)((char *)timer - offsetof(struct sandbox, client_timer));
    if (http_client_run(sandbox->client, 0) > 0) {
        tick_later(sandbox);
    }
}

int batch_begin(struct sandbox *sandbox, uint64_t ticket, int count)
{
    for (int i = 0; i < BATCHES_MAX; i++) {
        struct batch *batch = &sandbox->batches[i];
        if (batch->left == 0) {
            batch->ticket = ticket;
            batch->left = count;
            text_init(&batch->results, BATCH_ANSWER_MAX);
            return i;
        }
    }
    return -1;
}

static void batch_end(struct sandbox *sandbox, struct batch *batch)
{
    struct text answer;
    text_init(&answer, BATCH_ANSWER_MAX + 64);
    text_printf(&answer, "{\"ok\":true,\"answers\":[%s]}", text_string(&batch->results));
    web_answer(sandbox->web, batch->ticket, 200, "application/json", text_string(&answer),
               answer.len);
    text_release(&answer);
    text_release(&batch->results);
}

void batch_less(struct sandbox *sandbox, int batch)
{
    if (batch >= 0 && --sandbox->batches[batch].left == 0) {
        batch_end(sandbox, &sandbox->batches[batch]);
    }
}

static void batch_add(struct sandbox *sandbox, int index, const struct sent *sent)
{
    struct batch *batch = &sandbox->batches[index];
    text_printf(&batch->results, "%s{\"status\":%d,\"accepted\":%s",
                batch->results.len > 0 ? "," : "", sent->status, sent->accepted ? "true" : "false");
    member_text(&batch->results, "body", sent->body);
    text_add_char(&batch->results, '}');
    batch_less(sandbox, index);
}

static void notice_free(struct notice *notice)
{
    struct sandbox *sandbox = notice->sandbox;
    struct notice **at = &sandbox->notices;
    while (*at != notice) {
        at = &(*at)->next;
    }
    *at = notice->next;
    sandbox->notice_count--;
    loop_unset(sandbox->loop, &notice->timer);
    free(notice);
}

static void mark_told(struct notice *notice)
{
    struct order *order = notice->order;
    if (notice->flavor != FLAVOR_FINE) {
        return;
    }
    if (notice->subject == ABOUT_PAYMENT) {
        order->payments[notice->index].told = true;
    } else if (notice->subject == ABOUT_REFUND) {
        order->refunds[notice->index].told = true;
    }
    journal_write(notice->sandbox, order);
}

/* One more try by the ladder, or the end. */
static void again_or_end(struct notice *notice)
{
    const int64_t *ladder = provider_row(notice->order->provider)->ladder_s;
    int at = 0;
    while (at < notice->tries - 1 && ladder[at] != 0) {
        at++;
    }
    if (notice->once || ladder[at] == 0) {
        notice_free(notice);
        return;
    }
    loop_set(notice->sandbox->loop, &notice->timer,
             loop_now_ns() + ladder[at] * 1000000000 / notice->sandbox->speed);
}

static void done(void *context, enum rc rc, const struct http_answer *answer, const char *why)
{
    struct notice *notice = context;
    struct sandbox *sandbox = notice->sandbox;
    struct sent *sent = &sandbox->sent[sandbox->sent_count++ % SENT_MAX];
    *sent = (struct sent){.at_ms = clock_now_ms(),
                          .provider = notice->order->provider,
                          .subject = notice->subject,
                          .flavor = notice->flavor,
                          .try = notice->tries,
                          .status = rc == RC_OK ? answer->status : 0};
    text_copy(sent->number, sizeof(sent->number), notice->order->number);
    text_copy(sent->body, sizeof(sent->body), rc == RC_OK ? answer->body : why);
    sent->accepted = rc == RC_OK && provider_row(notice->order->provider)->accepted(answer);
    notice->flying = false;
    if (notice->batch >= 0) {
        int batch = notice->batch;
        notice->batch = -1;
        batch_add(sandbox, batch, sent);
    }
    if (sent->accepted) {
        mark_told(notice);
        notice_free(notice);
        return;
    }
    again_or_end(notice);
}

static void due(struct loop_timer *timer)
{
    struct notice *notice =
        (struct notice *)(void *)((char *)timer - offsetof(struct notice, timer));
    struct sandbox *sandbox = notice->sandbox;
    struct http_request request = {.method = "POST"};
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    notice->tries++;
    enum rc rc = provider_row(notice->order->provider)->notice(sandbox, notice, &arena, &request);
    if (rc == RC_OK) {
        notice->flying = true;
        rc = http_client_start(sandbox->client, &request, done, notice);
    }
    arena_release(&arena);
    if (rc == RC_FULL) { /* many are under way: a moment later */
        notice->flying = false;
        notice->tries--;
        loop_set(sandbox->loop, &notice->timer, loop_now_ns() + CLIENT_TICK_NS);
        return;
    }
    if (rc != RC_OK) {
        done(notice, rc, NULL, "the notice could not be built or its address is none");
        return;
    }
    tick_later(sandbox);
}

enum rc notice_send(struct sandbox *sandbox, struct order *order, enum subject subject, int index,
                    enum flavor flavor, bool once, int batch)
{
    if (order->notify_url[0] == '\0' || sandbox->notice_count == NOTICES_MAX) {
        return RC_FULL;
    }
    struct notice *notice = calloc(1, sizeof(*notice));
    if (notice == NULL) {
        return RC_MEMORY;
    }
    notice->timer.due = due;
    notice->sandbox = sandbox;
    notice->order = order;
    notice->subject = subject;
    notice->index = index;
    notice->flavor = flavor;
    notice->once = once;
    notice->batch = batch;
    random_name(notice->id, 32);
    notice->next = sandbox->notices;
    sandbox->notices = notice;
    sandbox->notice_count++;
    loop_set(sandbox->loop, &notice->timer, loop_now_ns());
    return RC_OK;
}

void notices_open(struct sandbox *sandbox)
{
    sandbox->client_timer.due = client_due;
    for (size_t i = 0; i < sandbox->order_count; i++) {
        struct order *order = sandbox->orders[i];
        enum rc rc = RC_OK;
        for (int k = 0; k < order->payment_count; k++) {
            if (!order->payments[k].told && !order->payments[k].quiet && rc == RC_OK) {
                rc = notice_send(sandbox, order, ABOUT_PAYMENT, k, FLAVOR_FINE, false, -1);
            }
        }
        for (int k = 0; k < order->refund_count; k++) {
            if (!order->refunds[k].told && order->refunds[k].ended_at_ms > 0 && rc == RC_OK) {
                rc = notice_send(sandbox, order, ABOUT_REFUND, k, FLAVOR_FINE, false, -1);
            }
        }
    }
}

void notices_close(struct sandbox *sandbox)
{
    http_client_free(&sandbox->client);
    while (sandbox->notices != NULL) {
        notice_free(sandbox->notices);
    }
    for (int i = 0; i < BATCHES_MAX; i++) {
        if (sandbox->batches[i].left > 0) {
            text_release(&sandbox->batches[i].results);
        }
    }
}

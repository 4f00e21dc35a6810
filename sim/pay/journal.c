/* The state file: one JSON line an order each time it changes; the last line of an order counts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/json.h"
#include "sim/pay/providers.h"

#define LINE_MAX_BYTES (256 * 1024)
#define PATH_TEXT_MAX 4096
#define LINES_KEPT 1000 /* more than four a order and these: the file is written anew */

static void payments_write(const struct order *order, struct text *out)
{
    text_add_string(out, ",\"payments\":[");
    for (int i = 0; i < order->payment_count; i++) {
        const struct payment *payment = &order->payments[i];
        text_add_string(out, i > 0 ? ",{\"index\":" : "{\"index\":");
        text_add_int(out, i);
        member_text(out, "transaction", payment->transaction);
        member_int(out, "amount_fen", payment->amount_fen);
        member_int(out, "refunded_fen", payment->refunded_fen);
        member_int(out, "fee_fen", payment->fee_fen);
        member_int(out, "paid_at_ms", payment->paid_at_ms);
        text_printf(out, ",\"told\":%s,\"quiet\":%s}", payment->told ? "true" : "false",
                    payment->quiet ? "true" : "false");
    }
    text_add_char(out, ']');
}

static void refunds_write(const struct order *order, struct text *out)
{
    text_add_string(out, ",\"refunds\":[");
    for (int i = 0; i < order->refund_count; i++) {
        const struct refund *refund = &order->refunds[i];
        text_add_string(out, i > 0 ? ",{\"payment\":" : "{\"payment\":");
        text_add_int(out, refund->payment);
        member_text(out, "number", refund->number);
        member_text(out, "id", refund->id);
        member_text(out, "time", refund->time);
        member_text(out, "type", refund->type);
        member_text(out, "notify_url", refund->notify_url);
        member_int(out, "amount_fen", refund->amount_fen);
        member_int(out, "fee_fen", refund->fee_fen);
        member_int(out, "begun_at_ms", refund->begun_at_ms);
        member_int(out, "due_at_ms", refund->due_at_ms);
        member_int(out, "ended_at_ms", refund->ended_at_ms);
        member_text(out, "state", refund_word(refund->state));
        text_printf(out, ",\"told\":%s}", refund->told ? "true" : "false");
    }
    text_add_char(out, ']');
}

void journal_order(const struct order *order, struct text *out)
{
    static const char *const states[] = {"open", "paid", "closed"};
    text_printf(out, "{\"provider\":\"%s\"", provider_word(order->provider));
    member_text(out, "entrance", entrance_word(order->entrance));
    member_text(out, "number", order->number);
    member_text(out, "time", order->time);
    member_text(out, "token", order->token);
    member_text(out, "app", order->app);
    member_text(out, "payer", order->payer);
    member_text(out, "subject", order->subject);
    member_text(out, "attach", order->attach);
    member_text(out, "notify_url", order->notify_url);
    member_text(out, "return_url", order->return_url);
    member_text(out, "print", order->print);
    member_int(out, "amount_fen", order->amount_fen);
    member_int(out, "created_at_ms", order->created_at_ms);
    member_int(out, "expires_at_ms", order->expires_at_ms);
    member_int(out, "closed_at_ms", order->closed_at_ms);
    text_printf(out, ",\"scanned\":%s", order->scanned ? "true" : "false");
    member_text(out, "state", states[order_state(order)]);
    payments_write(order, out);
    refunds_write(order, out);
    text_add_char(out, '}');
}

/* Reading: our own file, so a member that is missing is as if it were empty. */
static void text_read(const struct json_object *json, const char *key, char *out, size_t size)
{
    const char *text = "";
    text_copy(out, size, json_get_text(json, key, 0, size - 1, &text) == RC_OK ? text : "");
}

static int64_t int_read(const struct json_object *json, const char *key)
{
    int64_t value = 0;
    return json_get_int(json, key, 0, INT64_MAX, &value) == RC_OK ? value : 0;
}

static bool bool_read(const struct json_object *json, const char *key)
{
    bool value = false;
    return json_get_bool(json, key, &value) == RC_OK && value;
}

#define TEXT_READ(json, key, out) text_read(json, key, out, sizeof(out))

static void payments_read(const struct json_object *json, struct order *order)
{
    const struct json_object *all = NULL;
    if (json_get_array(json, "payments", ORDER_PAYMENTS_MAX, &all) != RC_OK) {
        return;
    }
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json_object *from = json_at(all, i);
        struct payment *to = &order->payments[order->payment_count++];
        TEXT_READ(from, "transaction", to->transaction);
        to->amount_fen = int_read(from, "amount_fen");
        to->refunded_fen = int_read(from, "refunded_fen");
        to->fee_fen = int_read(from, "fee_fen");
        to->paid_at_ms = int_read(from, "paid_at_ms");
        to->told = bool_read(from, "told");
        to->quiet = bool_read(from, "quiet");
    }
}

static enum rc refunds_read(const struct json_object *json, struct order *order)
{
    const struct json_object *all = NULL;
    if (json_get_array(json, "refunds", ORDER_REFUNDS_MAX, &all) != RC_OK || json_count(all) == 0) {
        return RC_OK;
    }
    order->refunds = calloc(ORDER_REFUNDS_MAX, sizeof(struct refund));
    if (order->refunds == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json_object *from = json_at(all, i);
        struct refund *to = &order->refunds[order->refund_count++];
        char state[16];
        TEXT_READ(from, "number", to->number);
        TEXT_READ(from, "id", to->id);
        TEXT_READ(from, "time", to->time);
        TEXT_READ(from, "type", to->type);
        TEXT_READ(from, "notify_url", to->notify_url);
        TEXT_READ(from, "state", state);
        to->state = refund_state_of(state);
        to->payment = (int)int_read(from, "payment");
        to->amount_fen = int_read(from, "amount_fen");
        to->fee_fen = int_read(from, "fee_fen");
        to->begun_at_ms = int_read(from, "begun_at_ms");
        to->due_at_ms = int_read(from, "due_at_ms");
        to->ended_at_ms = int_read(from, "ended_at_ms");
        to->told = bool_read(from, "told");
        if (to->payment >= order->payment_count) {
            return RC_INVALID;
        }
    }
    return RC_OK;
}

static enum rc line_read(struct sandbox *sandbox, const char *line, size_t len)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    TRY(json_parse(line, len, 6, &json));
    struct order draft = {.closed_at_ms = 0};
    char word[16];
    TEXT_READ(json, "provider", word);
    draft.provider = provider_of(word);
    TEXT_READ(json, "entrance", word);
    draft.entrance = entrance_of(word);
    if (draft.provider == PROVIDERS || draft.entrance == ENTRANCES) {
        return RC_INVALID;
    }
    TEXT_READ(json, "number", draft.number);
    TEXT_READ(json, "time", draft.time);
    TEXT_READ(json, "token", draft.token);
    TEXT_READ(json, "app", draft.app);
    TEXT_READ(json, "payer", draft.payer);
    TEXT_READ(json, "subject", draft.subject);
    TEXT_READ(json, "attach", draft.attach);
    TEXT_READ(json, "notify_url", draft.notify_url);
    TEXT_READ(json, "return_url", draft.return_url);
    TEXT_READ(json, "print", draft.print);
    draft.amount_fen = int_read(json, "amount_fen");
    draft.created_at_ms = int_read(json, "created_at_ms");
    draft.expires_at_ms = int_read(json, "expires_at_ms");
    draft.closed_at_ms = int_read(json, "closed_at_ms");
    draft.scanned = bool_read(json, "scanned");
    payments_read(json, &draft);
    enum rc rc = refunds_read(json, &draft);
    struct order *order = order_find(sandbox, draft.provider, draft.number, draft.time);
    if (rc == RC_OK && order != NULL) {
        draft.next = order->next;
        free(order->refunds);
        *order = draft;
        return RC_OK;
    }
    rc = rc == RC_OK ? order_add(sandbox, &draft, &order) : rc;
    if (rc != RC_OK) {
        free(draft.refunds);
    }
    return rc;
}

static enum rc file_read(struct sandbox *sandbox, const char **ret_why)
{
    FILE *file = fopen(sandbox->state_path, "re");
    if (file == NULL) {
        return errno == ENOENT ? RC_OK : RC_IO;
    }
    char *line = NULL;
    size_t size = 0;
    ssize_t len = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && (len = getline(&line, &size, file)) > 0) {
        if (line[len - 1] != '\n') {
            break; /* cut off by a kill: its answer never left */
        }
        rc = line_read(sandbox, line, (size_t)len - 1);
        *ret_why = rc == RC_OK ? NULL : "a line of the state file is not an order";
    }
    free(line);
    (void)fclose(file);
    return rc;
}

/* The whole file anew, one line an order. */
static enum rc file_write(struct sandbox *sandbox)
{
    char fresh[PATH_TEXT_MAX];
    (void)snprintf(fresh, sizeof(fresh), "%.4000s.new", sandbox->state_path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    bool written = fd >= 0;
    struct text line;
    text_init(&line, LINE_MAX_BYTES);
    for (size_t i = 0; written && i < sandbox->order_count; i++) {
        text_clear(&line);
        journal_order(sandbox->orders[i], &line);
        text_add_char(&line, '\n');
        written =
            text_result(&line) == RC_OK && write(fd, line.bytes, line.len) == (ssize_t)line.len;
    }
    text_release(&line);
    if (!written || rename(fresh, sandbox->state_path) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return RC_IO;
    }
    if (sandbox->state_fd >= 0) {
        close(sandbox->state_fd);
    }
    sandbox->state_fd = fd;
    sandbox->state_lines = (int64_t)sandbox->order_count;
    return RC_OK;
}

enum rc journal_open(struct sandbox *sandbox, const char **ret_why)
{
    sandbox->state_fd = -1;
    if (sandbox->state_path == NULL) {
        return RC_OK;
    }
    *ret_why = "the state file cannot be read";
    TRY(file_read(sandbox, ret_why));
    *ret_why = "the state file cannot be written";
    return file_write(sandbox);
}

void journal_write(struct sandbox *sandbox, const struct order *order)
{
    if (sandbox->state_fd < 0) {
        return;
    }
    struct text line;
    text_init(&line, LINE_MAX_BYTES);
    journal_order(order, &line);
    text_add_char(&line, '\n');
    bool written = text_result(&line) == RC_OK &&
                   write(sandbox->state_fd, line.bytes, line.len) == (ssize_t)line.len;
    text_release(&line);
    sandbox->state_lines++;
    if (!written || sandbox->state_lines > 4 * (int64_t)sandbox->order_count + LINES_KEPT) {
        written = file_write(sandbox) == RC_OK;
    }
    if (!written) {
        loop_stop(sandbox->loop); /* books that are not kept are no oracle */
    }
}

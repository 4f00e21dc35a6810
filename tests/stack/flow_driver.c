/*
 * Lets a test call core/flow: one call a line on standard input (words between tabs), one JSON line
 * each as the answer. Usage: flow_driver SOCKET USER PASSWORD. The first word is the name of a row
 * in `calls`, the others its arguments; an actor is written ID:ROLE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flow/approval.h"
#include "core/flow/command.h"
#include "core/flow/keep_on.h"
#include "core/flow/line.h"
#include "core/flow/lock_out.h"
#include "core/flow/settle.h"

#define WORDS_MAX 12
#define LINE_MAX_BYTES 4096

struct call {
    struct db *db;
    struct arena arena;
    char *words[WORDS_MAX];
    size_t count;
    struct command_refusal refusal;
    struct text out; /* members of the answer beside rc, code, field */
};

static const char *word(const struct call *call, size_t at)
{
    return at < call->count ? call->words[at] : "";
}

static int64_t number(const struct call *call, size_t at)
{
    int64_t value = 0;
    const char *text = word(call, at);
    return text_parse_int(text, strlen(text), INT64_MIN, INT64_MAX, &value) == RC_OK ? value : 0;
}

static struct actor actor(const struct call *call, size_t at)
{
    char *colon = strchr(word(call, at), ':');
    if (colon == NULL) {
        return (struct actor){.kind = ACTOR_SYSTEM, .name = "jobs", .role = "", .ip = ""};
    }
    return (struct actor){.kind = ACTOR_USER,
                          .id = strtoll(word(call, at), NULL, 10),
                          .name = "tester",
                          .role = colon + 1,
                          .ip = "127.0.0.1"};
}

static void answer_ids(struct call *call, int64_t command_id, int64_t approval_id)
{
    text_clear(&call->out);
    text_printf(&call->out, ",\"command_id\":%lld,\"approval_id\":%lld", (long long)command_id,
                (long long)approval_id);
}

/* request ACTOR SUPPLY KIND ORIGIN REASON UNIT [UNTIL_MS] [LOCK_OUT] */
static enum rc call_request(struct db *db, void *context)
{
    struct call *call = context;
    struct actor who = actor(call, 1);
    struct command_request request = {
        .supply_id = number(call, 2),
        .reason = word(call, 5),
        .unit_number = word(call, 6),
        .keep_on_until_at_ms = number(call, 7),
        .lock_out_id = number(call, 8),
    };
    TRY(command_kind_find(word(call, 3), &request.kind));
    TRY(command_origin_find(word(call, 4), &request.origin));
    struct command_answer answer = {0};
    TRY(command_request(db, &call->arena, &who, &request, &answer, &call->refusal));
    answer_ids(call, answer.command_id, answer.approval_id);
    return RC_OK;
}

/* lock ACTOR SUPPLY REASON UNIT */
static enum rc call_lock(struct db *db, void *context)
{
    struct call *call = context;
    struct actor who = actor(call, 1);
    struct lock_out_request request = {
        .supply_id = number(call, 2), .reason = word(call, 3), .unit_number = word(call, 4)};
    struct lock_out_answer answer = {0};
    TRY(lock_out_create(db, &call->arena, &who, &request, &answer, &call->refusal));
    answer_ids(call, answer.command_id, answer.approval_id);
    text_printf(&call->out, ",\"lock_out_id\":%lld", (long long)answer.lock_out_id);
    return RC_OK;
}

/* lift ACTOR LOCK_OUT REASON */
static enum rc call_lift(struct db *db, void *context)
{
    struct call *call = context;
    struct actor who = actor(call, 1);
    int64_t approval_id = 0;
    TRY(lock_out_lift(db, &call->arena, &who, number(call, 2), word(call, 3), &approval_id,
                      &call->refusal));
    answer_ids(call, 0, approval_id);
    return RC_OK;
}

/* decide ACTOR APPROVAL approve|reject REASON */
static enum rc call_decide(struct db *db, void *context)
{
    struct call *call = context;
    struct actor who = actor(call, 1);
    struct approval_answer answer = {0};
    TRY(approval_decide(db, &call->arena, &who, number(call, 2),
                        strcmp(word(call, 3), "approve") == 0, word(call, 4), &answer,
                        &call->refusal));
    answer_ids(call, answer.command_id, 0);
    return RC_OK;
}

/* line ACTOR LINE 0|1 REASON */
static enum rc call_line(struct db *db, void *context)
{
    struct call *call = context;
    struct actor who = actor(call, 1);
    return line_set_writable(db, &call->arena, &who, number(call, 2), number(call, 3) != 0,
                             word(call, 4), &call->refusal);
}

/* cancel ACTOR COMMAND REASON */
static enum rc call_cancel(struct call *call)
{
    struct actor who = actor(call, 1);
    return command_cancel(call->db, &who, number(call, 2), word(call, 3));
}

/* take COMMAND INSTANCE */
static enum rc call_take(struct call *call)
{
    struct command_order order;
    TRY(command_take(call->db, number(call, 1), word(call, 2), &order));
    text_printf(&call->out, ",\"serial_number\":\"%s\",\"kind\":\"%s\",\"line_id\":%lld",
                order.serial_number, command_kind_name(order.kind), (long long)order.line_id);
    return RC_OK;
}

/* sent COMMAND INSTANCE */
static enum rc call_sent(struct call *call)
{
    return command_mark_sent(call->db, number(call, 1), word(call, 2));
}

/* end COMMAND INSTANCE STATE RESULT_CODE SERIAL_READ EVIDENCE */
static enum rc call_end(struct call *call)
{
    struct command_result result = {
        .result_code = word(call, 4),
        .serial_number_read = word(call, 5),
        .evidence_json = word(call, 6),
    };
    TRY(command_state_find(word(call, 3), &result.state));
    return command_end(call->db, number(call, 1), word(call, 2), &result);
}

/* scan SHARD */
static enum rc call_scan(struct call *call)
{
    struct command_order *orders = NULL;
    size_t count = 0;
    TRY(command_scan(call->db, &call->arena, (int32_t)number(call, 1), 1000, &orders, &count));
    text_add_string(&call->out, ",\"orders\":[");
    for (size_t i = 0; i < count; i++) {
        text_printf(&call->out, "%s{\"id\":%lld,\"state\":\"%s\"}", i > 0 ? "," : "",
                    (long long)orders[i].id, command_state_name(orders[i].state));
    }
    text_add_char(&call->out, ']');
    return RC_OK;
}

/* keep_on_end: all that are due */
static enum rc call_keep_on_end(struct call *call)
{
    int64_t *ids = NULL;
    size_t count = 0;
    TRY(keep_on_due(call->db, &call->arena, 100, &ids, &count));
    struct command_answer answer = {0};
    for (size_t i = 0; i < count; i++) {
        TRY(keep_on_order_end(call->db, &call->arena, ids[i], &answer));
    }
    text_printf(&call->out, ",\"due\":%zu,\"command_id\":%lld", count,
                (long long)answer.command_id);
    return RC_OK;
}

/* expire: orders and approvals */
static enum rc call_expire(struct call *call)
{
    size_t count = 0;
    int64_t approvals = 0;
    TRY(command_expire_due(call->db, 100, &count));
    TRY(approval_expire_due(call->db, &approvals));
    text_printf(&call->out, ",\"commands\":%zu,\"approvals\":%lld", count, (long long)approvals);
    return RC_OK;
}

/* configure SIMULATED STALE_MS */
static enum rc call_configure(struct call *call)
{
    command_configure(number(call, 1) != 0, number(call, 2));
    return RC_OK;
}

/* clock OFFSET_MS */
static enum rc call_clock(struct call *call)
{
    clock_test_offset_ms(number(call, 1));
    return RC_OK;
}

/* settle CHANNEL ORDER TRANSACTION AMOUNT CURRENCY PAID */
static enum rc call_settle(struct db *db, void *context)
{
    static const struct actor system = {
        .kind = ACTOR_SYSTEM, .name = "notify", .role = "", .ip = ""};
    struct call *call = context;
    struct settle_answer settled = {0};
    struct settle_fact fact = {
        .source = SETTLE_NOTICE,
        .channel = word(call, 1),
        .merchant = "",
        .order_number = word(call, 2),
        .provider_transaction = word(call, 3),
        .amount_fen = number(call, 4),
        .currency = word(call, 5),
        .paid = strcmp(word(call, 6), "1") == 0,
    };
    enum rc rc = settle_payment(db, &call->arena, &system, &fact, &settled);
    if (rc == RC_OK) {
        text_clear(&call->out);
        text_printf(&call->out,
                    ",\"verdict\":\"%s\",\"destination\":\"%s\",\"payment_id\":%lld,"
                    "\"delivery_id\":%lld",
                    settle_verdict_code(settled.verdict),
                    settle_destination_code(settled.destination), (long long)settled.payment_id,
                    (long long)settled.delivery_id);
    }
    return rc;
}

static const struct {
    const char *name;
    enum rc (*run)(struct call *call);
    db_work work; /* what runs inside db_transact */
} calls[] = {
    {"request", NULL, call_request}, {"lock", NULL, call_lock},
    {"lift", NULL, call_lift},       {"decide", NULL, call_decide},
    {"line", NULL, call_line},       {"settle", NULL, call_settle},
    {"cancel", call_cancel, NULL},   {"take", call_take, NULL},
    {"sent", call_sent, NULL},       {"end", call_end, NULL},
    {"scan", call_scan, NULL},       {"keep_on_end", call_keep_on_end, NULL},
    {"expire", call_expire, NULL},   {"configure", call_configure, NULL},
    {"clock", call_clock, NULL},
};

static enum rc run(struct call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        if (strcmp(calls[i].name, word(call, 0)) == 0) {
            return calls[i].work != NULL ? db_transact(call->db, calls[i].work, call)
                                         : calls[i].run(call);
        }
    }
    return RC_NOT_FOUND;
}

static void answer(struct call *call, char *line)
{
    call->count = 0;
    call->refusal = (struct command_refusal){.code = "", .field = ""};
    text_clear(&call->out);
    line[strcspn(line, "\n")] = '\0';
    for (char *at = line; at != NULL && call->count < WORDS_MAX;) {
        call->words[call->count++] = strsep(&at, "\t");
    }
    enum rc rc = run(call);
    printf("{\"rc\":\"%s\",\"code\":\"%s\",\"field\":\"%s\"%s}\n", rc_name(rc), call->refusal.code,
           call->refusal.field, rc == RC_OK ? text_string(&call->out) : "");
    if (rc == RC_INTERNAL || rc == RC_UNAVAILABLE) {
        fprintf(stderr, "%s: %s %s\n", call->words[0], call->refusal.code, db_error(call->db));
    }
    fflush(stdout);
    arena_reset(&call->arena);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: flow_driver SOCKET USER PASSWORD\n", stderr);
        return 2;
    }
    struct db_options options = {
        .socket = argv[1], .name = "paywatt", .user = argv[2], .password = argv[3]};
    CLEANUP(db_close) struct db *db = NULL;
    if (db_open(&options, &db) != RC_OK) {
        fputs("flow_driver: no database\n", stderr);
        return 1;
    }
    struct call call = {.db = db};
    arena_init(&call.arena, (size_t)8 << 20);
    text_init(&call.out, (size_t)1 << 20);
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        answer(&call, line);
    }
    text_release(&call.out);
    arena_release(&call.arena);
    return 0;
}

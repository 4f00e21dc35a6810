/*
 * How many notices a second become settled payments through the program's own settle function; and,
 * in the same run, bare durable transactions that write the same rows and ask nothing. The two take
 * turns, so that what else the machine does weighs on both. Prints one JSON object.
 *
 *   settle_bench --config INI --orders N
 *
 * The database has N open payments S0 .. and N more R0 .., each with its purchase.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/config.h"
#include "core/flow/settle.h"
#include "core/store/role.h"

#define WORKERS 4
#define TURNS 8
#define ARENA_BYTES ((size_t)1 << 20)

struct order {
    int64_t payment_id, purchase_id, supply_id, epoch, meter_id, amount_fen;
    int64_t debit_id, credit_id;
};

struct bench {
    const struct config *config;
    struct order *raw;
    int64_t from; /* orders of this turn */
    int64_t until;
    bool through_settle;
    int worker; /* of this copy */
};

static void fail(const char *what, enum rc rc)
{
    (void)fprintf(stderr, "settle_bench: %s: %s\n", what, rc_sentence(rc));
    exit(EXIT_FAILURE);
}

static struct db *connect(const struct config *config)
{
    struct text problem CLEANUP(text_release);
    struct db *db = NULL;
    text_init(&problem, 65536);
    enum rc rc = role_open(config, "jobs", &problem, &db);
    if (rc != RC_OK) {
        fail(text_string(&problem), rc);
    }
    return db;
}

struct work {
    const struct order *order;
    int64_t number;
    struct arena arena;
};

static enum rc settle_one(struct db *db, void *context)
{
    static const struct actor actor = {.kind = ACTOR_SYSTEM, .name = "bench", .role = "", .ip = ""};
    struct work *work = context;
    char order_number[24];
    char transaction[24];
    (void)snprintf(order_number, sizeof(order_number), "S%lld", (long long)work->number);
    (void)snprintf(transaction, sizeof(transaction), "TS%lld", (long long)work->number);
    struct settle_fact fact = {.source = SETTLE_NOTICE,
                               .channel = "wechat",
                               .merchant = "",
                               .provider_transaction = transaction,
                               .order_number = order_number,
                               .paid = true,
                               .amount_fen = work->order->amount_fen,
                               .currency = SETTLE_CURRENCY};
    struct settle_answer answer;
    arena_reset(&work->arena);
    TRY(settle_payment(db, &work->arena, &actor, &fact, &answer));
    return answer.verdict == SETTLE_OK ? RC_OK : RC_REFUSED;
}

static enum rc write_rows(struct db *db, void *context)
{
    const struct work *work = context;
    const struct order *order = work->order;
    char transaction[24];
    (void)snprintf(transaction, sizeof(transaction), "TR%lld", (long long)work->number);
    struct db_value now = db_time(clock_now_ms());
    TRY(db_execute(db, "UPDATE supply SET orders_version = orders_version + 1 WHERE id = ?",
                   DB_ARGS(db_int(order->supply_id)), NULL));
    TRY(db_execute(db,
                   "UPDATE payment SET state = 'settled', disposition = 'pending', settled_at = ?,"
                   " provider_transaction = ? WHERE id = ?",
                   DB_ARGS(now, db_text(transaction), db_int(order->payment_id)), NULL));
    TRY(db_execute(
        db,
        "INSERT INTO payment_event (payment_id, source, channel, provider_transaction,"
        " paid, amount_fen, verified, verdict)"
        " VALUES (?, 'notice', 'wechat', ?, TRUE, ?, TRUE, 'ok')",
        DB_ARGS(db_int(order->payment_id), db_text(transaction), db_int(order->amount_fen)), NULL));
    TRY(db_execute(db,
                   "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id,"
                   " amount_fen, at) VALUES ('payment_settled', 'payment', ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(order->payment_id), db_int(order->debit_id),
                           db_int(order->credit_id), db_int(order->amount_fen), now),
                   NULL));
    TRY(db_execute(db, "UPDATE purchase SET state = 'paid', paid_at = ? WHERE id = ?",
                   DB_ARGS(now, db_int(order->purchase_id)), NULL));
    TRY(db_execute(db,
                   "INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen)"
                   " VALUES (?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(order->purchase_id), db_int(order->supply_id),
                           db_int(order->epoch), db_int(order->meter_id),
                           db_int(order->amount_fen)),
                   NULL));
    struct audit_entry entry = {
        .actor = &(const struct actor){ACTOR_SYSTEM, 0, "bench", "", ""},
        .action = "payment.settle",
        .object_kind = "payment",
        .object_id = order->payment_id,
        .object_label = transaction,
        .after_json = "{\"channel\":\"wechat\",\"amount_fen\":1,\"verdict\":\"deliver\"}",
        .result = "ok"};
    return audit_write(db, &entry);
}

static void *run_worker(void *argument)
{
    const struct bench *bench = argument;
    struct db *db CLEANUP(db_close) = connect(bench->config);
    struct work work = {.number = 0};
    arena_init(&work.arena, ARENA_BYTES);
    for (int64_t n = bench->from + bench->worker; n < bench->until; n += WORKERS) {
        work.number = n;
        work.order = &bench->raw[n];
        enum rc rc = db_transact(db, bench->through_settle ? settle_one : write_rows, &work);
        if (rc != RC_OK) {
            fail(db_error(db), rc);
        }
    }
    arena_release(&work.arena);
    return NULL;
}

/* Microseconds of one turn, all workers together. */
static int64_t run_us(const struct bench *bench)
{
    pthread_t threads[WORKERS];
    struct bench copies[WORKERS];
    int64_t begun_us = clock_monotonic_us();
    for (int i = 0; i < WORKERS; i++) {
        copies[i] = *bench;
        copies[i].worker = i;
        if (pthread_create(&threads[i], NULL, run_worker, &copies[i]) != 0) {
            fail("thread", RC_MEMORY);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return clock_monotonic_us() - begun_us;
}

static struct order *load_orders(struct db *db, int64_t orders)
{
    struct arena arena CLEANUP(arena_release);
    struct db_rows rows;
    arena_init(&arena, (size_t)64 << 20);
    enum rc rc = db_query(
        db, &arena,
        "SELECT p.id, b.id, b.supply_id, b.epoch, s.meter_id, p.amount_fen,"
        " (SELECT id FROM ledger_account WHERE code = 'receivable' AND channel = 'wechat'), a.id"
        " FROM payment p JOIN purchase b ON b.id = p.purchase_id JOIN supply s ON s.id ="
        " b.supply_id JOIN ledger_account a ON a.code = 'meter_clearing' AND a.supply_id ="
        " b.supply_id WHERE p.order_number LIKE 'R%' ORDER BY p.id",
        DB_NO_ARGS, DB_ROWS_MAX, &rows);
    if (rc != RC_OK || (int64_t)rows.count != orders) {
        fail("the orders are not there", rc);
    }
    struct order *list = calloc(rows.count, sizeof(*list));
    for (size_t i = 0; list != NULL && i < rows.count; i++) {
        list[i] = (struct order){db_get_int(&rows, i, 0), db_get_int(&rows, i, 1),
                                 db_get_int(&rows, i, 2), db_get_int(&rows, i, 3),
                                 db_get_int(&rows, i, 4), db_get_int(&rows, i, 5),
                                 db_get_int(&rows, i, 6), db_get_int(&rows, i, 7)};
    }
    return list;
}

int main(int argc, char **argv)
{
    if (argc != 5 || strcmp(argv[1], "--config") != 0 || strcmp(argv[3], "--orders") != 0) {
        (void)fprintf(stderr, "usage: settle_bench --config INI --orders N\n");
        return 2;
    }
    struct text problem CLEANUP(text_release);
    struct config *config CLEANUP(config_free) = NULL;
    text_init(&problem, 65536);
    enum rc rc = config_load(argv[2], &problem, &config);
    if (rc != RC_OK) {
        fail(text_string(&problem), rc);
    }
    struct db *db CLEANUP(db_close) = connect(config);
    int64_t orders = strtoll(argv[4], NULL, 10);
    struct bench bench = {.config = config, .raw = load_orders(db, orders)};
    int64_t spent_us[2] = {0, 0}; /* bare, through settle */
    for (int turn = 0; turn < 2 * TURNS; turn++) {
        bench.through_settle = turn % 2 == 1;
        bench.from = orders * (turn / 2) / TURNS;
        bench.until = orders * (turn / 2 + 1) / TURNS;
        spent_us[turn % 2] += run_us(&bench);
    }
    int64_t raw_per_s = orders * 1000000 / spent_us[0];
    int64_t settle_per_s = orders * 1000000 / spent_us[1];
    free(bench.raw);
    int64_t ratio_e3 = settle_per_s * 1000 / (raw_per_s > 0 ? raw_per_s : 1);
    (void)printf(
        "{\"settle_per_s\":%lld,\"settle_raw_per_s\":%lld,\"settle_vs_raw\":%lld.%03lld}\n",
        (long long)settle_per_s, (long long)raw_per_s, (long long)(ratio_e3 / 1000),
        (long long)(ratio_e3 % 1000));
    return EXIT_SUCCESS;
}

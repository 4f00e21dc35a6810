#include "poller/acceptance.h"

#include <assert.h>
#include <string.h>

#include "core/rules/capability.h"
#include "core/rules/evidence.h"
#include "poller/line_answer.h"

#define READ_TRIES 4 /* with the link's quiet time between them */

struct run {
    const struct device *device;
    const struct acceptance *acceptance;
    struct text *json;
    struct reading prices;
    struct evidence first; /* what stood there before the run */
    struct evidence now;
    bool readable;
    bool any;
};

static enum rc read_now(struct run *run, struct evidence *ret_evidence)
{
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        struct reading fast = {.present = 0};
        rc = device_read_fast(run->device, &fast, &event);
        if (rc == RC_OK) {
            return evidence_make(run->device->model, &fast, &run->prices, ret_evidence);
        }
    }
    return rc;
}

static void add_state(struct text *json, const char *key, const struct evidence *evidence)
{
    text_printf(json, ",\"%s\":{\"count\":%lld,\"balance_fen\":%lld}", key,
                (long long)evidence->count, (long long)evidence->balance_fen);
}

struct wanted { /* after a step, use aside */
    const char *step;
    enum capability capability;
    int64_t amount_fen, count; /* as sent */
    int64_t balance_fen;       /* before the use in between */
    int64_t count_after;
    bool absolute;
};

static const char *verdict_of(const struct wanted *wanted, const struct evidence *after,
                              int64_t cost_fen, int64_t tolerance_fen)
{
    int64_t off_fen = after->balance_fen - (wanted->balance_fen - cost_fen);
    bool money = off_fen <= tolerance_fen && -off_fen <= tolerance_fen;
    return money && after->count == wanted->count_after ? "proven" : "disproved";
}

static void record(struct run *run, const struct wanted *wanted, const struct evidence *before,
                   const struct evidence *after, int64_t cost_fen, int64_t tolerance_fen,
                   const char *verdict)
{
    struct text *json = run->json;
    text_printf(json, "%s{\"step\":\"%s\",\"capability\":\"%s\"", run->any ? "," : "", wanted->step,
                capability_name(wanted->capability));
    text_printf(json, ",\"sent\":{\"amount_fen\":%lld,\"count\":%lld}",
                (long long)wanted->amount_fen, (long long)wanted->count);
    add_state(json, "before", before);
    if (after != NULL) {
        add_state(json, "after", after);
    }
    text_printf(json, ",\"cost_fen\":%lld,\"tolerance_fen\":%lld,\"verdict\":\"%s\"}",
                (long long)cost_fen, (long long)tolerance_fen, verdict);
    run->any = true;
}

static enum rc send_frame(struct run *run, const struct wanted *wanted)
{
    struct device_event event = {0};
    struct recipe_value values[] = {{wanted->absolute ? "balance" : "amount", wanted->amount_fen},
                                    {"count", wanted->count}};
    const char *recipe = wanted->absolute ? "parameters" : "purchase";
    enum rc rc = device_write_recipe(run->device, recipe, values, ARRAY_LEN(values), &event);
    return event.write_left ? RC_OK : rc; /* the answer proves nothing */
}

/* One frame and what the meter shows after it. True if that was as wanted. */
static bool take_step(struct run *run, const struct wanted *wanted)
{
    struct evidence before = run->now;
    struct evidence after = run->now;
    int64_t cost_fen = 0;
    int64_t tolerance_fen = 0;
    enum rc rc = send_frame(run, wanted);
    rc = rc == RC_OK ? read_now(run, &after) : rc;
    rc = rc == RC_OK ? evidence_cost(&before, &after, &cost_fen, &tolerance_fen) : rc;
    if (rc != RC_OK) {
        run->readable = false;
        record(run, wanted, &before, NULL, 0, 0, "unclear");
        return false;
    }
    const char *verdict = verdict_of(wanted, &after, cost_fen, tolerance_fen);
    record(run, wanted, &before, &after, cost_fen, tolerance_fen, verdict);
    run->now = after;
    return strcmp(verdict, "proven") == 0;
}

/* A purchase frame: by how much it should raise the count and the balance. */
static bool purchase(struct run *run, const char *step, enum capability capability,
                     int64_t amount_fen, int64_t count_ahead, int64_t count_up, int64_t money_up)
{
    struct wanted wanted = {.step = step,
                            .capability = capability,
                            .amount_fen = amount_fen,
                            .count = run->now.count + count_ahead,
                            .balance_fen = run->now.balance_fen + money_up,
                            .count_after = run->now.count + count_up};
    return run->readable && take_step(run, &wanted);
}

/* Balance and count as they were, less what was used meanwhile. */
static bool restore(struct run *run)
{
    int64_t cost_fen = 0;
    int64_t tolerance_fen = 0;
    if (!run->readable ||
        evidence_cost(&run->first, &run->now, &cost_fen, &tolerance_fen) != RC_OK) {
        return false;
    }
    int64_t balance_fen = run->first.balance_fen - cost_fen;
    struct wanted wanted = {.step = "restore",
                            .capability = CAPABILITY_PARAMETERS,
                            .amount_fen = balance_fen,
                            .count = run->first.count,
                            .balance_fen = balance_fen,
                            .count_after = run->first.count,
                            .absolute = true};
    return take_step(run, &wanted);
}

static void take_steps(struct run *run)
{
    int64_t amount_fen = run->acceptance->amount_fen;
    int64_t hoard_fen = run->acceptance->hoard_fen;
    if (!purchase(run, "purchase", CAPABILITY_PURCHASE, amount_fen, 1, 1, amount_fen)) {
        return;
    }
    (void)purchase(run, "repeat", CAPABILITY_COUNT_REPEAT_REFUSED, amount_fen, 0, 0, 0);
    (void)purchase(run, "gap", CAPABILITY_COUNT_GAP_REFUSED, amount_fen, 2, 0, 0);
    (void)purchase(run, "zero", CAPABILITY_ZERO_PURCHASE, 0, 1, 1, 0);
    if (hoard_fen > run->now.balance_fen) {
        int64_t over_fen = hoard_fen - run->now.balance_fen + amount_fen;
        (void)purchase(run, "over_hoard", CAPABILITY_OVER_HOARD_REFUSED, over_fen, 1, 0, 0);
    }
}

/* Everything that must hold before a frame leaves; "" or the error. */
static const char *begin(struct run *run, struct device_identity *identity)
{
    struct device_event event = {0};
    int64_t cost_fen = 0;
    int64_t tolerance_fen = 0;
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < READ_TRIES && rc != RC_OK; i++) {
        rc = device_read_identity(run->device, identity, &event);
    }
    if (rc != RC_OK) {
        return "meter_silent";
    }
    if (strcmp(identity->serial_number, run->acceptance->serial_number) != 0) {
        return "serial_mismatch";
    }
    if (!identity->model_matches || identity->encrypted) {
        return identity->encrypted ? "encrypted" : "model_mismatch";
    }
    if (device_read_prices(run->device, &run->prices, &event) != RC_OK ||
        read_now(run, &run->first) != RC_OK ||
        evidence_cost(&run->first, &run->first, &cost_fen, &tolerance_fen) != RC_OK) {
        return "incomplete_reading";
    }
    /* With and without the amount must be told apart with room to spare. */
    return run->acceptance->amount_fen > 4 * tolerance_fen ? "" : "amount_too_small";
}

bool acceptance_run(const struct device *device, const struct acceptance *acceptance,
                    struct text *json)
{
    assert(device != NULL && acceptance != NULL && acceptance->amount_fen > 0 && json != NULL);
    struct run run = {.device = device, .acceptance = acceptance, .json = json, .readable = true};
    struct device_identity identity = {.model_matches = false};
    const char *error = begin(&run, &identity);
    if (error[0] != '\0') {
        line_answer_error(json, error, "the run did not begin; nothing was written");
        return false;
    }
    run.now = run.first;
    text_add_string(json, "{\"serial_number\":");
    text_add_json_string(json, identity.serial_number, strlen(identity.serial_number));
    text_add_string(json, ",\"steps\":[");
    take_steps(&run);
    bool restored = restore(&run);
    text_printf(json, "],\"restored\":%s}", restored ? "true" : "false");
    return text_result(json) == RC_OK;
}

/* paywattctl model accept MODEL --meter NUMBER --reason TEXT: the recorded run on one meter */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/flow/acceptance.h"
#include "core/rules/money.h"
#include "core/store/acceptance.h"
#include "core/store/field_request.h"
#include "ctl/ctl.h"

#define RUN_WAIT_MS 120000
#define RUN_LOOK_MS 200
#define AMOUNT_FEN 100

static bool option_fen(const struct ctl *ctl, const char *name, int64_t otherwise, int64_t *ret_fen)
{
    const char *text = ctl_option(ctl, name);
    *ret_fen = otherwise;
    return text == NULL || text_parse_int(text, strlen(text), 1, MONEY_MAX_FEN, ret_fen) == RC_OK;
}

/* The meter, fit for a run; NULL after printing why not. */
static const struct acceptance_meter *meter_of(struct ctl *ctl, const char *model,
                                               const char *number)
{
    struct acceptance_meter *meter = arena_take(&ctl->arena, sizeof(*meter));
    enum rc rc =
        meter == NULL ? RC_MEMORY : acceptance_meter_get(ctl->db, &ctl->arena, number, meter);
    if (rc != RC_OK) {
        (void)ctl_fail("there is no meter \"%s\" in service", number);
    } else if (strcmp(meter->model_code, model) != 0) {
        (void)ctl_fail("meter %s is a %s", number, meter->model_code);
    } else if (meter->serial_number[0] == '\0') {
        (void)ctl_fail("the serial number of meter %s is not recorded", number);
    } else if (meter->in_books) {
        (void)ctl_fail("meter %s is in service with money in the books; take one that nobody has"
                       " opened",
                       number);
    } else if (!meter->writable_line) {
        (void)ctl_fail("the line of meter %s is read-only", number);
    } else if (!ctl_poller_lives(ctl)) {
        (void)ctl_fail("paywatt-poller does not run: nobody can write to the meter");
    } else {
        return meter;
    }
    return NULL;
}

/* Waits for the run. NULL after printing why it did not come. */
static const char *wait_for_run(struct ctl *ctl, int64_t id)
{
    int64_t deadline_ms = clock_monotonic_ms() + RUN_WAIT_MS;
    while (clock_monotonic_ms() < deadline_ms) {
        struct field_request_answer answer;
        if (field_request_read(ctl->db, &ctl->arena, id, &answer) != RC_OK) {
            (void)ctl_fail("the run cannot be read: %s", db_error(ctl->db));
            return NULL;
        }
        if (strcmp(answer.state, "done") == 0) {
            return answer.result;
        }
        if (strcmp(answer.state, "pending") != 0 && strcmp(answer.state, "taken") != 0) {
            (void)ctl_fail("the run did not begin: %s", answer.result);
            return NULL;
        }
        if (!ctl_pause(RUN_LOOK_MS)) {
            break;
        }
    }
    (void)ctl_fail("the run was not finished within %d s; see the meter before anything else",
                   RUN_WAIT_MS / 1000);
    return NULL;
}

static int record(struct ctl *ctl, const char *model, const char *number, const char *reason,
                  const char *run)
{
    struct acceptance_step steps[ACCEPTANCE_STEPS_MAX];
    size_t count = 0;
    const char *capabilities = "";
    enum rc rc = acceptance_record(ctl->db, &ctl->arena, &ctl->actor, model, number, reason, run,
                                   steps, &count, &capabilities);
    if (rc != RC_OK) {
        return ctl_fail("the run cannot be recorded: %s", rc_sentence(rc));
    }
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-12s %-24s %s\n", steps[i].step, steps[i].capability, steps[i].verdict);
    }
    (void)printf("%s: %s\n", model, capabilities);
    if (strstr(run, "\"restored\":true") == NULL) {
        return ctl_fail("balance and count of meter %s were not put back: see the meter", number);
    }
    return CTL_DONE;
}

int ctl_model_accept(struct ctl *ctl)
{
    const char *model = ctl->words[0];
    const char *number = ctl_option(ctl, "--meter");
    int64_t amount_fen = 0;
    int64_t hoard_fen = 0;
    if (number == NULL || !option_fen(ctl, "--amount-fen", AMOUNT_FEN, &amount_fen) ||
        !option_fen(ctl, "--hoard-fen", 0, &hoard_fen)) {
        return ctl_fail("a run needs --meter NUMBER; --amount-fen and --hoard-fen are whole fen");
    }
    const char *reason = ctl_reason(ctl);
    if (reason == NULL || !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    const struct acceptance_meter *meter = meter_of(ctl, model, number);
    if (meter == NULL) {
        return CTL_FAILED;
    }
    const char *link = arena_printf(
        &ctl->arena,
        "{\"model\":\"%s\",\"amount_fen\":%lld,\"hoard_fen\":%lld,\"serial_number\":\"%s\"}", model,
        (long long)amount_fen, (long long)hoard_fen, meter->serial_number);
    const struct field_request request = {.kind = FIELD_REQUEST_ACCEPTANCE,
                                          .shard = meter->shard,
                                          .line_id = meter->line_id,
                                          .link_json = link == NULL ? "{}" : link,
                                          .address = meter->address};
    int64_t id = 0;
    if (field_request_add(ctl->db, &request, &id) != RC_OK) {
        return ctl_fail("the run cannot be asked for: %s", db_error(ctl->db));
    }
    ctl_wake_pollers(ctl);
    const char *run = wait_for_run(ctl, id);
    return run == NULL ? CTL_FAILED : record(ctl, model, number, reason, run);
}

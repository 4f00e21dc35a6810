/* paywattctl status, wait-read: how the field stands. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/field_summary.h"
#include "ctl/ctl.h"

#define WAIT_LOOK_MS 500
#define WAIT_DEFAULT_S 120
#define NEVER_S (-1)

static int64_t oldest_s(const struct field_summary *summary)
{
    int64_t age_ms = clock_now_ms() - summary->oldest_at_ms;
    return !summary->has_oldest ? NEVER_S : age_ms < 0 ? 0 : age_ms / 1000;
}

static void status_text(const struct field_summary *summary, const struct program_state *programs,
                        size_t count)
{
    (void)printf("%lld of %lld meters read", (long long)summary->meters_read,
                 (long long)summary->meters_total);
    if (summary->has_oldest) {
        (void)printf(", oldest reading %lld s", (long long)oldest_s(summary));
    }
    (void)printf("\n%lld of %lld lines read-only\n%lld alarms open, %lld orders open\n"
                 "%lld lock-outs, %lld keep-ons, %lld frozen supplies\n"
                 "%lld audit rows not chained yet\n",
                 (long long)summary->lines_read_only, (long long)summary->lines_total,
                 (long long)summary->alarms_open, (long long)summary->orders_open,
                 (long long)summary->lock_outs, (long long)summary->keep_ons,
                 (long long)summary->supplies_frozen, (long long)summary->audit_unchained);
    for (size_t i = 0; i < count; i++) {
        (void)printf("%s %lld: heartbeat %lld s ago, pid %lld%s%s\n", programs[i].program,
                     (long long)programs[i].shard,
                     (long long)((clock_now_ms() - programs[i].at_ms) / 1000),
                     (long long)programs[i].pid, programs[i].detail[0] == '\0' ? "" : ", ",
                     programs[i].detail);
    }
}

static void status_json(struct text *out, const struct field_summary *summary,
                        const struct program_state *programs, size_t count)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"meters_total", summary->meters_total},
        {"meters_read", summary->meters_read},
        {"meters_ever_read", summary->meters_ever},
        {"oldest_reading_s", oldest_s(summary)},
        {"lines_total", summary->lines_total},
        {"lines_read_only", summary->lines_read_only},
        {"alarms_open", summary->alarms_open},
        {"orders_open", summary->orders_open},
        {"lock_outs", summary->lock_outs},
        {"keep_ons", summary->keep_ons},
        {"supplies_frozen", summary->supplies_frozen},
        {"audit_unchained", summary->audit_unchained},
    };
    text_add_char(out, '{');
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        text_printf(out, "\"%s\": %lld, ", numbers[i].name, (long long)numbers[i].value);
    }
    text_add_string(out, "\"programs\": [");
    for (size_t i = 0; i < count; i++) {
        char at[CLOCK_TEXT_MAX];
        text_printf(out,
                    "%s{\"program\": \"%s\", \"shard\": %lld, \"heartbeat_at\": \"%s\","
                    " \"pid\": %lld}",
                    i == 0 ? "" : ", ", programs[i].program, (long long)programs[i].shard,
                    clock_format_rfc3339(programs[i].at_ms, at), (long long)programs[i].pid);
    }
    text_add_string(out, "]}\n");
}

/* A meter counts as read when its last reading is at most age_s old. */
static enum rc summary_read(struct ctl *ctl, int64_t age_s, struct field_summary *summary)
{
    return field_summary_read(ctl->db, &ctl->arena, clock_now_ms() - age_s * 1000, summary);
}

int ctl_status(struct ctl *ctl)
{
    struct field_summary summary;
    struct program_state *programs = NULL;
    size_t count = 0;
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    enum rc rc = summary_read(ctl, config_int(ctl->config, CONFIG_poller_stale_s), &summary);
    if (rc == RC_OK) {
        rc = program_states_read(ctl->db, &ctl->arena, &programs, &count);
    }
    if (rc != RC_OK) {
        return ctl_fail("the database does not say: %s", db_error(ctl->db));
    }
    if (ctl_option(ctl, "--json") == NULL) {
        status_text(&summary, programs, count);
        return CTL_DONE;
    }
    struct text out __attribute__((cleanup(text_release)));
    text_init(&out, 1 << 20);
    status_json(&out, &summary, programs, count);
    (void)fputs(text_string(&out), stdout);
    return CTL_DONE;
}

/* An option that is a number of seconds; false after printing why. */
static bool option_seconds(const struct ctl *ctl, const char *name, int64_t *ret_s)
{
    const char *value = ctl_option(ctl, name);
    if (value != NULL && text_parse_int(value, strlen(value), 1, 86400, ret_s) != RC_OK) {
        (void)ctl_fail("%s must be a number of seconds from 1 to 86400", name);
        return false;
    }
    return true;
}

static void wait_show(const struct field_summary *summary)
{
    (void)printf("%lld of %lld meters read", (long long)summary->meters_read,
                 (long long)summary->meters_total);
    if (summary->has_oldest) {
        (void)printf(", oldest reading %lld s", (long long)oldest_s(summary));
    }
    (void)printf("\n");
    (void)fflush(stdout); /* progress: somebody waits for it */
}

int ctl_wait_read(struct ctl *ctl)
{
    int64_t timeout_s = WAIT_DEFAULT_S;
    int64_t age_s = config_int(ctl->config, CONFIG_poller_stale_s);
    if (!option_seconds(ctl, "--timeout", &timeout_s) || !option_seconds(ctl, "--age", &age_s) ||
        !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    int64_t deadline_ms = clock_monotonic_ms() + timeout_s * 1000;
    int64_t shown = -1;
    for (;;) {
        struct field_summary summary = {0};
        arena_reset(&ctl->arena);
        enum rc rc = summary_read(ctl, age_s, &summary);
        bool all =
            rc == RC_OK && summary.meters_total > 0 && summary.meters_read == summary.meters_total;
        if (rc == RC_OK && (summary.meters_read != shown || all)) {
            shown = summary.meters_read;
            wait_show(&summary);
        }
        if (all) {
            return CTL_DONE;
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            return ctl_fail("not all meters were read within %lld s%s%s", (long long)timeout_s,
                            rc == RC_OK ? "" : ": ", rc == RC_OK ? "" : db_error(ctl->db));
        }
        if (!ctl_pause(WAIT_LOOK_MS)) {
            return ctl_fail("stopped");
        }
    }
}

/* paywattctl restore */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/restore.h"
#include "ctl/ctl.h"

#define ANSWER_BYTES 80

static bool stopped(void)
{
    return !ctl_pause(0);
}

/* False when the operator did not type the backup's name. */
static bool confirmed(struct ctl *ctl, const struct backup_manifest *manifest, bool replay)
{
    char at[CLOCK_TEXT_MAX];
    char answer[ANSWER_BYTES] = "";
    (void)printf("%s of %s, %s: site %s, %lld rows, schema %04lld%s%s\n", manifest->name,
                 clock_format_rfc3339(manifest->made_at_ms, at),
                 manifest->verified ? "verified" : "DOUBTFUL", manifest->site_code,
                 (long long)backup_manifest_rows(manifest), (long long)manifest->schema_number,
                 manifest->detail[0] == '\0' ? "" : ": ", manifest->detail);
    (void)printf(replay ? "The binlogs are replayed from there.\n"
                        : "Everything since then is lost to the database; meters keep what they"
                          " got.\n");
    if (ctl_option(ctl, "--yes") != NULL) {
        return true;
    }
    (void)printf("Type the name of the backup to go on: ");
    (void)fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) == NULL) {
        return false;
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, manifest->name) == 0;
}

/* 2026-11-23T18:00:00Z or 2026-11-24T02:00:00+08:00; 0: none was given. */
static bool until_read(struct ctl *ctl, int64_t *ret_at_ms)
{
    const char *until = ctl_option(ctl, "--until");
    *ret_at_ms = 0;
    return until == NULL || clock_parse_rfc3339(until, strlen(until), ret_at_ms) == RC_OK;
}

static int say_done(const struct restore_result *result, const struct text *doubts)
{
    (void)printf("restored; %lld supplies wait until their meter was read and compared\n",
                 (long long)result->checks);
    (void)printf("what was live before is kept as database %s: drop it when nothing is missing\n",
                 result->aside);
    if (result->anchor_moved) {
        (void)printf("the anchor of the audit chain was of the lost time and was put aside\n");
    }
    if (doubts->len > 0) {
        (void)printf("DOES NOT HOLD: %s\n", text_string(doubts));
    }
    (void)printf("start the programs, then look at what waits in the portal\n");
    return CTL_DONE;
}

int ctl_restore(struct ctl *ctl)
{
    struct text problem CLEANUP(text_release);
    struct text doubts CLEANUP(text_release);
    text_init(&problem, 8192);
    text_init(&doubts, 8192);
    const char *root = ctl_option(ctl, "--root-socket-user");
    struct restore_order order = {.config = ctl->config,
                                  .root = root,
                                  .name = ctl->words[0],
                                  .reason = ctl_reason(ctl),
                                  .actor = &ctl->actor,
                                  .binlogs = ctl_option(ctl, "--binlogs"),
                                  .stop = stopped};
    if (order.reason == NULL) {
        return CTL_USAGE;
    }
    if (root == NULL || root[0] == '\0') {
        (void)ctl_fail("a restore needs --root-socket-user USER: it makes databases and users");
        return CTL_USAGE;
    }
    if (!until_read(ctl, &order.until_at_ms)) {
        (void)ctl_fail("--until is a time such as 2026-11-23T18:00:00Z");
        return CTL_USAGE;
    }
    order.replay =
        ctl_option(ctl, "--replay") != NULL || order.until_at_ms > 0 || order.binlogs != NULL;
    struct backup_manifest manifest;
    struct restore_result result;
    if (restore_look_at(&order, &ctl->arena, &problem, &manifest) != RC_OK) {
        return ctl_fail("nothing was restored: %s", text_string(&problem));
    }
    if (!confirmed(ctl, &manifest, order.replay)) {
        return ctl_fail("nothing was restored: not confirmed");
    }
    enum rc rc = restore_do(&order, &ctl->arena, &problem, &doubts, &result);
    if (rc != RC_OK) {
        return ctl_fail("not restored: %s",
                        problem.len > 0 ? text_string(&problem) : rc_sentence(rc));
    }
    return say_done(&result, &doubts);
}

/* paywattctl line list, line writable CODE|all, line read-only CODE|all */
#include <stdio.h>
#include <string.h>

#include "core/flow/line.h"
#include "core/store/field_summary.h"
#include "ctl/ctl.h"

int ctl_line_list(struct ctl *ctl)
{
    struct line_summary *lines = NULL;
    size_t count = 0;
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    enum rc rc = line_summaries_read(ctl->db, &ctl->arena, &lines, &count);
    if (rc != RC_OK) {
        return ctl_fail("lines cannot be read: %s", db_error(ctl->db));
    }
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-8s %-9s %-8s %4lld meters", lines[i].code,
                     lines[i].writable ? "writable" : "read-only", lines[i].state,
                     (long long)lines[i].meters);
        if (lines[i].has_cycle && lines[i].bound_ms > 0) {
            (void)printf("  cycle %lld ms (bound %lld ms)", (long long)lines[i].cycle_ms,
                         (long long)lines[i].bound_ms);
        }
        (void)printf("  %s%s\n", lines[i].name, lines[i].enabled ? "" : "  (disabled)");
    }
    return CTL_DONE;
}

struct change {
    struct ctl *ctl;
    const char *code; /* or "all" */
    bool writable;
    const char *reason;
    size_t found;
    struct command_refusal refusal;
};

static enum rc change_work(struct db *db, void *context)
{
    struct change *change = context;
    struct line_summary *lines = NULL;
    size_t count = 0;
    TRY(line_summaries_read(db, &change->ctl->arena, &lines, &count));
    change->found = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(change->code, "all") == 0 || strcmp(change->code, lines[i].code) == 0) {
            change->found++;
            TRY(line_set_writable(db, &change->ctl->arena, &change->ctl->actor, lines[i].id,
                                  change->writable, change->reason, &change->refusal));
        }
    }
    return RC_OK;
}

static int lines_set(struct ctl *ctl, bool writable)
{
    const char *reason = ctl_reason(ctl);
    if (reason == NULL || !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    struct change change = {
        .ctl = ctl, .code = ctl->words[0], .writable = writable, .reason = reason};
    enum rc rc = db_transact(ctl->db, change_work, &change);
    if (rc != RC_OK) {
        return ctl_fail("lines were not changed: %s",
                        rc == RC_INVALID ? rc_sentence(rc) : db_error(ctl->db));
    }
    if (change.found == 0) {
        return ctl_fail("there is no line \"%s\"", ctl->words[0]);
    }
    (void)printf("%zu line%s %s\n", change.found, change.found == 1 ? "" : "s",
                 writable ? "writable" : "read-only");
    return CTL_DONE;
}

int ctl_line_writable(struct ctl *ctl)
{
    return lines_set(ctl, true);
}

int ctl_line_read_only(struct ctl *ctl)
{
    return lines_set(ctl, false);
}

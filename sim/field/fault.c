#include "sim/field/fault.h"

#include <assert.h>
#include <string.h>

static const char *const names[FAULT__MAX] = {
    [FAULT_SILENT] = "silent",
    [FAULT_LATE] = "late",
    [FAULT_FOREIGN] = "foreign",
    [FAULT_STRAY] = "stray",
    [FAULT_CORRUPT] = "corrupt",
    [FAULT_DOUBLED] = "doubled",
    [FAULT_TRUNCATED] = "truncated",
    [FAULT_ECHO] = "echo",
    [FAULT_DROP_GATEWAY] = "drop_gateway",
    [FAULT_SLOW_QUEUE] = "slow_queue",
    [FAULT_APPLY_NO_ANSWER] = "apply_no_answer",
    [FAULT_APPLY_THEN_ERROR] = "apply_then_error",
    [FAULT_POWER_CUT] = "power_cut_between_purse_and_count",
    [FAULT_NO_GAP_MISSED] = "no_gap_missed",
};

const char *fault_name(enum fault_kind kind)
{
    assert(kind < FAULT__MAX);
    return names[kind];
}

enum rc fault_kind_of(const char *name, enum fault_kind *ret_kind)
{
    for (int kind = 0; kind < FAULT__MAX; kind++) {
        if (strcmp(names[kind], name) == 0) {
            *ret_kind = (enum fault_kind)kind;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

enum rc faults_add(struct faults *faults, const struct fault *fault, int64_t *ret_id)
{
    if (faults->len == FAULTS_MAX) {
        return RC_FULL;
    }
    struct fault *added = &faults->list[faults->len++];
    *added = *fault;
    added->id = ++faults->last_id;
    *ret_id = added->id;
    return RC_OK;
}

static void drop(struct faults *faults, uint32_t at)
{
    memmove(&faults->list[at], &faults->list[at + 1],
            sizeof faults->list[0] * (faults->len - at - 1));
    faults->len--;
}

uint32_t faults_clear(struct faults *faults, int64_t id, bool all, enum fault_scope scope,
                      uint32_t index)
{
    uint32_t cleared = 0;
    for (uint32_t i = faults->len; i-- > 0;) {
        const struct fault *fault = &faults->list[i];
        bool hit =
            id != 0 ? fault->id == id : all || (fault->scope == scope && fault->index == index);
        if (hit) {
            drop(faults, i);
            cleared++;
        }
    }
    return cleared;
}

/* Index of the first fault that hits; faults->len when none does. */
static uint32_t find(const struct faults *faults, enum fault_kind kind,
                     const struct fault_target *target)
{
    for (uint32_t i = 0; i < faults->len; i++) {
        const struct fault *fault = &faults->list[i];
        uint32_t index = fault->scope == FAULT_OF_METER  ? target->meter
                         : fault->scope == FAULT_OF_LINE ? target->line
                                                         : target->gateway;
        if (fault->kind == kind && fault->index == index &&
            (fault->function == 0 || fault->function == target->function)) {
            return i;
        }
    }
    return faults->len;
}

bool faults_take(struct faults *faults, enum fault_kind kind, const struct fault_target *target,
                 int64_t *ret_delay_ms)
{
    uint32_t at = find(faults, kind, target);
    if (at == faults->len) {
        return false;
    }
    struct fault *fault = &faults->list[at];
    if (ret_delay_ms != NULL) {
        *ret_delay_ms = fault->delay_ms;
    }
    fault->hits++;
    if (fault->left > 0 && --fault->left == 0) {
        drop(faults, at);
    }
    return true;
}

bool faults_stand(const struct faults *faults, enum fault_kind kind,
                  const struct fault_target *target)
{
    return find(faults, kind, target) != faults->len;
}

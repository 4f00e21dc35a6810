#include "core/rules/plan.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SPANS_MAX 64

static bool span_lies_in(const struct plan_span *span, const struct plan_block *block)
{
    return span->at >= block->at && span->at + span->count <= block->at + block->count;
}

static int compare_spans(const void *a, const void *b)
{
    const struct plan_span *left = a;
    const struct plan_span *right = b;
    return left->at != right->at ? (left->at < right->at ? -1 : 1)
                                 : (int)left->count - (int)right->count;
}

static int compare_blocks(const void *a, const void *b)
{
    const struct plan_block *left = a;
    const struct plan_block *right = b;
    return (int)left->at - (int)right->at;
}

static enum rc add_block(struct plan *plan, uint16_t at, uint16_t count)
{
    if (plan->count == PLAN_BLOCKS_MAX) {
        return RC_FULL;
    }
    plan->blocks[plan->count++] = (struct plan_block){at, count};
    return RC_OK;
}

/* Takes the windows that hold a span; the spans in no window stay, sorted. */
static enum rc take_windows(const struct plan_block *windows, size_t window_count,
                            struct plan_span *spans, size_t *span_count, struct plan *plan)
{
    bool taken[PLAN_BLOCKS_MAX] = {false};
    size_t kept = 0;
    for (size_t i = 0; i < *span_count; i++) {
        size_t w = 0;
        while (w < window_count && !span_lies_in(&spans[i], &windows[w])) {
            w++;
        }
        if (w == window_count) {
            spans[kept++] = spans[i];
        } else if (!taken[w]) {
            taken[w] = true;
            TRY(add_block(plan, windows[w].at, windows[w].count));
        }
    }
    *span_count = kept;
    qsort(spans, kept, sizeof(spans[0]), compare_spans);
    return RC_OK;
}

static enum rc merge_spans(const struct plan_limits *limits, const struct plan_span *spans,
                           size_t span_count, struct plan *plan)
{
    for (size_t i = 0; i < span_count;) {
        int first = spans[i].at;
        int end = first + spans[i].count;
        if (spans[i].count > limits->block_max) {
            return RC_INVALID;
        }
        for (i++; i < span_count; i++) {
            int wanted = spans[i].at + spans[i].count;
            wanted = wanted > end ? wanted : end;
            if (spans[i].at > end + limits->block_gap || wanted - first > limits->block_max) {
                break;
            }
            end = wanted;
        }
        TRY(add_block(plan, (uint16_t)first, (uint16_t)(end - first)));
    }
    return RC_OK;
}

enum rc plan_make(const struct plan_limits *limits, const struct plan_block *windows,
                  size_t window_count, const struct plan_span *spans, size_t span_count,
                  struct plan *ret_plan)
{
    assert(limits != NULL && ret_plan != NULL && (windows != NULL || window_count == 0));
    assert(spans != NULL || span_count == 0);
    assert(limits->block_max >= 1 && limits->block_max <= PLAN_REGISTERS_MAX);
    assert(window_count <= PLAN_BLOCKS_MAX && span_count <= SPANS_MAX);
    struct plan_span left[SPANS_MAX];
    struct plan plan = {.count = 0};
    if (span_count > 0) {
        memcpy(left, spans, span_count * sizeof(spans[0]));
    }
    TRY(take_windows(windows, window_count, left, &span_count, &plan));
    TRY(merge_spans(limits, left, span_count, &plan));
    qsort(plan.blocks, plan.count, sizeof(plan.blocks[0]), compare_blocks);
    *ret_plan = plan;
    return RC_OK;
}

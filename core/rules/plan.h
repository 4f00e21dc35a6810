/*
 * Plan: which block reads bring a set of points, in as few transactions as the limits allow.
 *
 * A window that the model file declares (a read the maker's own tool does) is used as a whole when
 * a wanted point lies in it; points outside any window are merged while the block stays within
 * block_max registers and no hole is wider than block_gap. Pure.
 */
#ifndef PW_RULES_PLAN_H
#define PW_RULES_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define PLAN_BLOCKS_MAX 16
#define PLAN_REGISTERS_MAX 125 /* Modbus application protocol 1.1b3, 6.3 */

struct plan_block {
    uint16_t at;    /* first register */
    uint16_t count; /* 1 .. PLAN_REGISTERS_MAX */
};

struct plan {
    struct plan_block blocks[PLAN_BLOCKS_MAX]; /* ascending as planned */
    size_t count;
};

/* Registers that must be read together. */
struct plan_span {
    uint16_t at;
    uint16_t count; /* 1 .. PLAN_REGISTERS_MAX */
};

struct plan_limits {
    uint16_t block_max; /* 1 .. PLAN_REGISTERS_MAX */
    uint16_t block_gap; /* registers that may be read for nothing between two points */
};

/* Plans the reads for `spans` (any order, may overlap). windows may be NULL when window_count is 0.
   RC_FULL: more than PLAN_BLOCKS_MAX blocks; RC_INVALID: a span is wider than block_max and in no
   window. */
enum rc plan_make(const struct plan_limits *limits, const struct plan_block *windows,
                  size_t window_count, const struct plan_span *spans, size_t span_count,
                  struct plan *ret_plan) MUST_CHECK;

#endif

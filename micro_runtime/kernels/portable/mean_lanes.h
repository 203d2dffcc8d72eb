/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_PORTABLE_MEAN_LANES_H
#define MICROLITH_PORTABLE_MEAN_LANES_H

#include "reduce.h"

/* Offsets of four lanes where `left` elements of the innermost kept axis remain. */
typedef struct mr_mean_lanes {
    uint32_t count;
    uint32_t b, c, d;
} mr_mean_lanes;

static inline mr_mean_lanes mr_mean_take(const mr_reduction *r, uint32_t left)
{
    const uint32_t step = r->kept_step[2], last = (left < 4 ? left : 4) - 1;
    return (mr_mean_lanes){
        .count = last + 1,
        .b = (last < 1 ? last : 1) * step,
        .c = (last < 2 ? last : 2) * step,
        .d = last * step,
    };
}

#endif

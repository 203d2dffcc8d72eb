/* SPDX-License-Identifier: MIT-0 */
/*
 * Blocks of four units of a fully connected layer, so that an input is loaded once for four
 * weights; past the last unit a lane repeats it, which spares a loop of its own.
 */
#ifndef MICROLITH_PORTABLE_UNIT_BLOCK_H
#define MICROLITH_PORTABLE_UNIT_BLOCK_H

#include "fully_connected.h"

#define MR_UNITS 4u

/* The unit of lane `lane` in the block that starts at `first`. */
static inline uint32_t mr_unit_of(const mr_fully_connected *layer, uint32_t first, uint32_t lane)
{
    uint32_t unit = first + lane;
    return unit < layer->units ? unit : layer->units - 1u;
}

static inline void mr_multiply_block_s8(const mr_fully_connected *layer, const int8_t *weights,
                                        const int8_t *input, uint32_t first, int32_t sums[MR_UNITS])
{
    const int8_t *w0 = weights + mr_unit_of(layer, first, 0) * layer->depth;
    const int8_t *w1 = weights + mr_unit_of(layer, first, 1) * layer->depth;
    const int8_t *w2 = weights + mr_unit_of(layer, first, 2) * layer->depth;
    const int8_t *w3 = weights + mr_unit_of(layer, first, 3) * layer->depth;
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (const int8_t *end = input + layer->depth; input != end;) {
        int32_t x = *input++;
        a += x * *w0++;
        b += x * *w1++;
        c += x * *w2++;
        d += x * *w3++;
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

#endif

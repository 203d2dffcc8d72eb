/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX. */
#ifndef MICROLITH_PORTABLE_SOFTMAX_H
#define MICROLITH_PORTABLE_SOFTMAX_H

#include "kernel.h"

/*
 * Softmax of each of `rows` rows of `depth` elements. exponentials[d] is exp of an input that is d
 * below the largest one of its row, in Q0.31; from `exponential_count` on it counts as 0.
 */
typedef struct mr_softmax_s8_params {
    mr_ref input;
    mr_ref output;
    uint32_t rows;
    uint16_t depth;
    uint16_t exponential_count;
    mr_ref exponentials;
} mr_softmax_s8_params;

typedef struct mr_softmax_f32_params {
    mr_ref input;
    mr_ref output;
    uint32_t rows;
    uint32_t depth;
    float beta;
} mr_softmax_f32_params;

mr_status mr_softmax_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_softmax_f32(const mr_context *context, const void *params, mr_band band);

#endif

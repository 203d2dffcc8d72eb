/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX. */
#ifndef MICROLITH_PORTABLE_SOFTMAX_H
#define MICROLITH_PORTABLE_SOFTMAX_H

#include "kernel.h"

/* Each row holds `count` runs of `depth` elements; each run is normalised for itself. */
typedef struct mr_runs {
    mr_rows input, output;
    uint32_t count, depth;
} mr_runs;

/*
 * exponentials[d] is exp of an input that is d below the largest of its run, in Q0.31. From index
 * `exponential_count` on they count as 0.
 */
typedef struct mr_softmax_s8_params {
    mr_runs runs;
    mr_ref exponentials;
    uint32_t exponential_count;
} mr_softmax_s8_params;

typedef struct mr_softmax_f32_params {
    mr_runs runs;
    float beta;
} mr_softmax_f32_params;

mr_status mr_softmax_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_softmax_f32(const mr_context *context, const void *params, mr_band band);

#endif

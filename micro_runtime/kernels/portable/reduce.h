/* SPDX-License-Identifier: MIT-0 */
/* Reductions: MEAN. */
#ifndef MICROLITH_PORTABLE_REDUCE_H
#define MICROLITH_PORTABLE_REDUCE_H

#include "kernel.h"

/*
 * Three loops over `kept` axes, in the order of the output's elements; each element is a result of
 * three loops over `reduced` axes. From outer to inner; steps are in elements of the input. A loop
 * that is not needed has extent 1.
 */
typedef struct mr_reduction {
    mr_ref input, output;
    uint32_t kept[3], kept_step[3];
    uint32_t reduced[3], reduced_step[3];
} mr_reduction;

typedef struct mr_mean_s8_params {
    mr_reduction reduction;
    int32_t bias; /* -(input's zero point) * (number of elements reduced to one) */
    int32_t multiplier, shift;
    int32_t output_offset;
} mr_mean_s8_params;

typedef struct mr_mean_f32_params {
    mr_reduction reduction;
    float count; /* elements reduced to one */
} mr_mean_f32_params;

mr_status mr_mean_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_mean_f32(const mr_context *context, const void *params, mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_PORTABLE_FULLY_CONNECTED_H
#define MICROLITH_PORTABLE_FULLY_CONNECTED_H

#include "kernel.h"

/* What the fully connected kernels share: `batches` vectors of `depth` elements, and `weights`
 * [unit][depth]. */
typedef struct mr_fully_connected {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    mr_ref biases;
    uint32_t batches;
    uint32_t depth;
    uint32_t units;
} mr_fully_connected;

/* Biases (int32_t) hold the share of the input's zero point. */
typedef struct mr_quantised_layer {
    mr_fully_connected layer;
    int16_t weights_zero_point;
    int16_t output_zero_point;
    int16_t least;
    int16_t most;
} mr_quantised_layer;

/* Multipliers are int32_t, shifts int8_t: one a unit, or one for all when `per_unit` is 0. */
typedef struct mr_fully_connected_s8_params {
    mr_quantised_layer layer;
    mr_ref multipliers;
    mr_ref shifts;
    uint32_t per_unit;
} mr_fully_connected_s8_params;

/*
 * The same for factors that no multiplier of 31 bits represents well enough: a factor is
 * (mantissa[0] + mantissa[1] * 2^32) * 2^-shift. Mantissas are uint32_t[2], shifts int16_t.
 */
typedef struct mr_fully_connected_wide_s8_params {
    mr_quantised_layer layer;
    mr_ref mantissas;
    mr_ref shifts;
    uint32_t per_unit;
} mr_fully_connected_wide_s8_params;

typedef struct mr_fully_connected_f32_params {
    mr_fully_connected layer;
    float least;
    float most;
} mr_fully_connected_f32_params;

mr_status mr_fully_connected_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_fully_connected_wide_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_fully_connected_f32(const mr_context *context, const void *params, mr_band band);

#endif

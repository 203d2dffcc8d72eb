/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layers of int16 with int8 weights, with SMLAD. */
#ifndef MICROLITH_DSP_FULLY_CONNECTED_S16_H
#define MICROLITH_DSP_FULLY_CONNECTED_S16_H

#include "kernel.h"

/*
 * `weights` (aligned to words) are [four units][four elements][unit][elements 0, 2, 1, 3], filled
 * up with zeros. Biases are int64_t. Mantissas (uint32_t[2]) and shifts (int16_t) are for
 * mr_requantize_double: one a unit, or one for all when `per_unit` is 0.
 */
typedef struct mr_fully_connected_s16_dsp_params {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    mr_ref biases;
    mr_ref mantissas;
    mr_ref shifts;
    uint32_t batches;
    uint32_t depth;
    uint32_t units;
    uint16_t per_unit;
    int16_t least;
    int16_t most;
} mr_fully_connected_s16_dsp_params;

mr_status mr_fully_connected_s16_dsp(const mr_context *context, const void *params, mr_band band);

#endif

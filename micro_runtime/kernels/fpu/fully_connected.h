/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_FPU_FULLY_CONNECTED_H
#define MICROLITH_FPU_FULLY_CONNECTED_H

#include "kernel.h"

/*
 * `batches` vectors of `depth` elements. Units come in blocks of eight: `weights` are [block] of
 * [depth][8 units] followed by eight biases, zeros past the last unit. `rectified` is 1 where
 * outputs are at least 0, `clamped` where they have other limits: `least` and `most`.
 */
typedef struct mr_fully_connected_f32_fpu_params {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    uint32_t batches;
    uint32_t depth;
    uint32_t units;
    uint8_t rectified;
    uint8_t clamped;
    float least;
    float most;
} mr_fully_connected_f32_fpu_params;

mr_status mr_fully_connected_f32_fpu(const mr_context *context, const void *params, mr_band band);

#endif

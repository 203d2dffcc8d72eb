/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_FPU_DEPTHWISE_H
#define MICROLITH_FPU_DEPTHWISE_H

#include "kernel.h"

/*
 * Windows three columns wide that reach over a side by one column at most, as many outputs as
 * inputs. Channels come in blocks of four; with a rest the last block overlaps the one before.
 * `weights` are [block] of [kernel row][3][4 channels] followed by four biases. `scratch` holds
 * kernel_height row pointers, then twelve floats. `overhang` is 1 where the last window reaches
 * over the right side. `rectified` is 1 where outputs are at least 0, `clamped` where they have
 * other limits: `least` and `most`.
 */
typedef struct mr_depthwise_conv_2d_f32_fpu_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref scratch;
    uint32_t channels;
    uint8_t overhang;
    uint8_t rectified;
    uint8_t clamped;
    float least;
    float most;
} mr_depthwise_conv_2d_f32_fpu_params;

/* For strides of one and two columns. */
mr_status mr_depthwise_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band);
mr_status mr_depthwise_conv_2d_stride2_f32_fpu(const mr_context *context, const void *params,
                                               mr_band band);

#endif

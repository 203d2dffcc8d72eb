/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_FPU_WINOGRAD_H
#define MICROLITH_FPU_WINOGRAD_H

#include "kernel.h"

/*
 * Windows of 3 x 3 at stride 1, channels in multiples of four. `weights` are transformed: for each
 * of 16 places [block] of [pair of inputs][2][4 outputs] followed by four zeros. `biases` are one
 * an output channel. `scratch` holds, in floats, 64 pixels of inputs, and behind them 40 of inputs
 * of which columns are transformed or, of `outputs_at_once` channels, 64 of sums. `rectified` is 1
 * where outputs are at least 0.
 */
typedef struct mr_conv_2d_winograd_f32_fpu_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref biases;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t out_channels;
    uint16_t outputs_at_once;
    uint16_t rectified;
} mr_conv_2d_winograd_f32_fpu_params;

mr_status mr_conv_2d_winograd_f32_fpu(const mr_context *context, const void *params, mr_band band);

#endif

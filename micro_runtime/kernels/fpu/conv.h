/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_FPU_CONV_H
#define MICROLITH_FPU_CONV_H

#include "kernel.h"

/*
 * Taps come in pairs, output channels in blocks of four; a last tap or channels without a partner
 * have weights of zero. `weights` are [group][block] of [pair][2][4 channels] followed by four
 * biases. `scratch` holds kernel_height row pointers, then the windows of four pixels,
 * [pair][pixel] [2]. `joins_rows` is 1 where an output pixel depends on the input pixel in the same
 * place alone, so that rows which lie behind each other are like one long row. `rectified` is 1
 * where outputs are at least 0, `clamped` where they have other limits: `least` and `most`.
 */
typedef struct mr_conv_2d_f32_fpu_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref scratch;
    uint32_t pairs;
    uint32_t run;
    uint16_t in_channels;
    uint16_t groups;
    uint16_t group_inputs;
    uint16_t group_outputs;
    uint8_t joins_rows;
    uint8_t rectified;
    uint8_t clamped;
    float least;
    float most;
} mr_conv_2d_f32_fpu_params;

mr_status mr_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band);

#endif

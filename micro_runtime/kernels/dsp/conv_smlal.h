/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_CONV_SMLAL_H
#define MICROLITH_DSP_CONV_SMLAL_H

#include "kernel.h"

/*
 * A convolution in one group of channels, three sums to an accumulator (see conv_smlal.c). A window
 * has `taps` elements, `blocks` groups of four with those that fill up the last one. `weights` are
 * int32_t [pair of outputs][tap], weight of the first + 2^21 * weight of the second output;
 * `outputs` a mr_dsp_output for each output, an odd last one with a partner of zeros. Sums stay
 * within 2^20 over `part_blocks` blocks. `padding` is a row of zero points as wide as the input.
 * `scratch` holds 3 * kernel_height row pointers, 8 bytes a tap of packed inputs, and three windows
 * of 4 * blocks bytes, if any have to be gathered.
 */
typedef struct mr_conv_2d_s8_smlal_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref outputs;
    mr_ref padding;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t out_channels;
    uint16_t blocks;
    uint16_t part_blocks;
    int16_t least;
    int16_t most;
} mr_conv_2d_s8_smlal_params;

mr_status mr_conv_2d_s8_smlal(const mr_context *context, const void *params, mr_band band);

/* The same for outputs from a zero point of -128 to 127 (see mr_dsp_scale_up). */
mr_status mr_conv_2d_s8_smlal_scaled(const mr_context *context, const void *params, mr_band band);

#endif

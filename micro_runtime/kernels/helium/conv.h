/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_CONV_H
#define MICROLITH_HELIUM_CONV_H

#include "kernel.h"

/*
 * A convolution in one group of channels, not dilated in width (see conv.c). A window has `chunks`
 * vectors of 16 elements with those that fill up the last one, column by column. `weights` hold,
 * for each pair of output channels, int8_t [chunk][2][16], then mr_helium_output [2]; the number of
 * output channels is a multiple of four. `padding` is a row of zero points as wide as the input.
 * `scratch` holds kernel_height row pointers and `strips` of `strip_bytes`, each with the columns
 * under an output row. Without strips, windows are read where they
 * are. `rectified` says that no output is below the zero point.
 */
typedef struct mr_conv_2d_s8_helium_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref padding;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t out_channels;
    uint16_t chunks;
    uint16_t strips;
    uint32_t strip_bytes;
    uint16_t rectified;
    int16_t least;
    int16_t most;
} mr_conv_2d_s8_helium_params;

mr_status mr_conv_2d_s8_helium(const mr_context *context, const void *params, mr_band band);

#endif

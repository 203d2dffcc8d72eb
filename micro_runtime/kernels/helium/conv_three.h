/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_CONV_THREE_H
#define MICROLITH_HELIUM_CONV_THREE_H

#include "kernel.h"

/*
 * A convolution with windows of 3 by 3, a stride of 1 in width, and `chunks` vectors of 16 input
 * channels (see conv_three.c). Output rows have four pixels or more, the number of output channels
 * is even. `weights` hold, for each pair of output channels, int8_t [row][chunk][column][2][16] and
 * mr_helium_scaling [2] as words of both. `padding` is a row of zero points as wide as the input.
 * `scratch` holds three row pointers and int8_t [row][chunk][columns][16], the columns under an
 * output row.
 */
typedef struct mr_conv_2d_three_s8_helium_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref padding;
    mr_ref scratch;
    uint16_t chunks;
    uint16_t columns;
    uint16_t out_channels;
    int16_t zero_point;
    int16_t least;
    int16_t most;
} mr_conv_2d_three_s8_helium_params;

mr_status mr_conv_2d_three_s8_helium(const mr_context *context, const void *params, mr_band band);

#endif

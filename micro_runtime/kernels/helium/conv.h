/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_CONV_H
#define MICROLITH_HELIUM_CONV_H

#include "kernel.h"

/*
 * A convolution in one group of channels, not dilated in width (see conv.c). A window has `chunks`
 * vectors of 16 elements with those that fill up the last one; windows of an output row begin
 * `step` bytes after each other. `weights` hold, for each pair of output channels, int8_t
 * [chunk][2][16] and mr_helium_scaling [2] as words of both; the number of output channels is a
 * multiple of four. `padding` is a row of zero points as wide as the input.
 *
 * `source` tells where windows are: MR_CONV_IMAGE, in the image; MR_CONV_PIXELS, the same for one
 * pixel, so that rows may be one long row; otherwise in a strip: MR_CONV_COLUMNS, with the columns
 * under an output row, of which windows are runs; MR_CONV_WINDOWS, with windows of three rows one
 * by one; MR_CONV_PILES, with the rows of all windows above each other, for `pile_rows` output
 * rows. Rows of these two have 16 bytes or less. `scratch` holds `row_pointers` and `strips` of
 * `strip_bytes`. In the image, a strip is a copy of the last row, which is needed when its windows
 * end with a part of a vector.
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
    uint16_t source;
    uint16_t row_pointers;
    uint16_t pile_rows;
    uint32_t step;
    uint32_t strips;
    uint32_t strip_bytes;
    int16_t zero_point;
    int16_t least;
    int16_t most;
} mr_conv_2d_s8_helium_params;

enum { MR_CONV_IMAGE, MR_CONV_PIXELS, MR_CONV_COLUMNS, MR_CONV_WINDOWS, MR_CONV_PILES };

/* Windows of up to nine chunks; their order in the weights is the first, then from the last on. */
mr_status mr_conv_2d_s8_helium(const mr_context *context, const void *params, mr_band band);

/* Windows of more. */
mr_status mr_conv_2d_deep_s8_helium(const mr_context *context, const void *params, mr_band band);

#endif

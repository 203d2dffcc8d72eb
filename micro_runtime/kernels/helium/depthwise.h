/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_DEPTHWISE_H
#define MICROLITH_HELIUM_DEPTHWISE_H

#include "kernel.h"

/*
 * A depthwise convolution with one output a channel (see depthwise.c). It computes `group` channels
 * at a time, 16 or all 8. Words of four rows make columns: `strips` of `strip_columns` lie beside
 * each other, a strip begins `strip_inputs` input rows below the one before it. Between them they
 * have `rows` output rows. Four columns are read at once, as 16 bytes, and serve `per_load` outputs
 * (or one); those of the next begin `advance` columns further. `tall` says that a strip is one
 * column with the next four rows of an image as narrow as that; otherwise strips have `strip_rows`
 * output rows, and outputs run down, then to the right.
 *
 * `weights` have a vector for each channel, its taps column by column at the end, `first` bytes in;
 * a vector of zeros follows the last one. `outputs` are mr_helium_output, `padding` a row of zero
 * points or 0 where there is none; `rectified` says that no output is below the zero point.
 * `scratch` holds, in this order, `columns` times `group` words, places of 8 outputs for each of
 * `tiles`, and pointers to four rows for each strip.
 */
typedef struct mr_depthwise_conv_2d_s8_helium_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref outputs;
    mr_ref padding;
    mr_ref scratch;
    uint16_t channels;
    uint16_t group;
    uint16_t strips;
    uint16_t strip_columns;
    uint16_t strip_rows;
    uint16_t strip_inputs;
    uint16_t rows;
    uint16_t columns;
    uint16_t tiles;
    uint16_t tall;
    uint16_t per_load;
    uint16_t advance;
    uint16_t first;
    uint16_t rectified;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s8_helium_params;

mr_status mr_depthwise_conv_2d_s8_helium(const mr_context *context, const void *params,
                                         mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_DEPTHWISE_H
#define MICROLITH_HELIUM_DEPTHWISE_H

#include "kernel.h"

/*
 * A depthwise convolution with one output a channel and a multiple of eight channels (see
 * depthwise.c). A strip is `strip_rows` output rows; a column of it has `pitch` bytes of a plane,
 * and `strips` of them lie `strip_columns` apart. A vector of a plane serves `per_load` outputs,
 * those of the next begin `step` bytes later. `weights` have a vector for each channel, its taps
 * column by column at the end, `first` bytes in; a vector of zeros follows the last one. The
 * outputs of a load are `shifts` bytes apart. `outputs` are mr_helium_output, `padding` a row of
 * zero points; `rectified` says that no output is below the zero point. `scratch` holds pointers to
 * the input rows of `strips`, eight planes of `plane_bytes`, and eight times 8 * `tiles` outputs.
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
    uint16_t strips;
    uint16_t strip_columns;
    uint16_t strip_rows;
    uint16_t pitch;
    uint16_t plane_bytes;
    uint16_t tiles;
    uint16_t per_load;
    uint16_t step;
    uint16_t first;
    uint16_t shifts[4];
    uint16_t rectified;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s8_helium_params;

mr_status mr_depthwise_conv_2d_s8_helium(const mr_context *context, const void *params,
                                         mr_band band);

#endif

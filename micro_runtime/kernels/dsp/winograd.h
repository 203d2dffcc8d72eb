/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_WINOGRAD_H
#define MICROLITH_DSP_WINOGRAD_H

#include "kernel.h"

/*
 * A 3 x 3 convolution at stride 1 in tiles of t x t outputs, t = 2 or 4. Channels are taken four at
 * a time, `groups` times; where they are no multiple of four, the last group ends with the last
 * channel, and weights of channels that came before are zero. `weights` (int16_t, aligned to words)
 * are [pair of outputs][column][row of (t + 2)^2 positions][group][channels 0 and 2, channels 1 and
 * 3][output][channel]. `outputs` (int32_t) are, for each output channel, the fields of a
 * mr_winograd_output: t = 2 has one bias, t = 4 one for each output of a tile. `padding` holds zero
 * points for the larger of in_width and t + 2 pixels. Outputs are clamped to [least, most].
 *
 * `scratch` holds, with s = 16 * (groups + 1) bytes for a position: (t + 2)^2 * s bytes, a
 * mr_winograd_tile, 2 * t^2 pointers, (t + 2)^2 * in_channels + 3 bytes.
 */
typedef struct mr_winograd_s8_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref outputs;
    mr_ref padding;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t out_channels;
    uint16_t groups;
    int16_t least;
    int16_t most;
} mr_winograd_s8_params;

mr_status mr_winograd_2x2_s8(const mr_context *context, const void *params, mr_band band);

mr_status mr_winograd_4x4_s8(const mr_context *context, const void *params, mr_band band);

/* The same for outputs of at least their zero point, -128. */
mr_status mr_winograd_2x2_s8_scaled(const mr_context *context, const void *params, mr_band band);

mr_status mr_winograd_4x4_s8_scaled(const mr_context *context, const void *params, mr_band band);

#endif

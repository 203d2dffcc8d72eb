/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_FULLY_CONNECTED_H
#define MICROLITH_DSP_FULLY_CONNECTED_H

#include "kernel.h"

/*
 * A fully connected layer: `batches` vectors of `depth` elements, of which `groups` of four, with
 * those that fill up the last one, make a sum. `weights` (int16_t, aligned to words) are
 * [block of four units][group][2 parts][2 pairs of units][2 inputs]: inputs 0 and 2, then 1 and 3
 * of the group; an element is the weight of the pair's first unit and 256 times that of its second
 * one. `biases` (int32_t) hold the share of the input's zero point. `scales` (int32_t) are
 * multiplier, offset and shift (mr_dsp_scale) for each unit, or for all when `per_unit` is 0.
 * `scratch` holds `groups` * 8 bytes.
 */
typedef struct mr_fully_connected_s8_dsp_params {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    mr_ref biases;
    mr_ref scales;
    mr_ref scratch;
    uint32_t batches;
    uint32_t depth;
    uint32_t groups;
    uint32_t units;
    uint16_t per_unit;
    int16_t least;
    int16_t most;
} mr_fully_connected_s8_dsp_params;

mr_status mr_fully_connected_s8_dsp(const mr_context *context, const void *params, mr_band band);

/* The same for weights [block of four units][group][2 parts][three quads][2 inputs], see quads.h.
 */
mr_status mr_fully_connected_s8_quads(const mr_context *context, const void *params, mr_band band);

/* Without scratch, for `depth` = 4 * `groups`. */
mr_status mr_fully_connected_s8_quads_bytes(const mr_context *context, const void *params,
                                            mr_band band);

#endif

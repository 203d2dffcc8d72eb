/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_FULLY_CONNECTED_H
#define MICROLITH_HELIUM_FULLY_CONNECTED_H

#include "kernel.h"

/*
 * A fully connected layer with one scale for all units: `batches` vectors of `depth` elements,
 * which take `chunks` vectors of 16. `weights` are int8_t [block of 8 units][chunk][8][16], filled
 * up with zeros, `biases` int32_t [block][8]. A sum becomes (offset + doubled high half of (sum <<
 * left) * multiplier) >> right. `scratch` holds a copy of the input when `depth` is no multiple
 * of 16.
 */
typedef struct mr_fully_connected_s8_helium_params {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    mr_ref biases;
    mr_ref scratch;
    uint32_t batches;
    uint32_t depth;
    uint32_t chunks;
    uint32_t units;
    int32_t multiplier;
    int32_t offset;
    int16_t left;
    int16_t right;
    int16_t least;
    int16_t most;
} mr_fully_connected_s8_helium_params;

mr_status mr_fully_connected_s8_helium(const mr_context *context, const void *params, mr_band band);

#endif

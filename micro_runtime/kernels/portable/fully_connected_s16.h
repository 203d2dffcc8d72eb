/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layers of int16 with int8 weights. */
#ifndef MICROLITH_PORTABLE_FULLY_CONNECTED_S16_H
#define MICROLITH_PORTABLE_FULLY_CONNECTED_S16_H

#include "fully_connected.h"
#include "kernel.h"

/*
 * Biases are int64_t. Mantissas (uint32_t[2]) and shifts (int16_t) are for mr_requantize_double:
 * one a unit, or one for all when `per_unit` is 0.
 */
typedef struct mr_fully_connected_s16_params {
    mr_fully_connected layer;
    mr_ref mantissas;
    mr_ref shifts;
    uint16_t per_unit;
    int16_t weights_zero_point;
    int16_t least;
    int16_t most;
} mr_fully_connected_s16_params;

mr_status mr_fully_connected_s16(const mr_context *context, const void *params, mr_band band);

#endif

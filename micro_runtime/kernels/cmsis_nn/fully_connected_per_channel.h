/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_FULLY_CONNECTED_PER_CHANNEL_H
#define MICROLITH_CMSIS_NN_FULLY_CONNECTED_PER_CHANNEL_H

#include "cmsis_nn_layer.h"
#include "kernel.h"

/* Multipliers and shifts are int32_t, one a unit. */
typedef struct mr_cmsis_nn_fully_connected_per_channel_params {
    mr_cmsis_nn_layer layer;
    mr_ref multipliers;
    mr_ref shifts;
} mr_cmsis_nn_fully_connected_per_channel_params;

mr_status mr_cmsis_nn_fully_connected_per_channel_s8(const mr_context *context, const void *params,
                                                     mr_band band);

#endif

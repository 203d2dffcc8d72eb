/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_FULLY_CONNECTED_S16_H
#define MICROLITH_CMSIS_NN_FULLY_CONNECTED_S16_H

#include "cmsis_nn_layer.h"
#include "kernel.h"

/* Biases are int64_t. */
typedef struct mr_cmsis_nn_fully_connected_s16_params {
    mr_cmsis_nn_layer layer;
    int32_t multiplier;
    int32_t shift;
} mr_cmsis_nn_fully_connected_s16_params;

mr_status mr_cmsis_nn_fully_connected_s16(const mr_context *context, const void *params,
                                          mr_band band);

#endif

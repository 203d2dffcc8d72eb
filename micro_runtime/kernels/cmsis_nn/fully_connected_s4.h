/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_FULLY_CONNECTED_S4_H
#define MICROLITH_CMSIS_NN_FULLY_CONNECTED_S4_H

#include "cmsis_nn_layer.h"
#include "kernel.h"

/* Weights are two to a byte, the lower half first, without a gap between units. */
typedef struct mr_cmsis_nn_fully_connected_s4_params {
    mr_cmsis_nn_layer layer;
    int32_t multiplier;
    int32_t shift;
} mr_cmsis_nn_fully_connected_s4_params;

mr_status mr_cmsis_nn_fully_connected_s4(const mr_context *context, const void *params,
                                         mr_band band);

#endif

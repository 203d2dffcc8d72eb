/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_ELEMENTWISE_ADD_S16_H
#define MICROLITH_CMSIS_NN_ELEMENTWISE_ADD_S16_H

#include "kernel.h"

/* Zero points are 0; a negative shift is to the right. */
typedef struct mr_cmsis_nn_add_s16_params {
    mr_ref input1, input2, output;
    uint32_t count;
    int32_t multiplier1, shift1;
    int32_t multiplier2, shift2;
    int32_t headroom;
    int32_t output_multiplier, output_shift;
    int32_t least, most;
} mr_cmsis_nn_add_s16_params;

mr_status mr_cmsis_nn_add_s16(const mr_context *context, const void *params, mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_ELEMENTWISE_MUL_S16_H
#define MICROLITH_CMSIS_NN_ELEMENTWISE_MUL_S16_H

#include "kernel.h"

/* Zero points are 0. */
typedef struct mr_cmsis_nn_mul_s16_params {
    mr_ref input1, input2, output;
    uint32_t count;
    int32_t multiplier, shift;
    int32_t least, most;
} mr_cmsis_nn_mul_s16_params;

mr_status mr_cmsis_nn_mul_s16(const mr_context *context, const void *params, mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_ELEMENTWISE_MUL_H
#define MICROLITH_CMSIS_NN_ELEMENTWISE_MUL_H

#include "kernel.h"

/* Offsets are minus the zero points of the inputs and the one of the output. */
typedef struct mr_cmsis_nn_mul_params {
    mr_ref input1, input2, output;
    uint32_t count;
    int32_t offset1, offset2, output_offset;
    int32_t multiplier, shift;
    int32_t least, most;
} mr_cmsis_nn_mul_params;

mr_status mr_cmsis_nn_mul_s8(const mr_context *context, const void *params, mr_band band);

#endif

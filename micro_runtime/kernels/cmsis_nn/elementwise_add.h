/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_ELEMENTWISE_ADD_H
#define MICROLITH_CMSIS_NN_ELEMENTWISE_ADD_H

#include "kernel.h"

/*
 * Offsets are minus the zero points of the inputs and the one of the output; a negative shift is
 * to the right.
 */
typedef struct mr_cmsis_nn_add_params {
    mr_ref input1, input2, output;
    uint32_t count;
    int32_t offset1, multiplier1, shift1;
    int32_t offset2, multiplier2, shift2;
    int32_t headroom;
    int32_t output_offset, output_multiplier, output_shift;
    int32_t least, most;
} mr_cmsis_nn_add_params;

mr_status mr_cmsis_nn_add_s8(const mr_context *context, const void *params, mr_band band);

#endif

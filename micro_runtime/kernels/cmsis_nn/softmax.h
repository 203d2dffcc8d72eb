/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_SOFTMAX_H
#define MICROLITH_CMSIS_NN_SOFTMAX_H

#include "kernel.h"

/*
 * `rows` runs of `depth` elements. The multiplier and left shift bring inputs to Q5.26; those that
 * are more than -`least_difference` below the largest of their run give 0.
 */
typedef struct mr_cmsis_nn_softmax_params {
    mr_ref input, output;
    int32_t rows, depth;
    int32_t multiplier, shift;
    int32_t least_difference;
} mr_cmsis_nn_softmax_params;

mr_status mr_cmsis_nn_softmax_s8(const mr_context *context, const void *params, mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_SOFTMAX_S16_H
#define MICROLITH_CMSIS_NN_SOFTMAX_S16_H

#include "kernel.h"

/*
 * `rows` runs of `depth` elements. The multiplier and shift bring differences of inputs to units of
 * 10 / 65535; tables are int16_t[513], of exp(x) and 1 / (1 + x).
 */
typedef struct mr_cmsis_nn_softmax_s16_params {
    mr_ref input, output;
    mr_ref exponentials, reciprocals;
    int32_t rows, depth;
    int32_t multiplier, shift;
} mr_cmsis_nn_softmax_s16_params;

mr_status mr_cmsis_nn_softmax_s16(const mr_context *context, const void *params, mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_LOGISTIC_S16_H
#define MICROLITH_CMSIS_NN_LOGISTIC_S16_H

#include "kernel.h"

/* The input has the scale 2^(left_shift - 12), the output 2^-15. */
typedef struct mr_cmsis_nn_logistic_s16_params {
    mr_ref input, output;
    int32_t count;
    int32_t left_shift;
} mr_cmsis_nn_logistic_s16_params;

mr_status mr_cmsis_nn_logistic_s16(const mr_context *context, const void *params, mr_band band);

#endif

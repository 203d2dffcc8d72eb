/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_CONV_S16_H
#define MICROLITH_CMSIS_NN_CONV_S16_H

#include "cmsis_nn_filter.h"
#include "kernel.h"

/* Biases are int64_t. */
mr_status mr_cmsis_nn_conv_2d_s16(const mr_context *context, const void *params, mr_band band);

/* Biases are int32_t. */
mr_status mr_cmsis_nn_conv_2d_narrow_s16(const mr_context *context, const void *params,
                                         mr_band band);

#endif

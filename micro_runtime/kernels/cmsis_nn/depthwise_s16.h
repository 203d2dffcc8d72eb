/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_DEPTHWISE_S16_H
#define MICROLITH_CMSIS_NN_DEPTHWISE_S16_H

#include "cmsis_nn_filter.h"
#include "kernel.h"

/* Biases are int64_t. */
mr_status mr_cmsis_nn_depthwise_conv_2d_s16(const mr_context *context, const void *params,
                                            mr_band band);

#endif

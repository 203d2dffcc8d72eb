/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_CONV_S4_H
#define MICROLITH_CMSIS_NN_CONV_S4_H

#include "cmsis_nn_filter.h"
#include "kernel.h"

mr_status mr_cmsis_nn_conv_2d_s4(const mr_context *context, const void *params, mr_band band);

#endif

/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CMSIS_NN_MAX_POOL_S16_H
#define MICROLITH_CMSIS_NN_MAX_POOL_S16_H

#include "kernel.h"
#include "pooling.h"

mr_status mr_cmsis_nn_max_pool_s16(const mr_context *context, const void *params, mr_band band);

#endif

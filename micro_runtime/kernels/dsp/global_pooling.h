/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_GLOBAL_POOLING_H
#define MICROLITH_DSP_GLOBAL_POOLING_H

#include "kernels/portable/global_pooling.h"

/* As mr_global_average_pool_s8, for at least four channels and rows of at most 256 pixels. */
mr_status mr_global_average_pool_s8_dsp(const mr_context *context, const void *params,
                                        mr_band band);

#endif

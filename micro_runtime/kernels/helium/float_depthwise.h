/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_FLOAT_DEPTHWISE_H
#define MICROLITH_HELIUM_FLOAT_DEPTHWISE_H

#include "kernels/fpu/depthwise.h"

/* Parameters and constants are those of mr_depthwise_conv_2d_f32_fpu. */
mr_status mr_depthwise_conv_2d_f32_helium(const mr_context *context, const void *params,
                                          mr_band band);
mr_status mr_depthwise_conv_2d_stride2_f32_helium(const mr_context *context, const void *params,
                                                  mr_band band);

#endif

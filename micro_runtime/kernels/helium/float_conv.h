/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_FLOAT_CONV_H
#define MICROLITH_HELIUM_FLOAT_CONV_H

#include "kernels/fpu/conv.h"

/* Parameters and constants are those of mr_conv_2d_f32_fpu. */
mr_status mr_conv_2d_f32_helium(const mr_context *context, const void *params, mr_band band);

#endif

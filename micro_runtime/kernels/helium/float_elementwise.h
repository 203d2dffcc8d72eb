/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_FLOAT_ELEMENTWISE_H
#define MICROLITH_HELIUM_FLOAT_ELEMENTWISE_H

#include "kernels/fpu/elementwise.h"

/* Parameters are those of mr_add_f32_fpu. */
mr_status mr_add_f32_helium(const mr_context *context, const void *params, mr_band band);
mr_status mr_mul_f32_helium(const mr_context *context, const void *params, mr_band band);

#endif

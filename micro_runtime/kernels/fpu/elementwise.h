/* SPDX-License-Identifier: MIT-0 */
/* Operators on two operands of one shape, element by element: ADD, MUL. */
#ifndef MICROLITH_FPU_ELEMENTWISE_H
#define MICROLITH_FPU_ELEMENTWISE_H

#include "kernel.h"

/* Rows of `length` elements. `rectified` is 1 where outputs are at least 0, `clamped` where they
 * have other limits: `least` and `most`. */
typedef struct mr_elementwise_f32_fpu_params {
    mr_rows input1;
    mr_rows input2;
    mr_rows output;
    uint32_t length;
    uint8_t rectified;
    uint8_t clamped;
    float least;
    float most;
} mr_elementwise_f32_fpu_params;

mr_status mr_add_f32_fpu(const mr_context *context, const void *params, mr_band band);
mr_status mr_mul_f32_fpu(const mr_context *context, const void *params, mr_band band);

#endif

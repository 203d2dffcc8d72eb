/* SPDX-License-Identifier: MIT-0 */
/* What the code generator took for granted when it made tiny_residual.c, checked. Generated. */
#ifndef TINY_RESIDUAL_LAYOUT_H
#define TINY_RESIDUAL_LAYOUT_H

#include <stddef.h>

#include "params.h"
#include "kernels/fpu/elementwise.h"
#include "kernels/portable/shape.h"

#define MR_CHECK_OFFSET(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), "layout of " #type)

MR_CHECK_OFFSET(mr_concat_4_params, output, 0);
MR_CHECK_OFFSET(mr_concat_4_params, outer, 4);
MR_CHECK_OFFSET(mr_concat_4_params, count, 8);
MR_CHECK_OFFSET(mr_concat_4_params, inputs, 12);
MR_CHECK_OFFSET(mr_concat_4_params, sizes, 28);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, input1, 0);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, input2, 12);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, output, 24);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, length, 36);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, rectified, 40);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, clamped, 41);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, least, 44);
MR_CHECK_OFFSET(mr_elementwise_f32_fpu_params, most, 48);

#undef MR_CHECK_OFFSET

#endif

/* SPDX-License-Identifier: MIT-0 */
/* What the code generator took for granted when it made tiny_picture.c, checked. Generated. */
#ifndef TINY_PICTURE_LAYOUT_H
#define TINY_PICTURE_LAYOUT_H

#include <stddef.h>

#include "params.h"
#include "kernels/portable/quantize.h"

#define MR_CHECK_OFFSET(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), "layout of " #type)

MR_CHECK_OFFSET(mr_requantize_params, input, 0);
MR_CHECK_OFFSET(mr_requantize_params, output, 4);
MR_CHECK_OFFSET(mr_requantize_params, count, 8);
MR_CHECK_OFFSET(mr_requantize_params, input_sign, 12);
MR_CHECK_OFFSET(mr_requantize_params, input_zero_point, 16);
MR_CHECK_OFFSET(mr_requantize_params, multiplier, 20);
MR_CHECK_OFFSET(mr_requantize_params, shift, 24);
MR_CHECK_OFFSET(mr_requantize_params, output_zero_point, 28);
MR_CHECK_OFFSET(mr_requantize_params, low, 32);
MR_CHECK_OFFSET(mr_requantize_params, high, 36);

#undef MR_CHECK_OFFSET

#endif

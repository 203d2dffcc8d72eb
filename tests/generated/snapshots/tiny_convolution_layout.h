/* SPDX-License-Identifier: MIT-0 */
/* What the code generator took for granted when it made tiny_convolution.c, checked. Generated. */
#ifndef TINY_CONVOLUTION_LAYOUT_H
#define TINY_CONVOLUTION_LAYOUT_H

#include <stddef.h>

#include "params.h"
#include "kernels/portable/conv.h"
#include "kernels/portable/fully_connected.h"
#include "kernels/portable/pooling.h"
#include "kernels/portable/softmax.h"

/* The arena has room for tables of pointers of this size. */
_Static_assert(sizeof(void *) <= 4, "generate again for a target with wider pointers");

#define MR_CHECK_OFFSET(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), "layout of " #type)

MR_CHECK_OFFSET(mr_conv_2d_s8_params, conv, 0);
MR_CHECK_OFFSET(mr_conv_2d_s8_params, multipliers, 76);
MR_CHECK_OFFSET(mr_conv_2d_s8_params, shifts, 80);
MR_CHECK_OFFSET(mr_conv_2d_s8_params, output_zero_point, 84);
MR_CHECK_OFFSET(mr_conv_2d_s8_params, least, 86);
MR_CHECK_OFFSET(mr_conv_2d_s8_params, most, 88);
MR_CHECK_OFFSET(mr_fully_connected_s8_params, layer, 0);
MR_CHECK_OFFSET(mr_fully_connected_s8_params, multipliers, 36);
MR_CHECK_OFFSET(mr_fully_connected_s8_params, shifts, 40);
MR_CHECK_OFFSET(mr_fully_connected_s8_params, per_unit, 44);
MR_CHECK_OFFSET(mr_pool_s8_params, pool, 0);
MR_CHECK_OFFSET(mr_pool_s8_params, low, 56);
MR_CHECK_OFFSET(mr_pool_s8_params, high, 60);
MR_CHECK_OFFSET(mr_softmax_s8_params, runs, 0);
MR_CHECK_OFFSET(mr_softmax_s8_params, exponentials, 32);
MR_CHECK_OFFSET(mr_softmax_s8_params, exponential_count, 36);

#undef MR_CHECK_OFFSET

#endif

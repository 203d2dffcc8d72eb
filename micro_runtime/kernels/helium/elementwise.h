/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_ELEMENTWISE_H
#define MICROLITH_HELIUM_ELEMENTWISE_H

#include "kernel.h"

/* Sums of operands of one shape, rows of `length` elements:
 * (factor1 * a + factor2 * b + offset) >> right, saturated and clamped to [least, most]. */
typedef struct mr_add_s8_helium_params {
    mr_rows input1;
    mr_rows input2;
    mr_rows output;
    int32_t factor1;
    int32_t factor2;
    int32_t offset;
    uint32_t right;
    uint32_t length;
    int16_t least;
    int16_t most;
} mr_add_s8_helium_params;

mr_status mr_add_s8_helium(const mr_context *context, const void *params, mr_band band);

#endif

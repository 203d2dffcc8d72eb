/* SPDX-License-Identifier: MIT-0 */
/* From sums of int16 x int8 products to int16 outputs. */
#ifndef MICROLITH_REQUANTIZE_S16_H
#define MICROLITH_REQUANTIZE_S16_H

#include "requantize.h"

/* Products of int16 and int8 whose sum surely fits 32 bits. */
#define MR_S16_PRODUCTS 511u

/*
 * A 64-bit sum times multiplier * 2^-shift, with 0 <= multiplier < 2^15 and 8 <= shift <= 46,
 * rounded once, halves upwards. Products fit 64 bits as long as sums stay within 2^47.
 */
static inline int32_t mr_requantize_s64(int64_t acc, int32_t multiplier, int32_t shift)
{
    return (int32_t)((acc * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
}

/* mr_requantize of a sum that is known to fit 32 bits. */
static inline int32_t mr_requantize_narrow(int64_t acc, int32_t multiplier, int32_t shift)
{
    return mr_requantize((int32_t)acc, multiplier, shift);
}

static inline int16_t mr_output_s16(int32_t scaled, int32_t least, int32_t most)
{
    return (int16_t)mr_clamp(scaled, least, most);
}

/* Moves the sums of `count` lanes to their totals, so that there is room for more products. */
static inline void mr_carry_s16(int64_t *totals, int32_t *sums, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        totals[i] += sums[i];
        sums[i] = 0;
    }
}

#endif

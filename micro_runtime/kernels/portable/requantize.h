/* SPDX-License-Identifier: MIT-0 */
/*
 * From 32-bit accumulators to quantised outputs. A real factor is `multiplier` * 2^(shift - 31)
 * with 0 <= multiplier < 2^31 and -31 <= shift <= 30; a positive shift is to the left.
 *
 * Right shifts of negative numbers are arithmetic and conversions to int32_t wrap, as on every
 * compiler for Arm.
 */
#ifndef MICROLITH_REQUANTIZE_H
#define MICROLITH_REQUANTIZE_H

#include <stdint.h>

static inline int32_t mr_clamp(int32_t value, int32_t low, int32_t high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

/* Sum modulo 2^32, which is what the reference's int32_t accumulators do in practice. */
static inline int32_t mr_wrapping_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/*
 * Rounds twice: the doubled product to 32 bits, halves upwards, then the right shift, halves away
 * from zero. A left shift comes before the product and wraps.
 */
static inline int32_t mr_requantize(int32_t acc, int32_t multiplier, int32_t shift)
{
    if (shift > 0) {
        acc = (int32_t)((uint32_t)acc << shift);
    }
    int32_t high = (int32_t)(((int64_t)acc * multiplier + (1 << 30)) >> 31);
    if (shift >= 0) {
        return high;
    }
    /* A negative number is moved down by one, so that its halves round down as well. No overflow:
     * high > -2^31 because multiplier < 2^31, and the half is added after all other bits left. */
    high += high >> 31;
    return ((high >> (-shift - 1)) + 1) >> 1;
}

/* Rounds once, halves upwards. */
static inline int32_t mr_requantize_single(int32_t acc, int32_t multiplier, int32_t shift)
{
    int32_t total = 31 - shift;
    int64_t half = (int64_t)1 << (total - 1);
    return (int32_t)(((int64_t)acc * multiplier + half) >> total);
}

#endif

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

/* The upper half of the doubled product, halves rounded upwards. */
static inline int32_t mr_doubled_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/*
 * Rounds twice: the doubled product to 32 bits, then the right shift, halves away from zero. A left
 * shift comes before the product and wraps.
 */
static inline int32_t mr_requantize(int32_t acc, int32_t multiplier, int32_t shift)
{
    int32_t left = shift > 0 ? shift : 0;
    int32_t high = mr_doubled_high((int32_t)((uint32_t)acc << left), multiplier);
    if (shift < 0) {
        /* A negative number is moved down by one, so that its halves round down as well. No
         * overflow: high > -2^31 because multiplier < 2^31, and the half is added after all other
         * bits left. */
        high += high >> 31;
        high = ((high >> (-shift - 1)) + 1) >> 1;
    }
    return high;
}

/* Rounds once, halves away from zero. */
static inline int32_t mr_requantize_single(int32_t acc, int32_t multiplier, int32_t shift)
{
    int32_t total = 31 - shift;
    int64_t half = ((int64_t)1 << (total - 1)) + (acc >> 31);
    return (int32_t)(((int64_t)acc * multiplier + half) >> total);
}

/*
 * Multiplies by a double that is mantissa * 2^-shift, with mantissa = mantissa[0] + mantissa[1] *
 * 2^32 in [2^52, 2^53): the product rounds to the 53 bits of a double, halves to even, then to an
 * integer, halves away from zero. Saturates.
 */
static inline int32_t mr_requantize_wide(int32_t acc, const uint32_t mantissa[2], int32_t shift)
{
    uint32_t magnitude = acc < 0 ? 0u - (uint32_t)acc : (uint32_t)acc;
    uint64_t low = (uint64_t)magnitude * mantissa[0];
    uint64_t high = (uint64_t)magnitude * mantissa[1] + (low >> 32);
    uint64_t product = high << 32 | (low & UINT32_MAX);
    int32_t dropped = 0; /* bits of the product beyond 53, at most 31 */
    while (high >> dropped >> 21 != 0) {
        dropped++;
    }
    if (dropped != 0) {
        uint32_t half = (uint32_t)1 << (dropped - 1);
        uint32_t rest = (uint32_t)low & (2u * half - 1u);
        product = high << (32 - dropped) | (uint32_t)low >> dropped;
        product += rest > half || (rest == half && (product & 1u) != 0);
    }
    shift -= dropped;
    if (shift > 63) {
        return 0;
    }
    uint64_t rounded = shift > 0 ? ((product >> (shift - 1)) + 1u) >> 1 : UINT32_MAX;
    int32_t scaled = rounded < INT32_MAX ? (int32_t)rounded : INT32_MAX;
    return acc < 0 ? -scaled : scaled;
}

/* A quantised output from a scaled accumulator: both ends of its range and its zero point. */
static inline int8_t mr_output_s8(int32_t scaled, int32_t zero_point, int32_t least, int32_t most)
{
    return (int8_t)mr_clamp(mr_wrapping_add(scaled, zero_point), least, most);
}

#endif

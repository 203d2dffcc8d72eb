/* SPDX-License-Identifier: MIT-0 */
/*
 * Sums that the reference multiplies by a double and rounds, halves away from zero, in integers: a
 * double is mantissa * 2^-shift, with mantissa = mantissa[0] + mantissa[1] * 2^32 in [2^52, 2^53).
 */
#ifndef MICROLITH_REQUANTIZE_DOUBLE_H
#define MICROLITH_REQUANTIZE_DOUBLE_H

#include <stdint.h>

/* Numbers of 53 bits, as mantissas are. */
#define MR_MANTISSA_BITS 53

/* Bits of a mantissa that the product of 31 bits leaves out. */
#define MR_MANTISSA_REST 22

/* How far the product of a double may be from the exact one, in units of the product of 31 bits. */
#define MR_DOUBLE_ERROR 1024u

/*
 * magnitude * mantissa * 2^-shift, magnitude below 2^53: the product of 106 bits rounds to the 53
 * of a double, halves to even, then to an integer. Saturates.
 */
static inline int32_t mr_scale_exactly(uint64_t magnitude, const uint32_t mantissa[2],
                                       int32_t shift)
{
    uint64_t low = (magnitude & UINT32_MAX) * mantissa[0];
    uint64_t middle = (magnitude >> 32) * mantissa[0] + (low >> 32);
    uint64_t other = (magnitude & UINT32_MAX) * mantissa[1] + (middle & UINT32_MAX);
    uint64_t high = (magnitude >> 32) * mantissa[1] + (middle >> 32) + (other >> 32);
    low = other << 32 | (low & UINT32_MAX);
    uint32_t last = 0, rest = 0; /* the last bit dropped, and whether any before it was set */
    for (; high != 0 || low >> MR_MANTISSA_BITS != 0; shift--) {
        rest |= last;
        last = (uint32_t)low & 1u;
        low = high << 63 | low >> 1;
        high >>= 1;
    }
    low += last & (rest | (uint32_t)low);
    if (shift > 63) {
        return 0;
    }
    uint64_t rounded = shift > 0 ? ((low >> (shift - 1)) + 1u) >> 1 : UINT32_MAX;
    return rounded < INT32_MAX ? (int32_t)rounded : INT32_MAX;
}

/*
 * acc * mantissa * 2^-shift for |acc| < 2^53. The mantissa's upper 31 bits give a product that is
 * too small by less than the magnitude; only where that leaves the rounding open, the exact product
 * is needed.
 */
static inline int32_t mr_requantize_double(int64_t acc, const uint32_t mantissa[2], int32_t shift)
{
    uint64_t magnitude = acc < 0 ? 0u - (uint64_t)acc : (uint64_t)acc;
    int32_t total = shift - MR_MANTISSA_REST;
    int32_t scaled = -1;
    if (magnitude <= INT32_MAX && total > 0 && total < 62) {
        uint32_t upper = mantissa[1] << (32 - MR_MANTISSA_REST) | mantissa[0] >> MR_MANTISSA_REST;
        uint64_t unit = (uint64_t)1 << total;
        uint64_t product = magnitude * upper + (unit >> 1);
        uint64_t rest = product & (unit - 1u);
        int decided = rest >= MR_DOUBLE_ERROR && rest + magnitude + MR_DOUBLE_ERROR <= unit;
        product >>= total;
        scaled = decided && product <= INT32_MAX ? (int32_t)product : -1;
    }
    if (scaled < 0) {
        scaled = mr_scale_exactly(magnitude, mantissa, shift);
    }
    return acc < 0 ? -scaled : scaled;
}

#endif

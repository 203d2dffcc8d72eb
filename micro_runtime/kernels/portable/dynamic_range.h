/* SPDX-License-Identifier: MIT-0 */
/*
 * Quantisation at run time, to the range of the numbers at hand, as hybrid layers do: real = scale
 * * (quantised - zero point).
 */
#ifndef MICROLITH_PORTABLE_DYNAMIC_RANGE_H
#define MICROLITH_PORTABLE_DYNAMIC_RANGE_H

#include <stdint.h>

#include "microlith_real.h"

typedef struct mr_dynamic_range {
    float scale;
    int32_t zero_point;
} mr_dynamic_range;

typedef struct mr_extremes {
    float least;
    float most;
} mr_extremes;

static inline mr_extremes mr_find_extremes(const float *reals, uint32_t count)
{
    mr_extremes found = {reals[0], reals[0]};
    for (uint32_t i = 1; i < count; i++) {
        found.least = reals[i] < found.least ? reals[i] : found.least;
        found.most = reals[i] > found.most ? reals[i] : found.most;
    }
    return found;
}

/* The nearest integer, by adding a half. Like mr_round_clamped, but for the greatest number below
 * one half, which becomes 1. */
static inline int32_t mr_add_half_clamped(float value, float least, float most)
{
    value += value < 0.0f ? -0.5f : 0.5f;
    value = value > least ? value : least;
    return (int32_t)(value < most ? value : most);
}

/*
 * Quantises to [least, 127]. The reference rounds numbers in groups of eight by adding a half, and
 * the rest as the C library does. Not inline: one copy a file.
 */
static void mr_quantise_run(const float *reals, uint32_t count, float inverse_scale,
                            int32_t zero_point, int32_t least, int8_t *quantised)
{
    const float low = (float)(least - zero_point), high = (float)(127 - zero_point);
    uint32_t i = 0;
    for (; i < (count & ~7u); i++) {
        int32_t steps = mr_add_half_clamped(reals[i] * inverse_scale, low, high);
        quantised[i] = (int8_t)(steps + zero_point);
    }
    for (; i < count; i++) {
        int32_t steps = mr_round_clamped(reals[i] * inverse_scale, low, high);
        quantised[i] = (int8_t)(steps + zero_point);
    }
}

/* How numbers are quantised: to [least, 127]. */
typedef struct mr_quantisation {
    mr_dynamic_range range;
    float inverse_scale; /* 0 where all numbers are */
    int32_t least;
} mr_quantisation;

/* To [-127, 127] with zero point 0. */
static inline mr_quantisation mr_symmetric_quantisation(mr_extremes found)
{
    float largest = found.most > -found.least ? found.most : -found.least;
    if (largest == 0.0f) {
        return (mr_quantisation){{1.0f, 0}, 0.0f, -127};
    }
    return (mr_quantisation){{largest / 127.0f, 0}, 127.0f / largest, -127};
}

/*
 * Scale and zero point that map [least, most], 0 among them, to [-128, 127]. The zero point comes
 * from the end that is nearer to 0. The difference is rounded to single precision; all else is in
 * double precision, as in the reference, because rounding decides about zero points near a half.
 */
static inline mr_dynamic_range mr_asymmetric_range(float least, float most)
{
    double scale = (double)(most - least) / 255.0;
    double below = (double)least / scale, above = (double)most / scale;
    double zero_point = 128.0 - below < 127.0 + above ? -128.0 - below : 127.0 - above;
    zero_point = zero_point > -128.0 ? zero_point : -128.0;
    zero_point = zero_point < 127.0 ? zero_point : 127.0;
    int32_t whole = (int32_t)zero_point;
    double rest = zero_point - whole;
    whole += rest >= 0.5 ? 1 : 0;
    whole -= rest <= -0.5 ? 1 : 0;
    return (mr_dynamic_range){(float)scale, whole};
}

/* To [-128, 127]. */
static inline mr_quantisation mr_asymmetric_quantisation(mr_extremes found)
{
    float least = found.least < 0.0f ? found.least : 0.0f;
    float most = found.most > 0.0f ? found.most : 0.0f;
    if (least == most) {
        return (mr_quantisation){{1.0f, 0}, 0.0f, -128};
    }
    mr_dynamic_range range = mr_asymmetric_range(least, most);
    return (mr_quantisation){range, range.scale > 0.0f ? 1.0f / range.scale : 0.0f, -128};
}

static inline mr_dynamic_range mr_quantise(const float *reals, uint32_t count, mr_quantisation to,
                                           int8_t *quantised)
{
    mr_quantise_run(reals, count, to.inverse_scale, to.range.zero_point, to.least, quantised);
    return to.range;
}

static inline mr_dynamic_range mr_quantise_symmetric(const float *reals, uint32_t count,
                                                     int8_t *quantised)
{
    mr_extremes found = mr_find_extremes(reals, count);
    return mr_quantise(reals, count, mr_symmetric_quantisation(found), quantised);
}

static inline mr_dynamic_range mr_quantise_asymmetric(const float *reals, uint32_t count,
                                                      int8_t *quantised)
{
    mr_extremes found = mr_find_extremes(reals, count);
    return mr_quantise(reals, count, mr_asymmetric_quantisation(found), quantised);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/*
 * Quantisation at run time, to the range of the numbers at hand, as hybrid layers do: real = scale
 * * (quantised - zero point).
 */
#ifndef MICROLITH_PORTABLE_DYNAMIC_RANGE_H
#define MICROLITH_PORTABLE_DYNAMIC_RANGE_H

#include <stdint.h>
#include <string.h>

#include "round.h"

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

/* To [-127, 127] with zero point 0. */
static inline mr_dynamic_range mr_quantise_symmetric(const float *reals, uint32_t count,
                                                     int8_t *quantised)
{
    mr_extremes found = mr_find_extremes(reals, count);
    float largest = found.most > -found.least ? found.most : -found.least;
    if (largest == 0.0f) {
        memset(quantised, 0, count);
        return (mr_dynamic_range){1.0f, 0};
    }
    float inverse = 127.0f / largest;
    for (uint32_t i = 0; i < count; i++) {
        quantised[i] = (int8_t)mr_round_clamped(reals[i] * inverse, -127.0f, 127.0f);
    }
    return (mr_dynamic_range){largest / 127.0f, 0};
}

/*
 * Scale and zero point that map [least, most], 0 among them, to [-128, 127]. The zero point comes
 * from the end that is nearer to 0. Double precision, as in the reference: the zero point would
 * differ where it is about halfway between two integers.
 */
static inline mr_dynamic_range mr_asymmetric_range(double least, double most)
{
    double scale = (most - least) / 255.0;
    double below = least / scale, above = most / scale;
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
static inline mr_dynamic_range mr_quantise_asymmetric(const float *reals, uint32_t count,
                                                      int8_t *quantised)
{
    mr_extremes found = mr_find_extremes(reals, count);
    float least = found.least < 0.0f ? found.least : 0.0f;
    float most = found.most > 0.0f ? found.most : 0.0f;
    if (least == most) {
        memset(quantised, 0, count);
        return (mr_dynamic_range){1.0f, 0};
    }
    mr_dynamic_range range = mr_asymmetric_range((double)least, (double)most);
    float inverse = 1.0f / range.scale, offset = (float)range.zero_point;
    for (uint32_t i = 0; i < count; i++) {
        float value = offset + reals[i] * inverse;
        quantised[i] = (int8_t)mr_round_clamped(value, -128.0f, 127.0f);
    }
    return range;
}

#endif

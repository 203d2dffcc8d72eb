/* SPDX-License-Identifier: MIT-0 */
/* Between real and quantised numbers, real = scale * (q - zero point): QUANTIZE, DEQUANTIZE. */
#ifndef MICROLITH_PORTABLE_QUANTIZE_H
#define MICROLITH_PORTABLE_QUANTIZE_H

#include "kernel.h"

/*
 * `outer` times `channels` times `inner` elements; a channel's scale (float) and zero point
 * (int32_t) are in the tables. Per tensor there is one channel. `low` is the least quantised
 * value of the 8-bit type, -128 or 0.
 */
typedef struct mr_affine_params {
    mr_ref input, output;
    mr_ref scales, zero_points;
    uint32_t outer, channels, inner;
    int32_t low;
} mr_affine_params;

/*
 * From one integer type to another, whose ends are `low` and `high`. `input_sign` is the bit that
 * the sign of an 8-bit input has, 0x80 or 0.
 */
typedef struct mr_requantize_params {
    mr_ref input, output;
    uint32_t count;
    int32_t input_sign, input_zero_point;
    int32_t multiplier, shift;
    int32_t output_zero_point;
    int32_t low, high;
} mr_requantize_params;

typedef struct mr_dequantize_f16_params {
    mr_ref input, output;
    uint32_t count;
} mr_dequantize_f16_params;

mr_status mr_quantize_f32_8(const mr_context *context, const void *params, mr_band band);
mr_status mr_quantize_f32_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_requantize_8(const mr_context *context, const void *params, mr_band band);
mr_status mr_requantize_8_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_requantize_s16_8(const mr_context *context, const void *params, mr_band band);
mr_status mr_requantize_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_dequantize_8(const mr_context *context, const void *params, mr_band band);
mr_status mr_dequantize_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_dequantize_f16(const mr_context *context, const void *params, mr_band band);

#endif

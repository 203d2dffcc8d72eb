/* SPDX-License-Identifier: MIT-0 */
#include "quantize.h"

#include <string.h>

#include "microlith_real.h"
#include "requantize.h"

/* One channel's parameters, for elements that lie side by side. */
typedef struct channel {
    float scale;
    int32_t zero_point;
    int32_t low;
    uint32_t count;
} channel;

typedef void channel_function(channel c, const void *input, void *output);

static void for_each_channel(const mr_context *context, const mr_affine_params *p,
                             uint32_t input_size, uint32_t output_size, channel_function *run)
{
    const float *scales = mr_data_at(context, p->scales);
    const int32_t *zero_points = mr_data_at(context, p->zero_points);
    const uint8_t *input = mr_data_at(context, p->input);
    uint8_t *output = mr_arena_at(context, p->output);
    for (uint32_t turn = 0; turn < p->outer; turn++) {
        for (uint32_t i = 0; i < p->channels; i++) {
            const channel c = {scales[i], zero_points[i], p->low, p->inner};
            run(c, input, output);
            input += p->inner * input_size;
            output += p->inner * output_size;
        }
    }
}

/* Nearest quantised value, halves away from zero; NaN becomes the least one. */
static inline int32_t quantize(float real, channel c, int32_t low, int32_t high)
{
    return mr_quantized(real, c.scale, c.zero_point, low, high);
}

static void quantize_8(channel c, const void *input, void *output)
{
    const float *in = input;
    uint8_t *out = output;
    for (uint32_t i = 0; i < c.count; i++) {
        out[i] = (uint8_t)quantize(in[i], c, c.low, c.low + UINT8_MAX);
    }
}

static void quantize_s16(channel c, const void *input, void *output)
{
    const float *in = input;
    int16_t *out = output;
    for (uint32_t i = 0; i < c.count; i++) {
        out[i] = (int16_t)quantize(in[i], c, INT16_MIN, INT16_MAX);
    }
}

mr_status mr_quantize_f32_8(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    for_each_channel(context, params, sizeof(float), sizeof(uint8_t), quantize_8);
    return MR_OK;
}

mr_status mr_quantize_f32_s16(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    for_each_channel(context, params, sizeof(float), sizeof(int16_t), quantize_s16);
    return MR_OK;
}

/* An 8-bit number whose sign has the given bit: 0x80, or 0 when it has none. */
static inline int32_t extend(uint8_t byte, int32_t sign)
{
    return (byte ^ sign) - sign;
}

static inline int32_t rescale(const mr_requantize_params *p, int32_t value)
{
    value = mr_requantize(value - p->input_zero_point, p->multiplier, p->shift);
    return mr_clamp(value + p->output_zero_point, p->low, p->high);
}

mr_status mr_requantize_8(const mr_context *context, const void *params, mr_band band)
{
    const mr_requantize_params p = *(const mr_requantize_params *)params;
    const uint8_t *input = mr_data_at(context, p.input);
    uint8_t *output = mr_arena_at(context, p.output);
    (void)band;
    for (uint32_t i = 0; i < p.count; i++) {
        output[i] = (uint8_t)rescale(&p, extend(input[i], p.input_sign));
    }
    return MR_OK;
}

mr_status mr_requantize_8_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_requantize_params p = *(const mr_requantize_params *)params;
    const uint8_t *input = mr_data_at(context, p.input);
    int16_t *output = mr_arena_at(context, p.output);
    (void)band;
    for (uint32_t i = 0; i < p.count; i++) {
        output[i] = (int16_t)rescale(&p, extend(input[i], p.input_sign));
    }
    return MR_OK;
}

mr_status mr_requantize_s16_8(const mr_context *context, const void *params, mr_band band)
{
    const mr_requantize_params p = *(const mr_requantize_params *)params;
    const int16_t *input = mr_data_at(context, p.input);
    uint8_t *output = mr_arena_at(context, p.output);
    (void)band;
    for (uint32_t i = 0; i < p.count; i++) {
        output[i] = (uint8_t)rescale(&p, input[i]);
    }
    return MR_OK;
}

mr_status mr_requantize_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_requantize_params p = *(const mr_requantize_params *)params;
    const int16_t *input = mr_data_at(context, p.input);
    int16_t *output = mr_arena_at(context, p.output);
    (void)band;
    for (uint32_t i = 0; i < p.count; i++) {
        output[i] = (int16_t)rescale(&p, input[i]);
    }
    return MR_OK;
}

static void dequantize_8(channel c, const void *input, void *output)
{
    const uint8_t *in = input;
    float *out = output;
    int32_t sign = c.low & 0x80;
    for (uint32_t i = 0; i < c.count; i++) {
        out[i] = c.scale * (float)(extend(in[i], sign) - c.zero_point);
    }
}

static void dequantize_s16(channel c, const void *input, void *output)
{
    const int16_t *in = input;
    float *out = output;
    for (uint32_t i = 0; i < c.count; i++) {
        out[i] = c.scale * (float)(in[i] - c.zero_point);
    }
}

mr_status mr_dequantize_8(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    for_each_channel(context, params, sizeof(uint8_t), sizeof(float), dequantize_8);
    return MR_OK;
}

mr_status mr_dequantize_s16(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    for_each_channel(context, params, sizeof(int16_t), sizeof(float), dequantize_s16);
    return MR_OK;
}

/* float16 has 5 bits of exponent with bias 15, float32 has 8 with bias 127. */
static float from_half(uint16_t half)
{
    uint32_t exponent = (half >> 10) & 0x1f;
    uint32_t fraction = half & 0x3ff;
    uint32_t bits = (half & 0x7fffu) << 13;
    float value;
    if (exponent == 0) {
        value = (float)fraction * (1.0f / (1 << 24)); /* zero or subnormal */
        memcpy(&bits, &value, sizeof(bits));
    } else {
        bits += (exponent == 0x1f ? 2u : 1u) * ((127u - 15u) << 23); /* infinity, NaN: 0xff */
    }
    bits |= (half & 0x8000u) << 16;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

mr_status mr_dequantize_f16(const mr_context *context, const void *params, mr_band band)
{
    const mr_dequantize_f16_params *p = params;
    const uint16_t *input = mr_data_at(context, p->input);
    float *output = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t i = 0; i < p->count; i++) {
        output[i] = from_half(input[i]);
    }
    return MR_OK;
}

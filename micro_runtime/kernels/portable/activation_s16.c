/* SPDX-License-Identifier: MIT-0 */
#include "activation_s16.h"

#include "requantize.h"

static inline int16_t rescale(const mr_rescale_s16_params *p, int32_t value)
{
    return (int16_t)mr_clamp(mr_requantize(value, p->multiplier, p->shift), p->low, p->high);
}

mr_status mr_clamp_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_rescale_s16_params p = *(const mr_rescale_s16_params *)params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int16_t *in = mr_row_in(context, &p.unary.input, row);
        int16_t *out = mr_row_out(context, &p.unary.output, row);
        for (uint32_t i = 0; i < p.unary.length; i++) {
            out[i] = rescale(&p, in[i]);
        }
    }
    return MR_OK;
}

mr_status mr_abs_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_rescale_s16_params p = *(const mr_rescale_s16_params *)params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int16_t *in = mr_row_in(context, &p.unary.input, row);
        int16_t *out = mr_row_out(context, &p.unary.output, row);
        for (uint32_t i = 0; i < p.unary.length; i++) {
            out[i] = rescale(&p, in[i] < 0 ? -in[i] : in[i]);
        }
    }
    return MR_OK;
}

#define LAST_INTERVAL 254u

/* Between two entries of the table, 512 units apart, the function is a line; below 0 it is one less
 * that of the magnitude. */
static inline int16_t logistic(const uint16_t *table, int32_t value)
{
    uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    uint32_t interval = magnitude >> 9, result = 0x7fffu << 10;
    if (interval <= LAST_INTERVAL) {
        uint32_t low = table[interval], high = table[interval + 1u];
        result = (low << 9) + (magnitude & 0x1ffu) * (high - low);
    }
    result = value < 0 ? (1u << 25) - 1u - result : result;
    return (int16_t)((result + (1u << 9)) >> 10);
}

mr_status mr_logistic_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_logistic_s16_params p = *(const mr_logistic_s16_params *)params;
    const uint16_t *table = mr_data_at(context, p.table);
    const int32_t half = (1 << p.shift) >> 1;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int16_t *in = mr_row_in(context, &p.unary.input, row);
        int16_t *out = mr_row_out(context, &p.unary.output, row);
        for (uint32_t i = 0; i < p.unary.length; i++) {
            out[i] = logistic(table, (in[i] * p.multiplier + half) >> p.shift);
        }
    }
    return MR_OK;
}

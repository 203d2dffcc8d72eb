/* SPDX-License-Identifier: MIT-0 */
#include "activation.h"

#include <math.h>

mr_status mr_table_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_table_s8_params *p = params;
    const int8_t *table = mr_data_at(context, p->table);
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int8_t *in = mr_row_in(context, &p->unary.input, row);
        int8_t *out = mr_row_out(context, &p->unary.output, row);
        for (uint32_t i = 0; i < p->unary.length; i++) {
            out[i] = table[in[i] + 128];
        }
    }
    return MR_OK;
}

mr_status mr_clamp_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_clamp_f32_params *p = params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const float *in = mr_row_in(context, &p->unary.input, row);
        float *out = mr_row_out(context, &p->unary.output, row);
        for (uint32_t i = 0; i < p->unary.length; i++) {
            float value = in[i] < p->low ? p->low : in[i];
            out[i] = value > p->high ? p->high : value;
        }
    }
    return MR_OK;
}

/* Beyond these ends the reference takes 1 and exp(x), which floats cannot tell from the quotient.
 */
#define LOGISTIC_IS_ONE 16.619047164916992188f
#define LOGISTIC_IS_EXP (-9.0f)

static float logistic(float x)
{
    if (x > LOGISTIC_IS_ONE) {
        return 1.0f;
    }
    return x < LOGISTIC_IS_EXP ? expf(x) : 1.0f / (1.0f + expf(-x));
}

mr_status mr_logistic_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_logistic_f32_params *p = params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const float *in = mr_row_in(context, &p->unary.input, row);
        float *out = mr_row_out(context, &p->unary.output, row);
        for (uint32_t i = 0; i < p->unary.length; i++) {
            out[i] = logistic(in[i]);
        }
    }
    return MR_OK;
}

mr_status mr_abs_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_abs_f32_params *p = params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const float *in = mr_row_in(context, &p->unary.input, row);
        float *out = mr_row_out(context, &p->unary.output, row);
        for (uint32_t i = 0; i < p->unary.length; i++) {
            out[i] = fabsf(in[i]);
        }
    }
    return MR_OK;
}

/* SPDX-License-Identifier: MIT-0 */
#include "activation.h"

#include <math.h>

mr_status mr_table_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_table_s8_params *p = params;
    const int8_t *in = mr_data_at(context, p->input);
    const int8_t *table = mr_data_at(context, p->table);
    int8_t *out = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t i = 0; i < p->count; i++) {
        out[i] = table[in[i] + 128];
    }
    return MR_OK;
}

mr_status mr_clamp_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_clamp_f32_params *p = params;
    const float *in = mr_data_at(context, p->input);
    float *out = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t i = 0; i < p->count; i++) {
        float value = in[i] < p->low ? p->low : in[i];
        out[i] = value > p->high ? p->high : value;
    }
    return MR_OK;
}

/* Beyond these the quotient is 1 or exp(x) to float's precision; the reference has the same ends.
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
    const float *in = mr_data_at(context, p->input);
    float *out = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t i = 0; i < p->count; i++) {
        out[i] = logistic(in[i]);
    }
    return MR_OK;
}

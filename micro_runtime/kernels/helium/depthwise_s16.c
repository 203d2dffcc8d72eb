/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions of int16 with int8 weights, four channels a vector of 32-bit sums. The
 * constants of four channels lie behind each other and are loaded field by field with VLD4.
 */
#include "depthwise_s16.h"

#include "kernels/dsp/outputs_s16.h"
#include "kernels/portable/depthwise_taps.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

#define LANES 4u

/* The next `left` channels, at most four, of a pixel. */
static inline void compute_lanes(const mr_depthwise_conv_2d_s16_helium_params *p,
                                 const void *const *taps, const int8_t *weights,
                                 const mr_dsp_output *how, uint32_t channel, uint32_t left,
                                 int16_t *out)
{
    const void *const *end = taps + mr_count_taps(&p->conv);
#if defined(__ARM_FEATURE_MVE)
    const mve_pred16_t lanes = vctp32q(left);
    const int32x4x4_t fields = vld4q_s32(&how->bias);
    int32x4_t sums = fields.val[0];
    for (; taps != end; taps++, weights += p->conv.channels) {
        int32x4_t inputs = vldrhq_z_s32((const int16_t *)*taps + channel, lanes);
        sums = vaddq_s32(sums, vmulq_s32(inputs, vldrbq_z_s32(weights, lanes)));
    }
    sums = vaddq_s32(vmulhq_s32(sums, fields.val[1]), fields.val[2]);
    sums = vshlq_s32(sums, vnegq_s32(fields.val[3]));
    sums = vminq_s32(vmaxq_s32(sums, vdupq_n_s32(p->least)), vdupq_n_s32(p->most));
    vstrhq_p_s32(out, sums, lanes);
#else
    for (uint32_t lane = 0; lane < LANES && lane < left; lane++) {
        const int8_t *weight = weights + lane;
        int32_t sum = how[lane].bias;
        for (const void *const *tap = taps; tap != end; tap++, weight += p->conv.channels) {
            sum += ((const int16_t *)*tap)[channel + lane] * *weight;
        }
        out[lane] = (int16_t)mr_dsp_output_s16(sum, &how[lane]);
    }
    mr_dsp_clamp_s16(out, left < LANES ? left : LANES, p->least, p->most);
#endif
}

static void compute_pixel(const mr_context *context, const void *params, const void *const *taps,
                          void *output)
{
    const mr_depthwise_conv_2d_s16_helium_params *p = params;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const mr_dsp_output *how = mr_data_at(context, p->conv.biases);
    int16_t *out = output;
    for (uint32_t channel = 0; channel < p->conv.channels; channel += LANES) {
        compute_lanes(p, taps, weights + channel, how + channel, channel,
                      p->conv.channels - channel, out + channel);
    }
}

mr_status mr_depthwise_conv_2d_s16_helium(const mr_context *context, const void *params,
                                          mr_band band)
{
    const mr_depthwise_conv_2d_s16_helium_params *p = params;
    const mr_pixel_kernel kernel = {compute_pixel, sizeof(int16_t), sizeof(int16_t)};
    mr_convolve_depthwise(context, &p->conv, params, band, kernel);
    return MR_OK;
}

/* SPDX-License-Identifier: MIT-0 */
/* CONV_2D of int16 by CMSIS-NN. */
#include "conv_s16.h"

#include "cmsis_nn.h"

static mr_status convolve(const mr_context *context, const mr_cmsis_nn_filter_params *p,
                          bool narrow_bias)
{
    const cmsis_nn_context scratch = mr_cmsis_nn_scratch(context, p->scratch, p->scratch_size);
    const cmsis_nn_conv_params conv = {
        .stride = mr_cmsis_nn_stride(&p->window),
        .padding = mr_cmsis_nn_padding(&p->window),
        .dilation = mr_cmsis_nn_dilation(&p->window),
        .activation = {.min = p->least, .max = p->most},
    };
    const cmsis_nn_per_channel_quant_params scales =
        mr_cmsis_nn_per_channel(context, p->multipliers, p->shifts);
    const cmsis_nn_dims input = mr_cmsis_nn_input(&p->window, p->batches, p->in_channels);
    const cmsis_nn_dims filter =
        mr_cmsis_nn_filter_dims(&p->window, p->out_channels, p->filter_channels);
    const cmsis_nn_dims bias = {.n = 1, .h = 1, .w = 1, .c = p->out_channels};
    const cmsis_nn_bias_data biases = {
        .data = mr_data_at(context, p->biases),
        .is_int32_bias = narrow_bias,
    };
    const cmsis_nn_dims output = mr_cmsis_nn_output(&p->window, p->batches, p->out_channels);
    return mr_cmsis_nn_status(arm_convolve_wrapper_s16(
        &scratch, &conv, &scales, &input, mr_data_at(context, p->input), &filter,
        mr_data_at(context, p->weights), &bias, &biases, &output, mr_arena_at(context, p->output)));
}

mr_status mr_cmsis_nn_conv_2d_s16(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    return convolve(context, params, false);
}

mr_status mr_cmsis_nn_conv_2d_narrow_s16(const mr_context *context, const void *params,
                                         mr_band band)
{
    (void)band;
    return convolve(context, params, true);
}

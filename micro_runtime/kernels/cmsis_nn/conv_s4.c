/* SPDX-License-Identifier: MIT-0 */
/* CONV_2D with int4 weights by CMSIS-NN. */
#include "conv_s4.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_conv_2d_s4(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_filter_params *p = params;
    (void)band;
    const cmsis_nn_context scratch = mr_cmsis_nn_scratch(context, p->scratch, p->scratch_size);
    const cmsis_nn_conv_params conv = {
        .input_offset = p->input_offset,
        .output_offset = p->output_offset,
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
    const cmsis_nn_dims output = mr_cmsis_nn_output(&p->window, p->batches, p->out_channels);
    return mr_cmsis_nn_status(arm_convolve_wrapper_s4(
        &scratch, &conv, &scales, &input, mr_data_at(context, p->input), &filter,
        mr_data_at(context, p->weights), &bias, mr_data_at(context, p->biases), &output,
        mr_arena_at(context, p->output)));
}

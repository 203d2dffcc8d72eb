/* SPDX-License-Identifier: MIT-0 */
/* FULLY_CONNECTED of int16 by CMSIS-NN, with one scale for all units. */
#include "fully_connected_s16.h"

#include "layer_arguments.h"

mr_status mr_cmsis_nn_fully_connected_s16(const mr_context *context, const void *params,
                                          mr_band band)
{
    const mr_cmsis_nn_fully_connected_s16_params *p = params;
    const mr_cmsis_nn_layer *layer = &p->layer;
    (void)band;
    const cmsis_nn_context nothing = {.buf = NULL, .size = 0};
    const cmsis_nn_fc_params fc = mr_cmsis_nn_fc_params(layer);
    const cmsis_nn_per_tensor_quant_params scale = {.multiplier = p->multiplier, .shift = p->shift};
    const cmsis_nn_dims input = mr_cmsis_nn_vectors(layer->batches, layer->depth);
    const cmsis_nn_dims filter = mr_cmsis_nn_vectors(layer->depth, layer->units);
    const cmsis_nn_dims bias = mr_cmsis_nn_vectors(1, layer->units);
    const cmsis_nn_dims output = mr_cmsis_nn_vectors(layer->batches, layer->units);
    return mr_cmsis_nn_status(arm_fully_connected_s16(
        &nothing, &fc, &scale, &input, mr_data_at(context, layer->input), &filter,
        mr_data_at(context, layer->weights), &bias, mr_data_at(context, layer->biases), &output,
        mr_arena_at(context, layer->output)));
}

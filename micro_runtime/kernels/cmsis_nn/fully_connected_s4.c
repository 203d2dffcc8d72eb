/* SPDX-License-Identifier: MIT-0 */
/* FULLY_CONNECTED with int4 weights by CMSIS-NN, rounding once: see fully_connected.c. */
#define CMSIS_NN_USE_SINGLE_ROUNDING
#define arm_fully_connected_s4   mr_cmsis_nn_single_fully_connected_s4
#define arm_nn_vec_mat_mult_t_s4 mr_cmsis_nn_single_vec_mat_mult_t_s4

#include "fully_connected_s4.h"

#include "layer_arguments.h"

mr_status mr_cmsis_nn_fully_connected_s4(const mr_context *context, const void *params,
                                         mr_band band)
{
    const mr_cmsis_nn_fully_connected_s4_params *p = params;
    const mr_cmsis_nn_layer *layer = &p->layer;
    (void)band;
    const cmsis_nn_context nothing = {.buf = NULL, .size = 0};
    const cmsis_nn_fc_params fc = mr_cmsis_nn_fc_params(layer);
    const cmsis_nn_per_tensor_quant_params scale = {.multiplier = p->multiplier, .shift = p->shift};
    const cmsis_nn_dims input = mr_cmsis_nn_vectors(layer->batches, layer->depth);
    const cmsis_nn_dims filter = mr_cmsis_nn_vectors(layer->depth, layer->units);
    const cmsis_nn_dims bias = mr_cmsis_nn_vectors(1, layer->units);
    const cmsis_nn_dims output = mr_cmsis_nn_vectors(layer->batches, layer->units);
    return mr_cmsis_nn_status(arm_fully_connected_s4(
        &nothing, &fc, &scale, &input, mr_data_at(context, layer->input), &filter,
        mr_data_at(context, layer->weights), &bias, mr_data_at(context, layer->biases), &output,
        mr_arena_at(context, layer->output)));
}

#include <Source/FullyConnectedFunctions/arm_fully_connected_s4.c>
#include <Source/NNSupportFunctions/arm_nn_vec_mat_mult_t_s4.c>

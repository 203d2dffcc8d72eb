/* SPDX-License-Identifier: MIT-0 */
/* Arguments that the fully connected layers share. */
#ifndef MICROLITH_CMSIS_NN_LAYER_ARGUMENTS_H
#define MICROLITH_CMSIS_NN_LAYER_ARGUMENTS_H

#include "cmsis_nn.h"
#include "cmsis_nn_layer.h"

/*
 * With Helium, CMSIS-NN starts its sums from what the context holds instead of the biases: biases
 * plus the share of the input's zero point. Biases that hold this share already, with an input
 * offset of 0, are right in both places.
 */
static inline cmsis_nn_context mr_cmsis_nn_kernel_sums(const mr_context *context,
                                                       const mr_cmsis_nn_layer *layer)
{
    return (cmsis_nn_context){
        .buf = (void *)mr_data_at(context, layer->biases),
        .size = (int32_t)(layer->units * sizeof(int32_t)),
    };
}

static inline cmsis_nn_fc_params mr_cmsis_nn_fc_params(const mr_cmsis_nn_layer *layer)
{
    return (cmsis_nn_fc_params){
        .input_offset = 0,
        .filter_offset = layer->weights_offset,
        .output_offset = layer->output_offset,
        .activation = {.min = layer->least, .max = layer->most},
    };
}

static inline cmsis_nn_dims mr_cmsis_nn_vectors(uint32_t count, uint32_t length)
{
    return (cmsis_nn_dims){.n = (int32_t)count, .h = 1, .w = 1, .c = (int32_t)length};
}

#endif

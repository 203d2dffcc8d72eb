/* SPDX-License-Identifier: MIT-0 */
/* Parameters of convolutions. */
#ifndef MICROLITH_CMSIS_NN_FILTER_H
#define MICROLITH_CMSIS_NN_FILTER_H

#include "kernel.h"

/*
 * Weights lie as in the model; biases, multipliers and shifts are int32_t, one an output channel.
 * `filter_channels` are the input channels that one output depends on. Offsets are minus the zero
 * point of the input and the one of the output. Scratch has the size that CMSIS-NN asks for.
 */
typedef struct mr_cmsis_nn_filter_params {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    mr_ref biases;
    mr_ref multipliers;
    mr_ref shifts;
    mr_ref scratch;
    uint32_t scratch_size;
    mr_window window;
    uint16_t batches;
    uint16_t in_channels;
    uint16_t filter_channels;
    uint16_t out_channels;
    int16_t input_offset;
    int16_t output_offset;
    int16_t least;
    int16_t most;
} mr_cmsis_nn_filter_params;

#endif

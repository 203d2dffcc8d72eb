/* SPDX-License-Identifier: MIT-0 */
/* Parameters that the fully connected layers share. */
#ifndef MICROLITH_CMSIS_NN_LAYER_H
#define MICROLITH_CMSIS_NN_LAYER_H

#include "kernel.h"

/*
 * `batches` vectors of `depth` elements, weights [unit][depth]. Biases (int32_t) hold the share of
 * the input's zero point; `weights_offset` is minus the zero point of the weights.
 */
typedef struct mr_cmsis_nn_layer {
    mr_ref input;
    mr_ref output;
    mr_ref weights;
    mr_ref biases;
    uint32_t batches;
    uint32_t depth;
    uint32_t units;
    int16_t weights_offset;
    int16_t output_offset;
    int16_t least;
    int16_t most;
} mr_cmsis_nn_layer;

#endif

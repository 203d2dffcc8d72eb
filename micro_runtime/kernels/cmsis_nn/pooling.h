/* SPDX-License-Identifier: MIT-0 */
/* Parameters of pools. */
#ifndef MICROLITH_CMSIS_NN_POOLING_H
#define MICROLITH_CMSIS_NN_POOLING_H

#include "kernel.h"

/* Results are clamped to [least, most]. Scratch has the size that CMSIS-NN asks for. */
typedef struct mr_cmsis_nn_pool_params {
    mr_ref input;
    mr_ref output;
    mr_ref scratch;
    uint32_t scratch_size;
    mr_window window;
    uint16_t batches;
    uint16_t channels;
    int16_t least;
    int16_t most;
} mr_cmsis_nn_pool_params;

#endif

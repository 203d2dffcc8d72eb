/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_POOLING_H
#define MICROLITH_DSP_POOLING_H

#include "kernel.h"

/*
 * Windows that lie inside the image, for averages of at most 256 elements, four channels a block;
 * when they are no multiple of four, the last block starts four before the end. `row_table`
 * (scratch) holds kernel_height pointers. Outputs are clamped to [least, most].
 */
typedef struct mr_pool_s8_dsp_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref row_table;
    uint16_t channels;
    int16_t least;
    int16_t most;
} mr_pool_s8_dsp_params;

mr_status mr_average_pool_s8_dsp(const mr_context *context, const void *params, mr_band band);

mr_status mr_max_pool_s8_dsp(const mr_context *context, const void *params, mr_band band);

#endif

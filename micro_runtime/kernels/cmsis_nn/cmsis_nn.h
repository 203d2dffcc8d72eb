/* SPDX-License-Identifier: MIT-0 */
/* From our parameters to the arguments of CMSIS-NN. */
#ifndef MICROLITH_CMSIS_NN_H
#define MICROLITH_CMSIS_NN_H

#include <arm_nnfunctions.h>

#include "kernel.h"

static inline mr_status mr_cmsis_nn_status(arm_cmsis_nn_status status)
{
    return status == ARM_CMSIS_NN_SUCCESS ? MR_OK : MR_KERNEL_FAILED;
}

/* Working memory of `size` bytes in the arena, if any is needed. */
static inline cmsis_nn_context mr_cmsis_nn_scratch(const mr_context *context, mr_ref at,
                                                   uint32_t size)
{
    void *buffer = size != 0 ? mr_arena_at(context, at) : NULL;
    return (cmsis_nn_context){.buf = buffer, .size = (int32_t)size};
}

/* Multipliers and shifts, one a channel. The library only reads them, but asks for int32_t *. */
static inline cmsis_nn_per_channel_quant_params
mr_cmsis_nn_per_channel(const mr_context *context, mr_ref multipliers, mr_ref shifts)
{
    return (cmsis_nn_per_channel_quant_params){
        .multiplier = (int32_t *)mr_data_at(context, multipliers),
        .shift = (int32_t *)mr_data_at(context, shifts),
    };
}

static inline cmsis_nn_dims mr_cmsis_nn_input(const mr_window *window, int32_t batches,
                                              int32_t channels)
{
    return (cmsis_nn_dims){
        .n = batches, .h = window->in_height, .w = window->in_width, .c = channels};
}

static inline cmsis_nn_dims mr_cmsis_nn_output(const mr_window *window, int32_t batches,
                                               int32_t channels)
{
    return (cmsis_nn_dims){
        .n = batches, .h = window->out_height, .w = window->out_width, .c = channels};
}

/* `outputs` and `inputs` are the filter's channels, in the library's order of its axes. */
static inline cmsis_nn_dims mr_cmsis_nn_filter_dims(const mr_window *window, int32_t outputs,
                                                    int32_t inputs)
{
    return (cmsis_nn_dims){
        .n = outputs, .h = window->kernel_height, .w = window->kernel_width, .c = inputs};
}

static inline cmsis_nn_tile mr_cmsis_nn_stride(const mr_window *window)
{
    return (cmsis_nn_tile){.w = window->stride_width, .h = window->stride_height};
}

static inline cmsis_nn_tile mr_cmsis_nn_padding(const mr_window *window)
{
    return (cmsis_nn_tile){.w = window->pad_left, .h = window->pad_top};
}

static inline cmsis_nn_tile mr_cmsis_nn_dilation(const mr_window *window)
{
    return (cmsis_nn_tile){.w = window->dilation_width, .h = window->dilation_height};
}

#endif

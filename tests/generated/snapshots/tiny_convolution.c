/* SPDX-License-Identifier: MIT-0 */
#include "tiny_convolution.h"

#include "tiny_convolution_layout.h"
#include "tiny_convolution_weights.h"
#include "params.h"
#include "kernels/portable/conv.h"
#include "kernels/portable/fully_connected.h"
#include "kernels/portable/pooling.h"
#include "kernels/portable/softmax.h"

/* Where the constant `member` is, as kernels are told. */
#define CONSTANT(member) (MR_CONST_BIT | (uint32_t)offsetof(struct tiny_convolution_weights, member))

/* Where tensors are in the arena, in bytes, and the steps during which they are needed. */
enum {
    AT_IMAGE = 24, /* 72 bytes, input, steps 0 to 1 */
    AT_POOL = 60, /* 27 bytes, activation, steps 2 to 3 */
    AT_DENSE = 0, /* 4 bytes, activation, steps 3 to 4 */
    AT_PROBABILITIES = 0, /* 4 bytes, output, steps 4 to 4 */
    AT_SCRATCH_0 = 96, /* 56 bytes, scratch, steps 0 to 1 */
    AT_SCRATCH_1 = 88, /* 8 bytes, scratch, steps 2 to 2 */
    ARENA_END = 210
};

/* CONV_2D int8[1,6,6,2] -> int8[1,6,6,3] */
static const mr_conv_2d_s8_params op0_conv_2d = {
    .conv = {
        .input = {.base = AT_IMAGE, .pitch = 12, .capacity = 6},
        .output = {.base = CONSTANT(conv_relu_rows), .pitch = 18, .capacity = 0},
        .window = {
            .in_height = 6,
            .in_width = 6,
            .out_height = 6,
            .out_width = 6,
            .kernel_height = 3,
            .kernel_width = 3,
            .stride_height = 1,
            .stride_width = 1,
            .dilation_height = 1,
            .dilation_width = 1,
            .pad_top = 1,
            .pad_left = 1,
        },
        .weights = CONSTANT(op0_weights),
        .biases = CONSTANT(op0_biases),
        .padding = CONSTANT(op0_padding),
        .scratch = AT_SCRATCH_0,
        .in_channels = 2,
        .groups = 1,
        .group_inputs = 2,
        .group_outputs = 3,
        .gathers = 1,
        .joins_rows = 0,
    },
    .multipliers = CONSTANT(op0_multipliers),
    .shifts = CONSTANT(op0_shifts),
    .output_zero_point = -128,
    .least = -128,
    .most = 127,
};
static const mr_output op0_conv_2d_outputs[] = {
    {.offset = CONSTANT(conv_relu_rows), .pitch = 18, .capacity = 0},
};

/* MAX_POOL_2D int8[1,6,6,3] -> int8[1,3,3,3] */
static const mr_pool_s8_params op1_max_pool_2d = {
    .pool = {
        .input = {.base = CONSTANT(conv_relu_rows), .pitch = 18, .capacity = 0},
        .output = {.base = AT_POOL, .pitch = 9, .capacity = 3},
        .window = {
            .in_height = 6,
            .in_width = 6,
            .out_height = 3,
            .out_width = 3,
            .kernel_height = 2,
            .kernel_width = 2,
            .stride_height = 2,
            .stride_width = 2,
            .dilation_height = 1,
            .dilation_width = 1,
            .pad_top = 0,
            .pad_left = 0,
        },
        .row_table = AT_SCRATCH_1,
        .channels = 3,
    },
    .low = -128,
    .high = 127,
};
static const mr_output op1_max_pool_2d_outputs[] = {
    {.offset = AT_POOL, .pitch = 9, .capacity = 3},
};

/* FULLY_CONNECTED int8[1,3,3,3] -> int8[1,4] */
static const mr_fully_connected_s8_params op2_fully_connected = {
    .layer = {
        .layer = {
            .input = AT_POOL,
            .output = AT_DENSE,
            .weights = CONSTANT(dense_filter),
            .biases = CONSTANT(op2_biases),
            .batches = 1,
            .depth = 27,
            .units = 4,
        },
        .weights_zero_point = 0,
        .output_zero_point = -9,
        .least = -128,
        .most = 127,
    },
    .multipliers = CONSTANT(op2_multipliers),
    .shifts = CONSTANT(op2_shifts),
    .per_unit = 0,
};
static const mr_output op2_fully_connected_outputs[] = {
    {.offset = AT_DENSE, .pitch = 4, .capacity = 1},
};

/* SOFTMAX int8[1,4] -> int8[1,4] */
static const mr_softmax_s8_params op3_softmax = {
    .runs = {
        .input = {.base = AT_DENSE, .pitch = 4, .capacity = 1},
        .output = {.base = AT_PROBABILITIES, .pitch = 4, .capacity = 1},
        .count = 1,
        .depth = 4,
    },
    .exponentials = CONSTANT(op3_exponentials),
    .exponential_count = 20,
};
static const mr_output op3_softmax_outputs[] = {
    {.offset = AT_PROBABILITIES, .pitch = 4, .capacity = 1},
};

static const mr_call calls[] = {
    {.kernel = mr_conv_2d_s8,
     .params = &op0_conv_2d,
     .outputs = op0_conv_2d_outputs,
     .op = 0,
     .output_count = 1},
    {.kernel = mr_max_pool_s8,
     .params = &op1_max_pool_2d,
     .outputs = op1_max_pool_2d_outputs,
     .op = 1,
     .output_count = 1},
    {.kernel = mr_fully_connected_s8,
     .params = &op2_fully_connected,
     .outputs = op2_fully_connected_outputs,
     .op = 2,
     .output_count = 1},
    {.kernel = mr_softmax_s8,
     .params = &op3_softmax,
     .outputs = op3_softmax_outputs,
     .op = 3,
     .output_count = 1},
};

/* The execution plan. */
static const mr_step steps[] = {
    {.call = 0, .first_row = 0, .row_count = 4}, /* op0_conv_2d */
    {.call = 0, .first_row = 4, .row_count = 2}, /* op0_conv_2d */
    {.call = 1, .first_row = 0, .row_count = 3}, /* op1_max_pool_2d */
    {.call = 2, .first_row = 0, .row_count = 1}, /* op2_fully_connected */
    {.call = 3, .first_row = 0, .row_count = 1}, /* op3_softmax */
};

static const mr_model model = {
    .calls = calls,
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
    .constants = &tiny_convolution_weights,
    .arena_size = TINY_CONVOLUTION_ARENA_SIZE,
    .variables_offset = 0,
    .variables_size = 0,
};

mr_status tiny_convolution_init(tiny_convolution_t *m, void *arena, size_t size)
{
    return m == NULL ? MR_BAD_ARGUMENT : mr_init(&m->instance, &model, arena, size);
}

mr_status tiny_convolution_invoke(tiny_convolution_t *m)
{
    return mr_invoke(&m->instance);
}

mr_status tiny_convolution_step(tiny_convolution_t *m, int *done)
{
    return mr_run_step(&m->instance, done);
}

void *tiny_convolution_input(tiny_convolution_t *m, int index)
{
    static const uint32_t offsets[] = {AT_IMAGE};
    return index >= 0 && index < TINY_CONVOLUTION_INPUT_COUNT ? m->instance.arena + offsets[index] : NULL;
}

void *tiny_convolution_output(tiny_convolution_t *m, int index)
{
    static const uint32_t offsets[] = {AT_PROBABILITIES};
    return index >= 0 && index < TINY_CONVOLUTION_OUTPUT_COUNT ? m->instance.arena + offsets[index] : NULL;
}

void tiny_convolution_reset(tiny_convolution_t *m)
{
    mr_reset(&m->instance);
}

void tiny_convolution_set_hook(tiny_convolution_t *m, mr_hook *hook, void *user)
{
    m->instance.hook = hook;
    m->instance.hook_user = user;
}

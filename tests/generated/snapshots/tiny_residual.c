/* SPDX-License-Identifier: MIT-0 */
#include "tiny_residual.h"

#include "tiny_residual_layout.h"
#include "tiny_residual_weights.h"
#include "params.h"
#include "kernels/fpu/elementwise.h"
#include "kernels/portable/shape.h"

/* Where the constant `member` is, as kernels are told. */
#define CONSTANT(member) (MR_CONST_BIT | (uint32_t)offsetof(struct tiny_residual_weights, member))

/* Where tensors are in the arena, in bytes, and the steps during which they are needed. */
enum {
    AT_LEFT_0 = 96, /* 48 bytes, input, steps 0 to 1 */
    AT_RIGHT_0 = 144, /* 48 bytes, input, steps 0 to 1; then sum in place */
    AT_TENSOR_3 = 0, /* 96 bytes, output, steps 1 to 1 */
    ARENA_END = 192
};

/* ADD float32[1,2,3,2], float32[1,2,3,2] -> float32[1,2,3,2] */
static const mr_elementwise_f32_fpu_params op0_add = {
    .input1 = {.base = AT_LEFT_0, .pitch = 24, .capacity = 2},
    .input2 = {.base = AT_RIGHT_0, .pitch = 24, .capacity = 2},
    .output = {.base = AT_RIGHT_0, .pitch = 24, .capacity = 2},
    .length = 6,
    .rectified = 0,
    .clamped = 1,
    .least = 0.0f,
    .most = 6.0f,
};
static const mr_output op0_add_outputs[] = {
    {.offset = AT_RIGHT_0, .pitch = 24, .capacity = 2},
};

/* CONCATENATION float32[1,2,3,2], float32[1,2,3,2] -> float32[1,2,3,4] */
static const mr_concat_4_params op1_concatenation = {
    .output = AT_TENSOR_3,
    .outer = 6,
    .count = 2,
    .inputs = {AT_RIGHT_0, AT_LEFT_0, 0, 0},
    .sizes = {8, 8, 0, 0},
};
static const mr_output op1_concatenation_outputs[] = {
    {.offset = AT_TENSOR_3, .pitch = 96, .capacity = 1},
};

static const mr_call calls[] = {
    {.kernel = mr_add_f32_fpu,
     .params = &op0_add,
     .outputs = op0_add_outputs,
     .op = 0,
     .output_count = 1},
    {.kernel = mr_concat_4,
     .params = &op1_concatenation,
     .outputs = op1_concatenation_outputs,
     .op = 1,
     .output_count = 1},
};

/* The execution plan. */
static const mr_step steps[] = {
    {.call = 0, .first_row = 0, .row_count = 2}, /* op0_add */
    {.call = 1, .first_row = 0, .row_count = 1}, /* op1_concatenation */
};

static const mr_model model = {
    .calls = calls,
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
    .constants = &tiny_residual_weights,
    .arena_size = TINY_RESIDUAL_ARENA_SIZE,
    .variables_offset = 0,
    .variables_size = 0,
};

mr_status tiny_residual_init(tiny_residual_t *m, void *arena, size_t size)
{
    return m == NULL ? MR_BAD_ARGUMENT : mr_init(&m->instance, &model, arena, size);
}

mr_status tiny_residual_invoke(tiny_residual_t *m)
{
    return mr_invoke(&m->instance);
}

mr_status tiny_residual_step(tiny_residual_t *m, int *done)
{
    return mr_run_step(&m->instance, done);
}

void *tiny_residual_input(tiny_residual_t *m, int index)
{
    static const uint32_t offsets[] = {AT_LEFT_0, AT_RIGHT_0};
    return index >= 0 && index < TINY_RESIDUAL_INPUT_COUNT ? m->instance.arena + offsets[index] : NULL;
}

void *tiny_residual_output(tiny_residual_t *m, int index)
{
    static const uint32_t offsets[] = {AT_TENSOR_3, AT_RIGHT_0};
    return index >= 0 && index < TINY_RESIDUAL_OUTPUT_COUNT ? m->instance.arena + offsets[index] : NULL;
}

void tiny_residual_reset(tiny_residual_t *m)
{
    mr_reset(&m->instance);
}

void tiny_residual_set_hook(tiny_residual_t *m, mr_hook *hook, void *user)
{
    m->instance.hook = hook;
    m->instance.hook_user = user;
}

/* SPDX-License-Identifier: MIT-0 */
#include "tiny_picture.h"

#include "tiny_picture_layout.h"
#include "tiny_picture_weights.h"
#include "params.h"
#include "kernels/portable/quantize.h"

/* Where the constant `member` is, as kernels are told. */
#define CONSTANT(member) (MR_CONST_BIT | (uint32_t)offsetof(struct tiny_picture_weights, member))

/* Where tensors are in the arena, in bytes, and the steps during which they are needed. */
enum {
    AT_PICTURE = 0, /* 240 bytes, input, steps 0 to 1; then normalised in place */
    AT_SOUND = 240, /* 10 bytes, input, steps 0 to 1; then coarse in place */
    ARENA_END = 250
};

/* QUANTIZE uint8[1,8,10,3] -> int8[1,8,10,3] */
static const mr_requantize_params op0_quantize = {
    .input = AT_PICTURE,
    .output = AT_PICTURE,
    .count = 240,
    .input_sign = 0,
    .input_zero_point = 128,
    .multiplier = 1073741824,
    .shift = 1,
    .output_zero_point = 0,
    .low = -128,
    .high = 127,
};
static const mr_output op0_quantize_outputs[] = {
    {.offset = AT_PICTURE, .pitch = 240, .capacity = 1},
};

/* QUANTIZE int16[1,5] -> int8[1,5] */
static const mr_requantize_params op1_quantize = {
    .input = AT_SOUND,
    .output = AT_SOUND,
    .count = 5,
    .input_sign = 0,
    .input_zero_point = 0,
    .multiplier = 1073741824,
    .shift = -7,
    .output_zero_point = 0,
    .low = -128,
    .high = 127,
};
static const mr_output op1_quantize_outputs[] = {
    {.offset = AT_SOUND, .pitch = 5, .capacity = 1},
};

static const mr_call calls[] = {
    {.kernel = mr_requantize_8,
     .params = &op0_quantize,
     .outputs = op0_quantize_outputs,
     .op = 0,
     .output_count = 1},
    {.kernel = mr_requantize_s16_8,
     .params = &op1_quantize,
     .outputs = op1_quantize_outputs,
     .op = 1,
     .output_count = 1},
};

/* The execution plan. */
static const mr_step steps[] = {
    {.call = 0, .first_row = 0, .row_count = 1}, /* op0_quantize */
    {.call = 1, .first_row = 0, .row_count = 1}, /* op1_quantize */
};

static const mr_model model = {
    .calls = calls,
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
    .constants = &tiny_picture_weights,
    .arena_size = TINY_PICTURE_ARENA_SIZE,
    .variables_offset = 0,
    .variables_size = 0,
};

mr_status tiny_picture_init(tiny_picture_t *m, void *arena, size_t size)
{
    return m == NULL ? MR_BAD_ARGUMENT : mr_init(&m->instance, &model, arena, size);
}

mr_status tiny_picture_invoke(tiny_picture_t *m)
{
    return mr_invoke(&m->instance);
}

mr_status tiny_picture_step(tiny_picture_t *m, int *done)
{
    return mr_run_step(&m->instance, done);
}

void *tiny_picture_input(tiny_picture_t *m, int index)
{
    static const uint32_t offsets[] = {AT_PICTURE, AT_SOUND};
    return index >= 0 && index < TINY_PICTURE_INPUT_COUNT ? m->instance.arena + offsets[index] : NULL;
}

void *tiny_picture_output(tiny_picture_t *m, int index)
{
    static const uint32_t offsets[] = {AT_PICTURE, AT_SOUND};
    return index >= 0 && index < TINY_PICTURE_OUTPUT_COUNT ? m->instance.arena + offsets[index] : NULL;
}

void tiny_picture_reset(tiny_picture_t *m)
{
    mr_reset(&m->instance);
}

void tiny_picture_set_hook(tiny_picture_t *m, mr_hook *hook, void *user)
{
    m->instance.hook = hook;
    m->instance.hook_user = user;
}

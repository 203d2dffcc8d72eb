/* SPDX-License-Identifier: Apache-2.0 */
#include "toy.h"

#include "kernel.h"
#include "toy_weights.h"

enum { X = 0, Y = 16, COUNT = 32, WIDTH = 4 };

/* What the first element of the input asks for; the second one is the argument. */
enum request { SPIN, DIVIDE, LOST, ENDLESS, DEEP, REFUSE, OVERRUN, DATA };

static uint32_t initialised = 0x12345678;

static mr_status add(const mr_context *context, const void *params, mr_band band)
{
    (void)params;
    const struct toy_weights *weights = (const void *)context->constants;
    int32_t past = *(const int32_t *)mr_data_at(context, COUNT);
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int8_t *x = (const int8_t *)mr_data_at(context, X) + row * WIDTH;
        int8_t *y = (int8_t *)mr_arena_at(context, Y) + row * WIDTH;
        for (uint32_t i = 0; i < WIDTH; i++) {
            y[i] = (int8_t)(x[i] + weights->added[i] + past);
        }
    }
    return MR_OK;
}

/* Two instructions a turn where instructions are counted. */
static void spin(int32_t turns)
{
#if defined(__arm__)
    __asm__ volatile(".syntax unified\n1: subs %0, #1\n\tbne 1b" : "+r"(turns)::"cc");
#elif defined(__aarch64__)
    __asm__ volatile("1: subs %w0, %w0, #1\n\tb.ne 1b" : "+r"(turns)::"cc");
#elif defined(__riscv)
    __asm__ volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(turns));
#else
    for (volatile int32_t i = 0; i < turns; i++) {
    }
#endif
}

static void use_stack(int32_t bytes)
{
    volatile uint8_t used[1000];
    used[0] = (uint8_t)bytes;
    used[999] = used[0];
    if (bytes > 1000) {
        use_stack(bytes - 1000);
    }
    used[1] = used[999];
}

static mr_status obey(const mr_context *context, const void *params, mr_band band)
{
    (void)params;
    (void)band;
    volatile int32_t zero = 0;
    const int8_t *x = mr_data_at(context, X);
    int32_t argument = x[1];
    int32_t *count = mr_arena_at(context, COUNT);
    ++*count;
    switch ((enum request)x[0]) {
    case SPIN:
        spin(100 * argument);
        return MR_OK;
    case DIVIDE:
        *count = 100 / zero;
        return MR_OK;
    case LOST:
        *count = *(volatile int32_t *)0xe8000000u;
        return MR_OK;
    case ENDLESS:
        for (;;) {
            zero++;
        }
    case DEEP:
        use_stack(1000 * argument);
        return MR_OK;
    case REFUSE:
        return MR_KERNEL_FAILED;
    case OVERRUN:
        *((volatile int8_t *)context->arena + 48 + argument) = 1;
        return MR_OK;
    case DATA:
        *count = (int32_t)initialised;
        initialised += 1u;
        return MR_OK;
    }
    return MR_BAD_ARGUMENT;
}

static const mr_output add_outputs[] = {{.offset = Y, .pitch = WIDTH, .capacity = 2}};
static const mr_output obey_outputs[] = {{.offset = COUNT, .pitch = 4, .capacity = 1}};

static const mr_call calls[] = {
    {.kernel = add, .outputs = add_outputs, .op = 0, .output_count = 1},
    {.kernel = obey, .outputs = obey_outputs, .op = 1, .output_count = 1},
};

static const mr_step steps[] = {
    {.call = 0, .first_row = 0, .row_count = 1},
    {.call = 0, .first_row = 1, .row_count = 1},
    {.call = 1, .first_row = 0, .row_count = 1},
};

static const mr_model model = {
    .calls = calls,
    .steps = steps,
    .constants = &toy_weights,
    .step_count = 3,
    .arena_size = TOY_ARENA_SIZE,
    .variables_offset = COUNT,
    .variables_size = 4,
};

mr_status toy_init(toy_t *m, void *arena, size_t size)
{
    return mr_init(&m->instance, &model, arena, size);
}

mr_status toy_invoke(toy_t *m)
{
    return mr_invoke(&m->instance);
}

mr_status toy_step(toy_t *m, int *done)
{
    return mr_run_step(&m->instance, done);
}

void *toy_input(toy_t *m, int index)
{
    return index == 0 ? m->instance.arena + X : NULL;
}

void *toy_output(toy_t *m, int index)
{
    return m->instance.arena + (index == 0 ? Y : COUNT);
}

void toy_set_hook(toy_t *m, mr_hook *hook, void *user)
{
    m->instance.hook = hook;
    m->instance.hook_user = user;
}

/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions in single precision. Windows of four output pixels, or three, are copied side by
 * side to the scratch; then four output channels of all of them are computed at a time, 67
 * instructions for 64 operations. Each sum has a register of its own and takes its terms in the
 * reference's order, the bias last.
 */
#include "conv.h"

#include <stddef.h>

#include "windows.h"

/* `blocks` of channels of some pixels; outputs move on. */
typedef struct job {
    const float *inputs;
    const float *inputs_end;
    const float *weights;
    uint32_t blocks;
    uint32_t flags;
    float *outputs[MR_FPU_PIXELS];
} job;

#define RECTIFIED 1u
#define EVEN      2u /* number of pairs */

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(job, flags) == 16 && sizeof(job) == 36, "the assembly relies on it");

/* A pair of taps: inputs in s16 to s23, weights in s24 to s27. */
#define LOAD_PAIR   "vldmia r1!, {s16-s23}\n\t" LOAD_TAP
#define LOAD_TAP    "vldmia r3!, {s24-s27}\n\t"

#define TAP_OF_3(OPERATION, x0, x1, x2)             \
    OPERATION(x0, "s0", "s1", "s2", "s3")           \
    OPERATION(x1, "s4", "s5", "s6", "s7")           \
    OPERATION(x2, "s8", "s9", "s10", "s11")
#define FIRST_3(OPERATION)  TAP_OF_3(OPERATION, "s16", "s18", "s20")
#define SECOND_3(OPERATION) TAP_OF_3(OPERATION, "s17", "s19", "s21")
#define FIRST_4(OPERATION)  FIRST_3(OPERATION) OPERATION("s22", "s12", "s13", "s14", "s15")
#define SECOND_4(OPERATION) SECOND_3(OPERATION) OPERATION("s23", "s12", "s13", "s14", "s15")

#define BIASES_3                                    \
    MR_FPU_ADD_BIASES("s0", "s1", "s2", "s3")       \
    MR_FPU_ADD_BIASES("s4", "s5", "s6", "s7")       \
    MR_FPU_ADD_BIASES("s8", "s9", "s10", "s11")
#define BIASES_4 BIASES_3 MR_FPU_ADD_BIASES("s12", "s13", "s14", "s15")

#define RECTIFIED_3                                         \
    MR_FPU_STORE_RECTIFIED("r6", "s0", "s1", "s2", "s3")    \
    MR_FPU_STORE_RECTIFIED("r7", "s4", "s5", "s6", "s7")    \
    MR_FPU_STORE_RECTIFIED("r8", "s8", "s9", "s10", "s11")
#define RECTIFIED_4 RECTIFIED_3 MR_FPU_STORE_RECTIFIED("r9", "s12", "s13", "s14", "s15")

#define STORED_3                    \
    "vstmia r6!, {s0-s3}\n\t"       \
    "vstmia r7!, {s4-s7}\n\t"       \
    "vstmia r8!, {s8-s11}\n\t"
#define STORED_4 STORED_3 "vstmia r9!, {s12-s15}\n\t"

/*
 * Sums of pixel i are in s(4 i) to s(4 i + 3). r0 is the first input, r1 the next one, r2 their end,
 * r3 the next weight, r4 the number of blocks, r5 the flags, r6 to r9 the outputs. The first
 * pair starts the sums; others come two a turn, of which the first turn leaves one out where that
 * makes their number even.
 */
#define COMPUTE(N)                                  \
    __asm__("push   {r4-r11, lr}\n\t"               \
            "vpush  {s16-s31}\n\t"                  \
            "ldmia  r0, {r1-r9}\n\t"                \
            "mov    r0, r1\n"                       \
            "1:\n\t"                                \
            "mov    r1, r0\n\t"                     \
            LOAD_PAIR FIRST_##N(MR_FPU_START)       \
            LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)    \
            "cmp    r1, r2\n\t"                     \
            "beq    4f\n\t"                         \
            "tst    r5, #2\n\t"                     \
            "bne    3f\n"                           \
            "2:\n\t"                                \
            LOAD_PAIR FIRST_##N(MR_FPU_MULTIPLY)    \
            LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)    \
            "3:\n\t"                                \
            LOAD_PAIR FIRST_##N(MR_FPU_MULTIPLY)    \
            LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)    \
            "cmp    r1, r2\n\t"                     \
            "bne    2b\n"                           \
            "4:\n\t"                                \
            LOAD_TAP                                \
            BIASES_##N                              \
            "tst    r5, #1\n\t"                     \
            "beq    5f\n\t"                         \
            RECTIFIED_##N                           \
            "subs   r4, #1\n\t"                     \
            "bne    1b\n\t"                         \
            "b      6f\n"                           \
            "5:\n\t"                                \
            STORED_##N                              \
            "subs   r4, #1\n\t"                     \
            "bne    1b\n"                           \
            "6:\n\t"                                \
            "vpop   {s16-s31}\n\t"                  \
            "pop    {r4-r11, pc}")

/* clang-format on */

__attribute__((naked, noinline)) static void compute_3(const job *work)
{
    (void)work;
    COMPUTE(3);
}

__attribute__((naked, noinline)) static void compute_4(const job *work)
{
    (void)work;
    COMPUTE(4);
}

#else

static void compute_pixel(const job *work, uint32_t pixel)
{
    const float *weights = work->weights;
    float *out = work->outputs[pixel];
    for (uint32_t block = 0; block < work->blocks; block++) {
        float sums[MR_FPU_LANES] = {0};
        const float *pair = work->inputs + 2 * pixel, *end = work->inputs_end;
        for (; pair < end; pair += MR_FPU_PITCH) {
            for (uint32_t i = 0; i < 2; i++, weights += MR_FPU_LANES) {
                for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++) {
                    sums[lane] += pair[i] * weights[lane];
                }
            }
        }
        for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++, weights++) {
            float sum = sums[lane] + *weights;
            *out++ = (work->flags & RECTIFIED) != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

static void compute_3(const job *work)
{
    for (uint32_t pixel = 0; pixel < 3; pixel++) {
        compute_pixel(work, pixel);
    }
}

static void compute_4(const job *work)
{
    compute_3(work);
    compute_pixel(work, 3);
}

#endif

/* Computes `pixels` side by side, of which `real` exist; the others are the last one again. */
static void compute_tile(const mr_conv_2d_f32_fpu_params *p, const job *tile, uint32_t pixels,
                         uint32_t real)
{
    void (*compute)(const job *) = pixels == 3 ? compute_3 : compute_4;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    job work = *tile;
    for (uint32_t i = real; i < pixels; i++) {
        work.outputs[i] = work.outputs[real - 1];
    }
    if (whole > 0) {
        work.blocks = whole;
        compute(&work);
    }
    if (rest > 0) {
        float block[MR_FPU_PIXELS][MR_FPU_LANES];
        work.weights += whole * (2 * p->pairs + 1) * MR_FPU_LANES;
        work.blocks = 1;
        for (uint32_t i = 0; i < pixels; i++) {
            work.outputs[i] = block[i];
        }
        compute(&work);
        for (uint32_t i = 0; i < real; i++) {
            memcpy(tile->outputs[i] + whole * MR_FPU_LANES, block[i], rest * sizeof(float));
        }
    }
}

typedef struct walk {
    const mr_conv_2d_f32_fpu_params *params;
    const float *const *rows;
    float *windows;
    mr_columns columns;
    job tile;
} walk;

/* Pixels that are computed together where `left` remain: fours, after as many threes as leave a
 * multiple of four. */
static inline uint32_t tile_width(uint32_t left)
{
    return left % MR_FPU_PIXELS == 0 ? 4 : 3;
}

/* A row of `width` pixels in one group of channels. */
static void convolve_row(walk *at, uint32_t group, float *out, uint32_t width)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t channels = (uint32_t)p->groups * p->group_outputs;
    uint32_t first = 0u - p->window.pad_left;
    for (uint32_t left = width, pixels; left > 0; left -= left < pixels ? left : pixels) {
        pixels = tile_width(left);
        uint32_t real = left < pixels ? left : pixels;
        for (uint32_t i = 0; i < pixels; i++) {
            mr_put_window(&at->columns, at->rows, group * p->group_inputs, first,
                          at->windows + 2 * i);
            at->tile.outputs[i] = out;
            if (i < real) {
                out += channels;
                first += i + 1 < left ? p->window.stride_width : 0u;
            }
        }
        compute_tile(p, &at->tile, pixels, real);
    }
}

/* Number of rows from `row` on, at most `count`, that lie behind each other in memory. */
static uint32_t joined_rows(const mr_rows *rows, uint32_t row, uint32_t count)
{
    uint32_t left = rows->capacity - row % rows->capacity;
    return count < left ? count : left;
}

mr_status mr_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_f32_fpu_params *p = params;
    const mr_window *window = &p->window;
    const void **rows = mr_arena_at(context, p->scratch);
    const float *weights = mr_data_at(context, p->weights);
    uint32_t blocks = (p->group_outputs + MR_FPU_LANES - 1u) / MR_FPU_LANES;
    uint32_t group_weights = blocks * (2 * p->pairs + 1) * MR_FPU_LANES;
    walk at = {
        .params = p,
        .rows = (const float *const *)rows,
        .windows = (float *)(rows + window->kernel_height),
        .columns = {window, window->in_width, p->in_channels, p->group_inputs},
    };
    at.tile = (job){
        .inputs = at.windows,
        .inputs_end = at.windows + p->pairs * MR_FPU_PITCH,
        .flags = (p->rectified != 0 ? RECTIFIED : 0) | (p->pairs % 2 == 0 ? EVEN : 0),
    };
    uint32_t end = band.first + band.count;
    for (uint32_t row = band.first, count; row < end; row += count) {
        float *out = mr_row_out(context, &p->output, row);
        count = 1;
        if (p->joins_rows != 0) {
            count = joined_rows(&p->input, row, end - row);
            count = joined_rows(&p->output, row, count);
        }
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        at.columns.in_width = count * window->in_width;
        for (uint32_t group = 0; group < p->groups; group++) {
            at.tile.weights = weights + group * group_weights;
            convolve_row(&at, group, out + group * p->group_outputs, count * window->out_width);
        }
        if (p->clamped != 0) {
            uint32_t channels = (uint32_t)p->groups * p->group_outputs;
            mr_fpu_clamp(out, count * window->out_width * channels, p->least, p->most);
        }
    }
    return MR_OK;
}

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

/* Blocks of channels of some pixels; outputs move on. Pixels that do not exist share the place of
 * the last one that does, which is written after them. */
typedef struct job {
    const float *inputs;
    const float *inputs_end;
    const float *weights;
    uint32_t blocks; /* twice their number less one, plus 1 where outputs are rectified */
    uint32_t entry;  /* pairs of code that the first turn of a block's loop leaves out */
    float *outputs[MR_FPU_PIXELS];
} job;

/* Pairs of taps in a turn of the loop. */
#define TURN 4u

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(job, entry) == 16 && sizeof(job) == 36, "the assembly relies on it");

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
    MR_FPU_STORE_RECTIFIED("r8", "s8", "s9", "s10", "s11")  \
    MR_FPU_STORE_RECTIFIED("r7", "s4", "s5", "s6", "s7")    \
    MR_FPU_STORE_RECTIFIED("r6", "s0", "s1", "s2", "s3")
#define RECTIFIED_4 MR_FPU_STORE_RECTIFIED("r9", "s12", "s13", "s14", "s15") RECTIFIED_3

#define STORED_3                    \
    "vstmia r8!, {s8-s11}\n\t"      \
    "vstmia r7!, {s4-s7}\n\t"       \
    "vstmia r6!, {s0-s3}\n\t"
#define STORED_4 "vstmia r9!, {s12-s15}\n\t" STORED_3

#define NEXT_PAIR(N)                        \
    LOAD_PAIR FIRST_##N(MR_FPU_MULTIPLY)    \
    LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)

/* Bytes of NEXT_PAIR: all of its instructions have four. */
#define PAIR_BYTES_3 "204"
#define PAIR_BYTES_4 "268"

/*
 * Sums of pixel i are in s(4 i) to s(4 i + 3). r0 is the first input, r1 the next one, r2 their end,
 * r3 the next weight, r4 the number of blocks, r5 where their loop is entered, r6 to r9 the outputs.
 * The first pair starts the sums; others come TURN in a turn.
 */
#define COMPUTE(N)                                  \
    __asm__("push   {r4-r11, lr}\n\t"               \
            "vpush  {s16-s31}\n\t"                  \
            "ldmia  r0, {r1-r9}\n\t"                \
            "mov    r0, r1\n\t"                     \
            "movs   r10, #" PAIR_BYTES_##N "\n\t"   \
            "adr    r11, 2f\n\t"                    \
            "mla    r5, r5, r10, r11\n\t"           \
            "orr    r5, #1\n"                       \
            "1:\n\t"                                \
            "mov    r1, r0\n\t"                     \
            LOAD_PAIR FIRST_##N(MR_FPU_START)       \
            LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)    \
            "bx     r5\n\t"                         \
            ".p2align 2\n"                          \
            "2:\n\t"                                \
            NEXT_PAIR(N)                            \
            NEXT_PAIR(N)                            \
            NEXT_PAIR(N)                            \
            NEXT_PAIR(N)                            \
            "cmp    r1, r2\n\t"                     \
            "bne    2b\n\t"                         \
            LOAD_TAP                                \
            BIASES_##N                              \
            "tst    r4, #1\n\t"                     \
            "beq    3f\n\t"                         \
            RECTIFIED_##N                           \
            "subs   r4, #2\n\t"                     \
            "bhs    1b\n\t"                         \
            "b      4f\n"                           \
            "3:\n\t"                                \
            STORED_##N                              \
            "subs   r4, #2\n\t"                     \
            "bhs    1b\n"                           \
            "4:\n\t"                                \
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
    for (uint32_t block = 0; block <= work->blocks / 2; block++) {
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
            *out++ = work->blocks % 2 != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

static void compute_3(const job *work)
{
    for (uint32_t pixel = 3; pixel-- > 0;) {
        compute_pixel(work, pixel);
    }
}

static void compute_4(const job *work)
{
    compute_pixel(work, 3);
    compute_3(work);
}

#endif

typedef struct walk {
    const mr_conv_2d_f32_fpu_params *params;
    mr_columns columns;
    float *windows;
    job tile;
} walk;

/* The channels behind the last whole block, of `real` pixels. */
static MR_NOINLINE void compute_rest(const walk *at, void (*compute)(const job *), uint32_t real)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    float block[MR_FPU_PIXELS][MR_FPU_LANES];
    job work = at->tile;
    work.weights += whole * (2 * p->pairs + 1) * MR_FPU_LANES;
    work.blocks = p->rectified;
    for (uint32_t i = 0; i < MR_FPU_PIXELS; i++) {
        work.outputs[i] = block[i];
    }
    compute(&work);
    for (uint32_t i = 0; i < real; i++) {
        float *out = at->tile.outputs[i] + whole * MR_FPU_LANES;
        memcpy(out, block[i], rest * sizeof(float));
    }
}

/* Places for the outputs of pixels, of which `real` exist; returns the one behind them. */
static inline float *place_outputs(job *tile, float *out, uint32_t channels, uint32_t real)
{
    for (uint32_t i = 0; i < MR_FPU_PIXELS; i++) {
        tile->outputs[i] = out;
        out += i + 1 < real ? channels : 0;
    }
    return out + channels;
}

/* A row of `left` pixels in one group of channels: fours, after as many threes as leave a multiple
 * of four. */
static MR_NOINLINE void convolve_row(walk *at, float *out, uint32_t left)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t channels = (uint32_t)p->groups * p->group_outputs;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    uint32_t column = 0u - p->window.pad_left;
    int all_rows = mr_has_all_rows(&at->columns);
    for (uint32_t real; left > 0; left -= real) {
        uint32_t pixels = left % MR_FPU_PIXELS == 0 ? 4 : 3;
        void (*compute)(const job *) = left % MR_FPU_PIXELS == 0 ? compute_4 : compute_3;
        real = left < pixels ? left : pixels;
        mr_put_windows(&at->columns, all_rows, column, real, at->windows);
        column += real * p->window.stride_width;
        out = real == 4 ? place_outputs(&at->tile, out, channels, 4)
                        : place_outputs(&at->tile, out, channels, real);
        if (whole != 0) {
            compute(&at->tile);
        }
        if (rest != 0) {
            compute_rest(at, compute, real);
        }
    }
}

/* Number of rows from `row` on, at most `count`, that lie behind each other in memory. */
static uint32_t joined_rows(const mr_rows *rows, uint32_t row, uint32_t count)
{
    uint32_t left = rows->capacity - row % rows->capacity;
    return count < left ? count : left;
}

/* What does not change from row to row. */
static inline void begin(walk *at, const mr_conv_2d_f32_fpu_params *p, const float *const *rows)
{
    at->params = p;
    at->columns.window = &p->window;
    at->columns.rows = rows;
    at->columns.pixel = p->in_channels;
    at->columns.count = p->group_inputs;
    at->columns.run = p->run;
    at->windows = (float *)(rows + p->window.kernel_height);
    at->tile.inputs = at->windows;
    at->tile.inputs_end = at->windows + p->pairs * MR_FPU_PITCH;
    at->tile.blocks = 2 * (p->group_outputs / MR_FPU_LANES - 1u) + p->rectified;
    /* A single pair leaves out the whole turn. */
    at->tile.entry = p->pairs == 1 ? TURN : (TURN - (p->pairs - 1) % TURN) % TURN;
}

mr_status mr_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_f32_fpu_params *p = params;
    const mr_window *window = &p->window;
    const float *weights = mr_data_at(context, p->weights);
    const void **rows = mr_arena_at(context, p->scratch);
    uint32_t blocks = (p->group_outputs + MR_FPU_LANES - 1u) / MR_FPU_LANES;
    walk at;
    begin(&at, p, (const float *const *)rows);
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
            at.columns.offset = group * p->group_inputs;
            at.tile.weights = weights + group * blocks * (2 * p->pairs + 1) * MR_FPU_LANES;
            convolve_row(&at, out + group * p->group_outputs, count * window->out_width);
        }
        if (p->clamped != 0) {
            uint32_t channels = (uint32_t)p->groups * p->group_outputs;
            mr_fpu_clamp(out, count * window->out_width * channels, p->least, p->most);
        }
    }
    return MR_OK;
}

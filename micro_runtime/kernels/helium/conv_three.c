/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions of 3 by 3 with Helium. Four pixels side by side have six columns under them: their
 * 16 bytes of a row and a chunk of channels, and the weights of two output channels for three
 * columns, are loaded once for 24 VMLADAVA, which makes 36 instructions for 384 products.
 */
#include "conv_three.h"

#include <stddef.h>

#include "helium.h"

#define PIXELS  4u
#define COLUMNS 3u

/* All channels of groups of four pixels, the first of which is at `columns` and `out`. */
typedef struct job {
    const int8_t *columns;
    uint32_t chunks;
    uint32_t plane_bytes; /* of the columns of a row and a chunk */
    int32_t zero_point;
    uint32_t places[PIXELS]; /* of outputs, from `out` on */
    int8_t *out;
    const int8_t *weights;
    const int8_t *weights_end;
    uint32_t groups;
} job;

#if MR_HELIUM_ASM

/* The frame is a copy of the job. */
#define FRAME   "48"
#define ZERO    "12"
#define PLACES  "16"
#define STEP    "28" /* of outputs, less the channels of a pixel */
#define OUT     "32" /* and weights */
#define WEIGHTS "36"
#define END     "40"
#define GROUPS  "44"

_Static_assert(sizeof(job) == 48 && sizeof(mr_helium_scaling) == 12,
               "the assembly below relies on it");

/* clang-format off */

#define LOAD(to)     "vldrb.u8 " to ", [r11], #16\n\t"
#define COLUMN(to, at)  "vldrb.u8 " to ", [r3" at "]\n\t"
#define SUM(operation, sum, column, weights) operation ".s8 " sum ", " column ", " weights "\n\t"
#define ADD(sum, column, weights)            SUM("vmladava", sum, column, weights)

/*
 * A row and a chunk. Sums of the pixels are r0, r2, r4, r6 for the first channel and r8, r10, r12,
 * lr for the second; weights of the columns are q0, q2, q4 and q1, q3, q5. The first column of a
 * pixel takes part in `operation`.
 */
#define MULTIPLY_BLOCK(operation)                                               \
    LOAD("q0") COLUMN("q6", "")                                              \
    SUM(operation, "r0", "q6", "q0") LOAD("q1")                              \
    SUM(operation, "r8", "q6", "q1") COLUMN("q7", ", #16")                      \
    SUM(operation, "r2", "q7", "q0") LOAD("q2")                              \
    SUM(operation, "r10", "q7", "q1") LOAD("q3")                             \
    ADD("r0", "q7", "q2") COLUMN("q6", ", #32")                                 \
    ADD("r8", "q7", "q3") LOAD("q4")                                         \
    SUM(operation, "r4", "q6", "q0") LOAD("q5")                              \
    SUM(operation, "r12", "q6", "q1") ADD("r2", "q6", "q2")                     \
    ADD("r10", "q6", "q3") COLUMN("q7", ", #48")                                \
    ADD("r0", "q6", "q4") ADD("r8", "q6", "q5")                                 \
    SUM(operation, "r6", "q7", "q0") SUM(operation, "lr", "q7", "q1")           \
    COLUMN("q6", ", #64")                                                       \
    ADD("r4", "q7", "q2") ADD("r12", "q7", "q3")                                \
    ADD("r2", "q7", "q4") ADD("r10", "q7", "q5")                                \
    COLUMN("q7", ", #80")                                                       \
    ADD("r6", "q6", "q2") ADD("lr", "q6", "q3")                                 \
    ADD("r4", "q6", "q4") ADD("r12", "q6", "q5")                                \
    ADD("r6", "q7", "q4") ADD("lr", "q7", "q5")                                 \
    "add  r3, r5\n\t"

#define NEXT_BLOCK MULTIPLY_BLOCK("vmladava")

/* Outputs of two channels: the low halves of the lanes of q2. */
#define FINISH_RECTIFIED                \
    "vqrdmulh.s32 q2, q0, r4\n\t"       \
    "vqrdmulh.s32 q3, q1, r6\n\t"       \
    "vrshl.s32 q2, r8\n\t"              \
    "vrshl.s32 q3, r10\n\t"             \
    "mov  r0, #128\n\t"                 \
    "vqmovunb.s32 q2, q2\n\t"           \
    "vqmovunb.s32 q3, q3\n\t"           \
    "vqmovnb.u16 q2, q2\n\t"            \
    "vqmovnt.u16 q2, q3\n\t"            \
    "vadd.i8 q2, q2, r0\n\t"

#define FINISH_ANY                      \
    "vshr.s32 q2, q0, #31\n\t"          \
    "vshr.s32 q3, q1, #31\n\t"          \
    "vqrdmlah.s32 q2, q0, r4\n\t"       \
    "vqrdmlah.s32 q3, q1, r6\n\t"       \
    "vrshl.s32 q2, r8\n\t"              \
    "vrshl.s32 q3, r10\n\t"             \
    "ldr  r0, [sp, #" ZERO "]\n\t"      \
    "vqmovnb.s32 q2, q2\n\t"            \
    "vqmovnb.s32 q3, q3\n\t"            \
    "vqadd.s16 q2, q2, r0\n\t"          \
    "vqadd.s16 q3, q3, r0\n\t"          \
    "vqmovnb.s16 q2, q2\n\t"            \
    "vqmovnt.s16 q2, q3\n\t"

#define COMPUTE_PIXELS(FINISH)                      \
    "push {r4-r11, lr}\n\t"                         \
    "vpush {d8-d15}\n\t"                            \
    "sub  sp, #" FRAME "\n\t"                       \
    "vldrw.u32 q0, [r0]\n\t"                        \
    "vldrw.u32 q1, [r0, #16]\n\t"                   \
    "vstrw.32 q0, [sp]\n\t"                         \
    "vstrw.32 q1, [sp, #16]\n\t"                    \
    "vldrw.u32 q2, [r0, #" OUT "]\n\t"              \
    "vstrw.32 q2, [sp, #" OUT "]\n\t"               \
    "ldr  r5, [r0, #8]\n\t"                         \
    "ldrd r9, r11, [sp, #" OUT "]\n\t"              \
    "ldr  r7, [sp, #" END "]\n"                      \
    "10:\n\t"                                       \
    "ldrd r3, r1, [sp]\n\t"                         \
    MULTIPLY_BLOCK("vmladav")                       \
    "11:\n\t"                                       \
    NEXT_BLOCK NEXT_BLOCK                           \
    "subs r1, #1\n\t"                               \
    "beq  12f\n\t"                                  \
    NEXT_BLOCK                                      \
    "b.w  11b\n"                                    \
    "12:\n\t"                                       \
    "vmov q0[2], q0[0], r0, r4\n\t"                 \
    "vmov q0[3], q0[1], r2, r6\n\t"                 \
    "vmov q1[2], q1[0], r8, r12\n\t"                \
    "vmov q1[3], q1[1], r10, lr\n\t"                \
    "ldm  r11!, {r0, r2, r4, r6, r8, r10}\n\t"      \
    "vldrw.u32 q4, [sp, #" PLACES "]\n\t"           \
    "vadd.i32 q0, q0, r0\n\t"                       \
    "vadd.i32 q1, q1, r2\n\t"                       \
    FINISH                                          \
    "vstrh.32 q2, [r9, q4]\n\t"                     \
    "add  r9, #2\n\t"                               \
    "cmp  r11, r7\n\t"                              \
    "bne.w 10b\n\t"                                 \
    "ldr  r0, [sp, #" GROUPS "]\n\t"                \
    "subs r0, #1\n\t"                               \
    "beq  13f\n\t"                                  \
    "str  r0, [sp, #" GROUPS "]\n\t"                \
    "ldr  r2, [sp]\n\t"                             \
    "add  r2, #64\n\t"                              \
    "str  r2, [sp]\n\t"                             \
    "ldr  r4, [sp, #" STEP "]\n\t"                  \
    "add  r9, r4\n\t"                               \
    "ldr  r11, [sp, #" WEIGHTS "]\n\t"              \
    "b.w  10b\n"                                     \
    "13:\n\t"                                       \
    "add  sp, #" FRAME "\n\t"                       \
    "vpop {d8-d15}\n\t"                             \
    "pop  {r4-r11, pc}"

/* clang-format on */

__attribute__((naked, noinline)) static void compute_any(const job *work)
{
    (void)work;
    __asm__(COMPUTE_PIXELS(FINISH_ANY));
}

__attribute__((naked, noinline)) static void compute_rectified(const job *work)
{
    (void)work;
    __asm__(COMPUTE_PIXELS(FINISH_RECTIFIED));
}

static void compute_pixels(const job *work)
{
    (work->zero_point == INT8_MIN ? compute_rectified : compute_any)(work);
}

#else

/* Two channels of a pixel. */
static void compute_pair(const job *work, const int8_t *columns, const int8_t *weights, int8_t *out)
{
    int32_t sums[2] = {0, 0}, packed[6];
    for (uint32_t block = 0; block < 3 * work->chunks; block++, columns += work->plane_bytes) {
        for (uint32_t i = 0; i < 2 * COLUMNS * MR_VECTOR; i++) {
            uint32_t column = i / 2 / MR_VECTOR, half = i / MR_VECTOR % 2;
            sums[half] += columns[column * MR_VECTOR + i % MR_VECTOR] * *weights++;
        }
    }
    memcpy(packed, weights, sizeof packed);
    for (uint32_t half = 0; half < 2; half++) {
        mr_helium_scaling scaling = {packed[half], packed[2 + half], packed[4 + half]};
        out[half] = mr_helium_scale(sums[half], &scaling, work->zero_point);
    }
}

static void compute_pixels(const job *work)
{
    const uint32_t pair_bytes =
        3 * work->chunks * COLUMNS * 2 * MR_VECTOR + 2 * sizeof(mr_helium_scaling);
    for (uint32_t pixel = 0; pixel < PIXELS * work->groups; pixel++) {
        int8_t *out = work->out + pixel * work->places[1];
        for (const int8_t *at = work->weights; at != work->weights_end; at += pair_bytes) {
            compute_pair(work, work->columns + pixel * MR_VECTOR, at, out);
            out += 2;
        }
    }
}

#endif

/* 16 bytes of each of `count` pixels. */
static void copy_chunk(const int8_t *from, uint32_t step, int8_t *to, uint32_t count)
{
    if (step == MR_VECTOR) {
        mr_helium_copy(to, from, count * MR_VECTOR);
        return;
    }
#if MR_HELIUM_ASM
    __asm__ volatile("wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u8 q0, [%[from]]\n\t"
                     "add %[from], %[step]\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [from] "+r"(from), [to] "+r"(to)
                     : [count] "r"(count), [step] "r"(step)
                     : "lr", "q0", "memory");
#else
    for (; count > 0; count--, from += step, to += MR_VECTOR) {
        memcpy(to, from, MR_VECTOR);
    }
#endif
}

/* The columns under an output row. Those outside the image stay zero points. */
static void fill_columns(const mr_conv_2d_three_s8_helium_params *p, const int8_t *const *rows,
                         int8_t *columns)
{
    const mr_window *window = &p->window;
    uint32_t needed = p->columns - window->pad_left, step = (uint32_t)p->chunks * MR_VECTOR;
    uint32_t count = window->in_width < needed ? window->in_width : needed;
    int8_t *to = columns + window->pad_left * MR_VECTOR;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        for (uint32_t chunk = 0; chunk < p->chunks; chunk++, to += p->columns * MR_VECTOR) {
            copy_chunk(rows[k] + chunk * MR_VECTOR, step, to, count);
        }
    }
}

mr_status mr_conv_2d_three_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_three_s8_helium_params *p = params;
    const void **rows = mr_arena_at(context, p->scratch);
    const int8_t *padding = mr_data_at(context, p->padding);
    const uint32_t plane_bytes = p->columns * MR_VECTOR, planes = 3u * p->chunks;
    const uint32_t pair_bytes =
        planes * COLUMNS * 2 * MR_VECTOR + 2u * (uint32_t)sizeof(mr_helium_scaling);
    int8_t *columns = (int8_t *)(rows + p->window.kernel_height);
    job work = {.chunks = p->chunks,
                .plane_bytes = plane_bytes,
                .zero_point = p->zero_point,
                .weights = mr_data_at(context, p->weights)};
    work.weights_end = work.weights + pair_bytes * (p->out_channels / 2u);
    for (uint32_t i = 0; i < PIXELS; i++) {
        work.places[i] = i * p->out_channels;
    }
    if (p->padding != 0) {
        mr_helium_fill(columns, planes * plane_bytes, padding[0]);
    }
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const uint32_t width = p->window.out_width, last = width - PIXELS;
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, &p->window, row, padding, rows);
        fill_columns(p, (const int8_t *const *)rows, columns);
        work.columns = columns;
        work.out = out;
        work.groups = width / PIXELS;
        compute_pixels(&work);
        if (width % PIXELS != 0) { /* with pixels that are there already */
            work.columns = columns + last * MR_VECTOR;
            work.out = out + last * p->out_channels;
            work.groups = 1;
            compute_pixels(&work);
        }
        if (p->least != INT8_MIN || p->most != INT8_MAX) {
            mr_helium_clamp(out, width * p->out_channels, p->least, p->most);
        }
    }
    return MR_OK;
}

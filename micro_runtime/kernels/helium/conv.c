/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions with Helium. VMLADAVA adds the products of two vectors of 16 bytes to a general
 * register. Eight of those are accumulators, of four pixels times two output channels: a chunk of
 * 16 elements of their windows takes 14 instructions for 128 products. Lanes of requantisation are
 * pixels; four channels of a pixel make a word, and the four words are scattered at once.
 */
#include "conv.h"

#include "helium.h"

#define PIXELS 4u

/* All channels of four pixels. Pixels that do not exist share their place with the first one. */
typedef struct job {
    uint32_t rest; /* chunks after the first */
    const int8_t *windows[PIXELS];
    const int8_t *weights;
    const int8_t *weights_end;
    uint32_t entry; /* bytes of code before the end of a loop's turn that the first turn runs */
    int8_t *outputs[PIXELS];
    uint32_t rectified;
} job;

#if MR_HELIUM_ASM

#define TURN        4u  /* chunks in a turn of the loop */
#define CHUNK_BYTES 56u /* of code */

/* Offsets in a job and the stack frame, which starts with counter and windows as a job does. */
#define JOB_WEIGHTS "20" /* and their end, and the entry */
#define JOB_OUTPUTS "32"
#define ENTRY1      "20" /* into the loop of the first pair */
#define ENTRY2      "24"
#define END         "28"
#define FRAME       "32"

_Static_assert(offsetof(job, weights) == 20 && offsetof(job, outputs) == 32 &&
                   sizeof(mr_helium_output) == 16,
               "the assembly below relies on it");

/* clang-format off */

/* 16 elements of four windows (r3, r5, r7, r9) and of two channels' weights (r11). */
#define MULTIPLY_CHUNK(operation)       \
    "vldrb.u8 q4, [r11], #16\n\t"       \
    "vldrb.u8 q0, [r3], #16\n\t"        \
    operation ".s8 r0, q0, q4\n\t"      \
    "vldrb.u8 q1, [r5], #16\n\t"        \
    operation ".s8 r2, q1, q4\n\t"      \
    "vldrb.u8 q2, [r7], #16\n\t"        \
    operation ".s8 r4, q2, q4\n\t"      \
    "vldrb.u8 q3, [r9], #16\n\t"        \
    operation ".s8 r6, q3, q4\n\t"      \
    "vldrb.u8 q4, [r11], #16\n\t"       \
    operation ".s8 r8, q0, q4\n\t"      \
    operation ".s8 r10, q1, q4\n\t"     \
    operation ".s8 r12, q2, q4\n\t"     \
    operation ".s8 lr, q3, q4\n\t"

/* Two channels of four pixels to the vectors `first` and `second`. The first chunk starts the
 * sums; the loop over the others, `turn` to `done`, is entered where the frame says. */
#define MULTIPLY_PAIR(SCALE, turn, done, entry, first, second)  \
    "ldm  sp, {r1, r3, r5, r7, r9}\n\t"                         \
    MULTIPLY_CHUNK("vmladav")                                   \
    "ldr  pc, [sp, #" entry "]\n"                               \
    turn ":\n\t"                                                \
    MULTIPLY_CHUNK("vmladava")                                  \
    MULTIPLY_CHUNK("vmladava")                                  \
    MULTIPLY_CHUNK("vmladava")                                  \
    MULTIPLY_CHUNK("vmladava")                                  \
    done ":\n\t"                                                \
    "subs r1, #4\n\t"                                           \
    "bgt.w " turn "b\n\t"                                       \
    "vmov q0[2], q0[0], r0, r4\n\t"                             \
    "vmov q0[3], q0[1], r2, r6\n\t"                             \
    "vmov q1[2], q1[0], r8, r12\n\t"                            \
    "vmov q1[3], q1[1], r10, lr\n\t"                            \
    "ldm  r11!, {r0, r2, r4, r6, r8, r10, r12, lr}\n\t"         \
    "vadd.i32 q0, q0, r0\n\t"                                   \
    SCALE(first, "q0", "r2", "r4", "r6")                        \
    "vadd.i32 q1, q1, r8\n\t"                                   \
    SCALE(second, "q1", "r10", "r12", "lr")

/* Four channels a turn. q7 holds where the last ones of the pixels went. */
#define COMPUTE_PIXELS(SCALE)                               \
    "push {r4-r11, lr}\n\t"                                 \
    "vpush {d8-d15}\n\t"                                    \
    "sub  sp, #" FRAME "\n\t"                               \
    "vldrw.u32 q7, [r0, #" JOB_OUTPUTS "]\n\t"              \
    "add  r1, r0, #" JOB_WEIGHTS "\n\t"                     \
    "ldm  r0, {r4-r8}\n\t"                                  \
    "stm  sp, {r4-r8}\n\t"                                  \
    "ldm  r1, {r11, r12, lr}\n\t"                           \
    "adr.w r1, 12f\n\t"                                     \
    "sub  r1, lr\n\t"                                       \
    "orr  r1, #1\n\t"                                       \
    "adr.w r2, 14f\n\t"                                     \
    "sub  r2, lr\n\t"                                       \
    "orr  r2, #1\n\t"                                       \
    "strd r1, r2, [sp, #" ENTRY1 "]\n\t"                    \
    "str  r12, [sp, #" END "]\n\t"                          \
    "mov  r1, #4\n\t"                                       \
    "vsub.i32 q7, q7, r1\n"                                 \
    "10:\n\t"                                               \
    MULTIPLY_PAIR(SCALE, "11", "12", ENTRY1, "q5", "q6")    \
    "vqmovnb.s32 q5, q5\n\t"                                \
    "vqmovnb.s32 q6, q6\n\t"                                \
    MULTIPLY_PAIR(SCALE, "13", "14", ENTRY2, "q2", "q3")    \
    "vqmovnt.s32 q5, q2\n\t"                                \
    "vqmovnt.s32 q6, q3\n\t"                                \
    "vqmovnb.s16 q5, q5\n\t"                                \
    "vqmovnt.s16 q5, q6\n\t"                                \
    "ldr  r1, [sp, #" END "]\n\t"                           \
    "vstrw.32 q5, [q7, #4]!\n\t"                            \
    "cmp  r11, r1\n\t"                                      \
    "bne.w 10b\n\t"                                         \
    "add  sp, #" FRAME "\n\t"                               \
    "vpop {d8-d15}\n\t"                                     \
    "pop  {r4-r11, pc}"

/* clang-format on */

__attribute__((naked, noinline)) static void compute_any(const job *work)
{
    (void)work;
    __asm__(COMPUTE_PIXELS(MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_rectified(const job *work)
{
    (void)work;
    __asm__(COMPUTE_PIXELS(MR_HELIUM_SCALE_RECTIFIED));
}

static void compute_pixels(const job *work)
{
    if (work->rectified) {
        compute_rectified(work);
    } else {
        compute_any(work);
    }
}

static uint32_t loop_entry(uint32_t rest)
{
    return rest == 0 ? 0 : ((rest - 1) % TURN + 1) * CHUNK_BYTES;
}

#else

static int32_t multiply(const int8_t *window, const int8_t *weights, uint32_t chunks)
{
    int32_t sum = 0;
    for (uint32_t chunk = 0; chunk < chunks; chunk++, weights += 2 * MR_VECTOR) {
        for (uint32_t i = 0; i < MR_VECTOR; i++) {
            sum += *window++ * weights[i];
        }
    }
    return sum;
}

static void compute_pixels(const job *work)
{
    uint32_t chunks = work->rest + 1, channel = 0;
    for (const int8_t *weights = work->weights; weights != work->weights_end; channel += 2) {
        mr_helium_output how[2];
        memcpy(how, weights + 2 * MR_VECTOR * chunks, sizeof how);
        for (uint32_t i = 0; i < 2 * PIXELS; i++) {
            uint32_t half = i % 2, pixel = i / 2;
            int32_t sum = multiply(work->windows[pixel], weights + half * MR_VECTOR, chunks);
            work->outputs[pixel][channel + half] = mr_helium_requantize(sum, &how[half]);
        }
        weights += 2 * MR_VECTOR * chunks + sizeof how;
    }
}

static uint32_t loop_entry(uint32_t rest)
{
    (void)rest;
    return 0;
}

#endif

/* --------------------------------------------------------------------------- windows */

/* `bytes` of each of `count` pixels, from one to the next to places that are `pitch` apart. */
static void copy_pixels(const int8_t *from, uint32_t bytes, int8_t *to, uint32_t pitch,
                        uint32_t count)
{
    if (bytes == pitch) {
        mr_helium_copy(to, from, bytes * count);
        return;
    }
#if MR_HELIUM_ASM
    if (bytes == MR_VECTOR) {
        __asm__ volatile("wls lr, %[count], 2f\n"
                         "1:\n\t"
                         "vldrb.u8 q0, [%[from]], #16\n\t"
                         "vstrb.8 q0, [%[to]]\n\t"
                         "add %[to], %[pitch]\n\t"
                         "le lr, 1b\n"
                         "2:"
                         : [from] "+r"(from), [to] "+r"(to)
                         : [count] "r"(count), [pitch] "r"(pitch)
                         : "lr", "q0", "memory");
        return;
    }
    if (bytes <= MR_VECTOR) {
        __asm__ volatile("vctp.8 %[bytes]\n\t"
                         "wls lr, %[count], 2f\n"
                         "1:\n\t"
                         "vpstt\n\t"
                         "vldrbt.u8 q0, [%[from]]\n\t"
                         "vstrbt.8 q0, [%[to]]\n\t"
                         "add %[from], %[bytes]\n\t"
                         "add %[to], %[pitch]\n\t"
                         "le lr, 1b\n"
                         "2:"
                         : [from] "+r"(from), [to] "+r"(to)
                         : [count] "r"(count), [bytes] "r"(bytes), [pitch] "r"(pitch)
                         : "lr", "q0", "memory");
        return;
    }
#endif
    for (; count > 0; count--, from += bytes, to += pitch) {
        mr_helium_copy(to, from, bytes);
    }
}

/*
 * All windows of an output row: a strip has the rows under a window, column by column, so that each
 * window is a run of it. Columns outside the image stay zero points.
 */
static void fill_strip(const mr_conv_2d_s8_helium_params *p, const int8_t *const *rows,
                       int8_t *strip)
{
    const mr_window *window = &p->window;
    uint32_t pitch = (uint32_t)window->kernel_height * p->in_channels;
    uint32_t needed = (window->out_width - 1u) * window->stride_width + window->kernel_width;
    uint32_t inside = needed < window->pad_left ? 0 : needed - window->pad_left;
    uint32_t count = inside < window->in_width ? inside : window->in_width;
    int8_t *to = strip + window->pad_left * pitch;
    for (uint32_t k = 0; k < window->kernel_height; k++, to += p->in_channels) {
        copy_pixels(rows[k], p->in_channels, to, pitch, count);
    }
}

mr_status mr_conv_2d_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s8_helium_params *p = params;
    const mr_window *window = &p->window;
    const void **rows = mr_arena_at(context, p->scratch);
    const int8_t *padding = mr_data_at(context, p->padding);
    int8_t *strips = (int8_t *)(rows + window->kernel_height);
    uint32_t step = (uint32_t)window->stride_width * window->kernel_height * p->in_channels;
    uint32_t pair_bytes = 2u * MR_VECTOR * p->chunks + 2u * sizeof(mr_helium_output);
    job work = {.rest = p->chunks - 1u,
                .weights = mr_data_at(context, p->weights),
                .rectified = p->rectified};
    work.weights_end = work.weights + pair_bytes * (p->out_channels / 2u);
    work.entry = loop_entry(work.rest);
    uint32_t slot = 0, end = band.first + band.count;
    if (p->padding != 0 && p->strips != 0) {
        mr_helium_fill(strips, p->strips * p->strip_bytes, padding[0]);
    }
    for (uint32_t row = band.first; row < end; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, padding, rows);
        const int8_t *from = rows[0];
        if (p->strips != 0) {
            int8_t *strip = strips + row % p->strips * p->strip_bytes;
            fill_strip(p, (const int8_t *const *)rows, strip);
            from = strip;
        }
        uint32_t left = window->out_width;
        for (; slot == 0 && left >= PIXELS; left -= PIXELS) {
            for (uint32_t i = 0; i < PIXELS; i++, out += p->out_channels, from += step) {
                work.windows[i] = from;
                work.outputs[i] = out;
            }
            compute_pixels(&work);
        }
        for (; left > 0; left--, out += p->out_channels, from += step) {
            work.windows[slot] = from;
            work.outputs[slot++] = out;
            if (slot == PIXELS) {
                compute_pixels(&work);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        for (uint32_t rest = slot; rest < PIXELS; rest++) {
            work.windows[rest] = work.windows[0];
            work.outputs[rest] = work.outputs[0];
        }
        compute_pixels(&work);
    }
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        uint32_t row_bytes = (uint32_t)window->out_width * p->out_channels;
        for (uint32_t row = band.first; row < end; row++) {
            mr_helium_clamp(mr_row_out(context, &p->output, row), row_bytes, p->least, p->most);
        }
    }
    return MR_OK;
}

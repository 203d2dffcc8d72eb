/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions of two pixels and four output channels at a time, whose sums are told from three
 * accumulators a pixel (quads.h): 8 instructions for 16 products. The sums come apart raised by 8
 * bits; an output is a line of them, one SMMLA and one SSAT, the shift of which is the same for all
 * channels.
 */
#include "conv_quads.h"

#include <string.h>

#include "dsp.h"
#include "quads.h"
#include "windows.h"

#define PIXELS 2u
#define LANES  4u

#define RAISED 8
#define SHIFT  13 /* an immediate of the assembly */

/* Blocks of a turn of the products' loop. */
#define TURN 8u

/* Two pixels; `skip` are bytes of code from the loop's top to where its first turn starts. */
typedef struct job {
    const uint32_t *end;
    int8_t *out[PIXELS];
    const uint32_t *inputs;
    const uint32_t *inputs_end;
    uint32_t skip;
    const uint32_t *stream;
} job;

#if MR_DSP_ASM

/* clang-format off */

#define BLOCK_CODE 64u

_Static_assert(sizeof(job) == 28 && offsetof(job, stream) == 24, "the assembly relies on it");

/* Places on the stack: the job without the stream, with the entry of the loop as `skip`. */
#define OUTS   "4"
#define INPUTS "12" /* and their end */
#define ENTRY  "20"
#define SPARE  "24" /* two words */

/* Two taps of both pixels: inputs at r0, weights at r1. */
#define TWO_TAPS                           \
    "ldmia.w r0!, {r8, r9}\n\t"            \
    "ldmia.w r1!, {r10-r12}\n\t"           \
    "smlad  r2, r8, r10, r2\n\t"           \
    "smlad  r3, r8, r11, r3\n\t"           \
    "smlad  r4, r8, r12, r4\n\t"           \
    "smlad  r5, r9, r10, r5\n\t"           \
    "smlad  r6, r9, r11, r6\n\t"           \
    "smlad  r7, r9, r12, r7\n\t"

#define BLOCK      TWO_TAPS TWO_TAPS
#define TWO_BLOCKS BLOCK BLOCK

/* A and B into s3 and s1, D into s2, raised by 8 bits, as is C. */
#define RAISED_SUMS(s1, s2, s3, c)                  \
    "sub    " c ", " s2 ", " s3 ", lsl #8\n\t"      \
    "add    " c ", " c ", " s1 ", lsl #16\n\t"      \
    "lsl    " c ", " c ", #8\n\t"                   \
    "sub    " s2 ", " s2 ", " c ", asr #8\n\t"      \
    "sub    " s3 ", " s3 ", " s2 ", asr #8\n\t"     \
    "sub    " s1 ", " s1 ", " s3 ", asr #8\n\t"

#define ON_LINE(sum, offset, out)                              \
    "smmla  " sum ", " sum ", r10, " offset "\n\t"             \
    "ssat   " sum ", #8, " sum ", asr #13\n\t"                 \
    "strb   " sum ", [" out "], #1\n\t"

#define ON_BENT(sum, out)                                      \
    "and    r3, r0, " sum ", asr #31\n\t"                      \
    "add    r3, r11\n\t"                                       \
    ON_LINE(sum, "r3", out)

/* A channel of both pixels. */
#define LINE(first, second)                                    \
    "ldm    r1!, {r10, r11}\n\t"                               \
    ON_LINE(first, "r11", "r12")                               \
    ON_LINE(second, "r11", "lr")

#define BENT(first, second)                                    \
    "ldm    r1!, {r0, r10, r11}\n\t"                           \
    ON_BENT(first, "r12")                                      \
    ON_BENT(second, "lr")

#define COMPUTE(FINISH)                             \
    __asm__("push   {r4-r11, lr}\n\t"               \
            "sub    sp, #32\n\t"                    \
            "ldm    r0, {r1-r7}\n\t"                \
            "adr.w  lr, 2f\n\t"                     \
            "add    r6, lr\n\t"                     \
            "orr    r6, #1\n\t"                     \
            "stm    sp, {r1-r6}\n\t"                \
            "mov    r1, r7\n"                       \
            "1:\n\t" /* four channels */            \
            "ldm    r1!, {r2-r4}\n\t"               \
            "ldrd   r0, lr, [sp, #" INPUTS "]\n\t"  \
            "mov    r5, r2\n\t"                     \
            "mov    r6, r3\n\t"                     \
            "mov    r7, r4\n\t"                     \
            "ldr    pc, [sp, #" ENTRY "]\n"         \
            "2:\n\t"                                \
            TWO_BLOCKS TWO_BLOCKS TWO_BLOCKS TWO_BLOCKS \
            "cmp    r0, lr\n\t"                     \
            "bne.w  2b\n\t"                         \
            RAISED_SUMS("r2", "r3", "r4", "r8")     \
            RAISED_SUMS("r5", "r6", "r7", "r9")     \
            FINISH                                  \
            "strd   r12, lr, [sp, #" OUTS "]\n\t"   \
            "cmp    r1, r0\n\t"                     \
            "bne.w  1b\n\t"                         \
            "add    sp, #32\n\t"                    \
            "pop    {r4-r11, pc}")

/* All channels of two pixels. */
__attribute__((naked, noinline)) static void compute_line(const job *work)
{
    (void)work;
    COMPUTE("ldm sp, {r0, r12, lr}\n\t"
            LINE("r4", "r7") LINE("r2", "r5") LINE("r8", "r9") LINE("r3", "r6"));
}

__attribute__((naked, noinline)) static void compute_bent(const job *work)
{
    (void)work;
    COMPUTE("strd r3, r6, [sp, #" SPARE "]\n\t"
            "ldrd r12, lr, [sp, #" OUTS "]\n\t"
            BENT("r4", "r7") BENT("r2", "r5") BENT("r8", "r9")
            "ldrd r4, r7, [sp, #" SPARE "]\n\t"
            BENT("r4", "r7")
            "ldr r0, [sp]\n\t");
}

#define PACK_WORD                    \
    "ldr    r4, [r0], #4\n\t"        \
    "ldr    r5, [r1], #4\n\t"        \
    "sxtb16 r6, r4\n\t"              \
    "sxtb16 r7, r5\n\t"              \
    "sxtb16 r8, r4, ror #8\n\t"      \
    "sxtb16 r9, r5, ror #8\n\t"      \
    "stm    r3!, {r6-r9}\n\t"

/* `bytes` of both pixels, whole words, to [block][taps 0 and 2, 1 and 3][pixel]; where they end. */
__attribute__((naked, noinline)) static uint32_t *pack(const int8_t *a, const int8_t *b,
                                                       uint32_t bytes, uint32_t *to)
{
    (void)a, (void)b, (void)bytes, (void)to;
    __asm__("push   {r4-r9, lr}\n\t"
            "tst    r2, #4\n\t"
            "beq    1f\n\t"
            "add    r2, #4\n\t"
            "b      2f\n"
            "1:\n\t" PACK_WORD
            "2:\n\t" PACK_WORD
            "subs   r2, #8\n\t"
            "bne    1b\n\t"
            "mov    r0, r3\n\t"
            "pop    {r4-r9, pc}");
}

/* clang-format on */

#else

#define BLOCK_CODE 0u

static uint32_t *pack(const int8_t *a, const int8_t *b, uint32_t bytes, uint32_t *to)
{
    for (const int8_t *end = a + bytes; a != end; a += 4, b += 4, to += 4) {
        uint32_t four[PIXELS];
        memcpy(&four[0], a, sizeof four[0]);
        memcpy(&four[1], b, sizeof four[1]);
        for (uint32_t i = 0; i < PIXELS; i++) {
            to[i] = mr_sxtab16(0, four[i]);
            to[PIXELS + i] = mr_sxtab16_ror8(0, four[i]);
        }
    }
    return to;
}

/* The four outputs of pixel `i`; returns where its part of the stream ends. */
static const uint32_t *finish(const job *work, uint32_t i, uint32_t channel, const int32_t three[3],
                              const uint32_t *stream, int bent)
{
    int32_t sums[LANES];
    mr_quad_sums(three, sums);
    for (uint32_t k = 0; k < LANES; k++) {
        int32_t raised = (int32_t)((uint32_t)sums[k] << RAISED);
        int32_t drop = bent ? (int32_t)*stream++ : 0, multiplier = (int32_t)stream[0];
        int32_t offset = (int32_t)stream[1] + (drop & raised >> 31);
        stream += 2;
        int32_t high = mr_smmla(raised, multiplier, offset);
        work->out[i][channel + k] = (int8_t)mr_ssat8(high >> SHIFT);
    }
    return stream;
}

static void compute(const job *work, int bent)
{
    const uint32_t *stream = work->stream;
    for (uint32_t channel = 0; stream != work->end; channel += LANES) {
        int32_t three[PIXELS][3];
        for (uint32_t i = 0; i < PIXELS; i++) {
            memcpy(three[i], stream, sizeof three[i]);
        }
        stream += 3;
        for (const uint32_t *in = work->inputs; in != work->inputs_end; in += 2, stream += 3) {
            for (uint32_t k = 0; k < PIXELS * 3; k++) {
                int32_t *sum = &three[k / 3][k % 3];
                *sum = mr_smlad(in[k / 3], stream[k % 3], *sum);
            }
        }
        finish(work, 0, channel, three[0], stream, bent);
        stream = finish(work, 1, channel, three[1], stream, bent);
    }
}

static void compute_line(const job *work)
{
    compute(work, 0);
}

static void compute_bent(const job *work)
{
    compute(work, 1);
}

#endif

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s8_quads_params *params;
    void (*compute)(const job *work);
    uint32_t *packed;
    int8_t *copies; /* a window for each pixel */
    job work;
} walk;

/* All channels of two pixels whose inputs are packed. */
static void compute_packed(const walk *at)
{
    const mr_conv_2d_s8_quads_params *p = at->params;
    at->compute(&at->work);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t i = 0; i < PIXELS; i++) {
            mr_dsp_clamp(at->work.out[i], p->out_channels, p->least, p->most);
        }
    }
}

static void compute_windows(const walk *at, const mr_dsp_source from[PIXELS])
{
    const mr_conv_2d_s8_quads_params *p = at->params;
    uint32_t runs = p->gathers ? 1 : p->window.kernel_height;
    uint32_t run = p->gathers ? 4u * p->blocks : p->window.kernel_width * (uint32_t)p->in_channels;
    uint32_t *to = at->packed;
    for (uint32_t k = 0; k < runs; k++) {
        to =
            pack(mr_dsp_window_row(&from[0], k, run), mr_dsp_window_row(&from[1], k, run), run, to);
    }
    compute_packed(at);
}

static void convolve_windows(walk *at, mr_band band, const void **tables)
{
    const mr_conv_2d_s8_quads_params *p = at->params;
    const mr_window *window = &p->window;
    const void *padding = mr_data_at(at->context, p->padding);
    mr_dsp_source from[PIXELS] = {{0}, {0}};
    uint32_t slot = 0;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        /* Two pixels lie in at most two rows: each has its own table. */
        const void **rows = tables + row % PIXELS * window->kernel_height;
        int8_t *out = mr_row_out(at->context, &p->output, row);
        mr_window_rows(at->context, &p->input, window, row, padding, rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->out_channels) {
            from[slot] =
                mr_dsp_find_window(window, (const int8_t *const *)rows, x, p->in_channels, padding,
                                   p->gathers, at->copies + 4u * p->blocks * slot);
            at->work.out[slot++] = out;
            if (slot == PIXELS) {
                compute_windows(at, from);
                slot = 0;
            }
        }
    }
    if (slot != 0) { /* the second pixel is the first one again */
        from[1] = from[0];
        at->work.out[1] = at->work.out[0];
        compute_windows(at, from);
    }
}

/* The same for windows of one pixel of whole words. */
static void convolve_points(walk *at, mr_band band)
{
    const mr_conv_2d_s8_quads_params *p = at->params;
    const mr_window *window = &p->window;
    const uint32_t bytes = p->in_channels, step = window->stride_width * bytes;
    const int8_t *waiting = NULL;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        uint32_t image = row / window->out_height, y = row % window->out_height;
        const int8_t *in = mr_row_in(at->context, &p->input,
                                     image * window->in_height + y * window->stride_height);
        int8_t *out = mr_row_out(at->context, &p->output, row);
        for (uint32_t left = window->out_width; left != 0; left--, in += step) {
            at->work.out[waiting != NULL] = out;
            out += p->out_channels;
            if (waiting == NULL) {
                waiting = in;
                continue;
            }
            pack(waiting, in, bytes, at->packed);
            compute_packed(at);
            waiting = NULL;
        }
    }
    if (waiting != NULL) {
        at->work.out[1] = at->work.out[0];
        pack(waiting, waiting, bytes, at->packed);
        compute_packed(at);
    }
}

static mr_status run(const mr_context *context, const mr_conv_2d_s8_quads_params *p, mr_band band,
                     uint32_t line_words, void (*compute_pixels)(const job *work))
{
    const void **tables = mr_arena_at(context, p->scratch);
    uint32_t *packed = (uint32_t *)(tables + PIXELS * (uint32_t)p->window.kernel_height);
    const uint32_t *stream = mr_data_at(context, p->stream);
    uint32_t quad = 3 + 6u * p->blocks + LANES * line_words;
    walk at = {
        .context = context,
        .params = p,
        .compute = compute_pixels,
        .packed = packed,
        .copies = (int8_t *)(packed + 4u * p->blocks),
        .work = {.inputs = packed,
                 .inputs_end = packed + 4u * p->blocks,
                 .skip = (0u - p->blocks) % TURN * BLOCK_CODE,
                 .stream = stream,
                 .end = stream + quad * (p->out_channels / LANES)},
    };
    int points = p->window.kernel_height == 1 && p->window.kernel_width == 1;
    if (points && !p->gathers && p->window.pad_top == 0 && p->window.pad_left == 0) {
        convolve_points(&at, band);
    } else {
        convolve_windows(&at, band, tables);
    }
    return MR_OK;
}

mr_status mr_conv_2d_s8_quads_line(const mr_context *context, const void *params, mr_band band)
{
    return run(context, params, band, 2, compute_line);
}

mr_status mr_conv_2d_s8_quads_bent(const mr_context *context, const void *params, mr_band band)
{
    return run(context, params, band, 3, compute_bent);
}

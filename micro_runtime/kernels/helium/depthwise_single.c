/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions of a whole image to one pixel, with Helium: eight channels have a sum
 * each, of one VMLADAV. Their pixels are brought together as words of four (interleave.h).
 */
#include "depthwise_single.h"

#include "helium.h"
#include "interleave.h"

#define CHANNELS 8u /* that have sums at a time */
#define VALUES   3u /* bias, multiplier, shift */

/* 16 channels: words of four pixels lie 64 bytes apart. */
typedef struct job {
    const int8_t *words;
    const int8_t *weights;
    const int32_t *outputs;
    int8_t *out;
    int32_t zero_point;
    uint32_t gather[MR_WORDS]; /* where words are, less 4 */
} job;

#if MR_HELIUM_ASM

/* clang-format off */

#define CHANNEL(sum)                        \
    "vldrw.u32 q0, [q7, #4]!\n\t"           \
    "vldrb.u8 q1, [r3], #16\n\t"            \
    "vmladav.s8 " sum ", q0, q1\n\t"

/* Sums in `sums` to results in `to`, whose zero point is still to be added. */
#define SCALE(to, sums, bias, multiplier, shift)            \
    "vldrw.u32 q4, [r5, #" bias "]\n\t"                     \
    "vadd.i32 " sums ", " sums ", q4\n\t"                   \
    "vldrw.u32 q5, [r5, #" multiplier "]\n\t"               \
    "vqrdmulh.s32 " to ", " sums ", q5\n\t"                 \
    "vshr.s32 " sums ", " sums ", #31\n\t"                  \
    "vldrw.u32 q4, [r5, #" shift "]\n\t"                    \
    "vadd.i32 " to ", " to ", " sums "\n\t"                 \
    "vrshl.s32 " to ", " to ", q4\n\t"

/* clang-format on */

/* 8 channels, twice. */
__attribute__((naked, noinline)) static void compute_channels(const job *work)
{
    (void)work;
    __asm__("push {r4-r11, lr}\n\t"
            "vpush {d8-d15}\n\t"
            "ldm  r0!, {r1, r3, r5, r7, r9}\n\t"
            "vldrw.u32 q7, [r0]\n\t"
            "vadd.i32 q7, q7, r1\n\t"
            "mov  r1, #2\n"
            "1:\n\t"
            /* clang-format off */
            CHANNEL("r0") CHANNEL("r8") CHANNEL("r2") CHANNEL("r10")
            CHANNEL("r4") CHANNEL("r12") CHANNEL("r6") CHANNEL("lr")
            /* clang-format on */
            "vmov q0[2], q0[0], r0, r4\n\t"
            "vmov q0[3], q0[1], r2, r6\n\t"
            "vmov q1[2], q1[0], r8, r12\n\t"
            "vmov q1[3], q1[1], r10, lr\n\t" SCALE("q2", "q0", "0", "32", "64")
                SCALE("q3", "q1", "16", "48", "80") "vqmovnb.s32 q2, q2\n\t"
                                                    "vqmovnt.s32 q2, q3\n\t"
                                                    "add  r5, #96\n\t"
                                                    "vqadd.s16 q2, q2, r9\n\t"
                                                    "subs r1, #1\n\t"
                                                    "vqmovnb.s16 q2, q2\n\t"
                                                    "vstrb.16 q2, [r7], #8\n\t"
                                                    "bne  1b\n\t"
                                                    "vpop {d8-d15}\n\t"
                                                    "pop  {r4-r11, pc}");
}

#else

static void compute_channels(const job *work)
{
    for (uint32_t channel = 0; channel < 2 * CHANNELS; channel++) {
        const int8_t *weights = work->weights + channel * MR_VECTOR;
        int32_t sum = 0;
        for (uint32_t k = 0; k < MR_VECTOR; k++) {
            uint32_t word = k / MR_WORDS * MR_VECTOR + channel;
            sum += work->words[word * MR_WORDS + k % MR_WORDS] * weights[k];
        }
        uint32_t place = channel % 2 * (CHANNELS / 2) + channel % CHANNELS / 2;
        const int32_t *values = work->outputs + channel / CHANNELS * VALUES * CHANNELS + place;
        mr_helium_scaling scaling = {values[0], values[CHANNELS], values[2 * CHANNELS]};
        work->out[channel] = mr_helium_scale(sum, &scaling, work->zero_point);
    }
}

#endif

mr_status mr_depthwise_conv_2d_single_s8_helium(const mr_context *context, const void *params,
                                                mr_band band)
{
    const mr_depthwise_conv_2d_single_s8_helium_params *p = params;
    const int8_t **pixels = mr_arena_at(context, p->scratch);
    int8_t *words = (int8_t *)(pixels + MR_VECTOR);
    const uint32_t column = MR_WORDS * MR_VECTOR;
    job work = {.words = words, .zero_point = p->zero_point};
    for (uint32_t i = 0; i < MR_WORDS; i++) {
        work.gather[i] = i * column - MR_WORDS;
    }
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        mr_helium_rows rows = {context, &p->input, NULL, 0};
        const int8_t **pixel = pixels;
        for (uint32_t y = 0; y < p->height; y++) {
            const int8_t *next = mr_helium_next_row(&rows, row * p->height + y);
            for (uint32_t x = 0; x < p->width; x++, next += p->channels) {
                *pixel++ = next;
            }
        }
        while (pixel != pixels + MR_VECTOR) { /* whose weights are zeros */
            *pixel++ = pixels[0];
        }
        int8_t *out = mr_row_out(context, &p->output, row);
        for (uint32_t channel = 0; channel < p->channels; channel += MR_VECTOR) {
            mr_interleaving from = {pixels, MR_WORDS, channel, 0, 1, column};
            mr_interleave(from, words);
            work.weights = (const int8_t *)mr_data_at(context, p->weights) + channel * MR_VECTOR;
            work.outputs = (const int32_t *)mr_data_at(context, p->outputs) + channel * VALUES;
            work.out = out + channel;
            compute_channels(&work);
        }
        if (p->least != INT8_MIN || p->most != INT8_MAX) {
            mr_helium_clamp(out, p->channels, p->least, p->most);
        }
    }
    return MR_OK;
}

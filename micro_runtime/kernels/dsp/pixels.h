/* SPDX-License-Identifier: MIT-0 */
/*
 * What the convolutions have in common: three pixels in all output channels, two at a time, and
 * how their sums become outputs.
 */
#ifndef MICROLITH_DSP_PIXELS_H
#define MICROLITH_DSP_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "dsp.h"

#define PIXELS 3u

/* Right shift of outputs that are scaled in one step. */
#define MR_SCALED_SHIFT 10

/*
 * Three pixels. Those that do not exist share their place with the first one, which is written
 * last. Sizes of weights are in bytes, of a pair of channels and of a part of them.
 */
typedef struct mr_dsp_job {
    const void *inputs;
    const mr_dsp_output *how;
    int8_t *pixels[PIXELS];
    uint32_t channel;
    uint32_t channels;
    uint32_t pair_bytes;
    const void *weights;
    uint32_t part_bytes;
} mr_dsp_job;

/*
 * Outputs that are at least their zero point, -128, take three instructions: `shift` bits to the
 * left, so that one shift to the right serves all channels (kernels/dsp/scaled.py tells why that is
 * exact).
 */
static inline int32_t mr_dsp_scale_up(int32_t sum, const mr_dsp_output *output)
{
    int32_t raised = (int32_t)((uint32_t)sum << output->shift);
    return mr_ssat8(mr_smmla(raised, output->multiplier, output->offset) >> MR_SCALED_SHIFT);
}

#if MR_DSP_ASM

/* clang-format off */

/* Offsets in a job and in a mr_dsp_output. */
#define JOB_INPUTS     "0"
#define JOB_HOW        "4"
#define JOB_PIXEL0     "8"
#define JOB_PIXEL1     "12" /* and the third */
#define JOB_CHANNEL    "20"
#define JOB_CHANNELS   "24"
#define JOB_PAIR_BYTES "28"
#define JOB_WEIGHTS    "32"
#define JOB_PART_BYTES "36"
#define OUT_BIAS       "0"
#define OUT_MULTIPLIER "4" /* and offset */
#define OUT_SHIFT      "12"
#define OUT_NEXT       "16"

_Static_assert(offsetof(mr_dsp_job, pixels) == 8 && offsetof(mr_dsp_job, channel) == 20 &&
                   offsetof(mr_dsp_job, part_bytes) == 36 && sizeof(mr_dsp_output) == 16,
               "the assembly relies on it");

/* mr_dsp_requantize: multiplier, offset and shift in r8 to r10; spoils r7. */
#define ROUND_TWICE(sum)                        \
    "add    r7, r9, " sum ", asr #31\n\t"       \
    "lsl    " sum ", " sum ", #1\n\t"           \
    "smmlar " sum ", " sum ", r8, r7\n\t"       \
    "asr    " sum ", " sum ", r10\n\t"          \
    "ssat   " sum ", #8, " sum "\n\t"

/* mr_dsp_scale_up: the same registers. */
#define SCALE_UP(sum)                           \
    "lsl    " sum ", " sum ", r10\n\t"          \
    "smmla  " sum ", " sum ", r8, r9\n\t"       \
    "ssat   " sum ", #8, " sum ", asr #10\n\t"

/*
 * Both channels of the three pixels, from sums in registers (a: first, b: second channel), with the
 * job in r12; goes back to `again` while there are channels left. Spoils r7 to r11 and lr.
 */
#define FINISH_PAIR(REQUANTIZE, a0, b0, a1, b1, a2, b2, again)  \
    "ldr    lr, [r12, #" JOB_HOW "]\n\t"                        \
    "ldr    r11, [r12, #" JOB_CHANNEL "]\n\t"                   \
    "ldrd   r8, r9, [lr, #" OUT_MULTIPLIER "]\n\t"              \
    "ldr    r10, [lr, #" OUT_SHIFT "]\n\t"                      \
    REQUANTIZE(a0)                                              \
    REQUANTIZE(a1)                                              \
    REQUANTIZE(a2)                                              \
    "ldrd   r8, r9, [lr, #" OUT_NEXT "+" OUT_MULTIPLIER "]\n\t" \
    "ldr    r10, [lr, #" OUT_NEXT "+" OUT_SHIFT "]\n\t"         \
    "add    lr, #2*" OUT_NEXT "\n\t"                            \
    "str    lr, [r12, #" JOB_HOW "]\n\t"                        \
    "ldr    lr, [r12, #" JOB_CHANNELS "]\n\t"                   \
    REQUANTIZE(b0)                                              \
    REQUANTIZE(b1)                                              \
    REQUANTIZE(b2)                                              \
    "add    r10, r11, #1\n\t"                                   \
    "cmp    r10, lr\n\t"                                        \
    "ldrd   r8, r9, [r12, #" JOB_PIXEL1 "]\n\t"                 \
    "ldr    r7, [r12, #" JOB_PIXEL0 "]\n\t"                     \
    "beq    9f\n\t"                                             \
    "strb   " b2 ", [r9, r10]\n\t"                              \
    "strb   " b1 ", [r8, r10]\n\t"                              \
    "strb   " b0 ", [r7, r10]\n"                                \
    "9:\n\t"                                                    \
    "strb   " a2 ", [r9, r11]\n\t"                              \
    "strb   " a1 ", [r8, r11]\n\t"                              \
    "strb   " a0 ", [r7, r11]\n\t"                              \
    "add    r11, #2\n\t"                                        \
    "str    r11, [r12, #" JOB_CHANNEL "]\n\t"                   \
    "cmp    r11, lr\n\t"                                        \
    "blo    " again "\n\t"

/* clang-format on */

#else

/* Both channels of the three pixels, from sums without their bias. */
static inline void mr_dsp_finish_pair(const mr_dsp_job *work, int32_t sums[PIXELS][2],
                                      int32_t (*requantize)(int32_t, const mr_dsp_output *))
{
    for (uint32_t pixel = PIXELS; pixel-- > 0;) {
        int8_t *out = work->pixels[pixel] + work->channel;
        out[0] = (int8_t)requantize(sums[pixel][0] + work->how[0].bias, &work->how[0]);
        if (work->channel + 1 < work->channels) {
            out[1] = (int8_t)requantize(sums[pixel][1] + work->how[1].bias, &work->how[1]);
        }
    }
}

#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions with Helium, eight channels at a time. Their input rows are spread over a
 * plane for each channel, column by column, so that all taps of an output, and those of its
 * neighbours, lie within one vector: VMLADAVA adds their products at once, with zeros as weights
 * for the bytes between and beyond. Eight outputs make a tile, whose requantisation fills vectors.
 * Outputs are collected in planes as well, then gathered into pixels.
 */
#include "depthwise.h"

#include "helium.h"

#define LANES 8u /* channels at a time, outputs in a tile */

/* Tiles of `channels` planes. Offsets of weights are negative. */
typedef struct job {
    const int8_t *plane;
    int8_t *out;
    const int8_t *weights;
    const mr_helium_output *how;
    uint32_t tiles;
    uint32_t channels;
    uint32_t plane_bytes;
    int32_t offsets[3]; /* of the weights of a load's second to fourth outputs */
} job;

#if MR_HELIUM_ASM

_Static_assert(sizeof(job) == 40, "the assembly below relies on it");

/* clang-format off */

/* A channel: pointers and constants of the job at r0, then tile by tile. Weights are in q0 to q3,
 * multiplier, shift and offset in r7, r9 and r11; the sums start with the bias. */
#define COMPUTE_PLANES(MULTIPLY, SCALE)             \
    "push  {r4-r11, lr}\n\t"                        \
    "vpush {d8-d15}\n\t"                            \
    "sub   sp, #36\n\t"                             \
    "str   r0, [sp, #32]\n"                         \
    "10:\n\t"                                       \
    "ldrd  r1, r3, [r0]\n\t"                        \
    "ldrd  r2, r4, [r0, #8]\n\t"                    \
    "ldrd  r5, r6, [r0, #16]\n\t"                   \
    "ldrd  r7, r8, [r0, #24]\n\t"                   \
    "ldrd  r9, r10, [r0, #32]\n\t"                  \
    "vldrb.u8 q0, [r2]\n\t"                         \
    "add   r8, r2\n\t"                              \
    "vldrb.u8 q1, [r8]\n\t"                         \
    "add   r9, r2\n\t"                              \
    "vldrb.u8 q2, [r9]\n\t"                         \
    "add   r10, r2\n\t"                             \
    "vldrb.u8 q3, [r10]\n\t"                        \
    "add   r2, #16\n\t"                             \
    "add   r7, r1\n\t"                              \
    "add   r11, r3, r5, lsl #3\n\t"                 \
    "strd  r7, r11, [r0]\n\t"                       \
    "sub   r6, #1\n\t"                              \
    "str   r6, [r0, #20]\n\t"                       \
    "ldm   r4!, {r6-r9}\n\t"                        \
    "strd  r2, r4, [r0, #8]\n\t"                    \
    "mov   r11, r8\n\t"                             \
    "vdup.32  q4, r6\n\t"                           \
    "vstrw.32 q4, [sp]\n\t"                         \
    "vstrw.32 q4, [sp, #16]\n"                      \
    "11:\n\t"                                       \
    "ldm   sp, {r0, r2, r4, r6, r8, r10, r12, lr}\n\t" \
    MULTIPLY                                        \
    "vmov  q4[2], q4[0], r0, r4\n\t"                \
    "vmov  q4[3], q4[1], r2, r6\n\t"                \
    "vmov  q5[2], q5[0], r8, r12\n\t"               \
    "vmov  q5[3], q5[1], r10, lr\n\t"               \
    SCALE("q6", "q4", "r7", "r11", "r9")            \
    SCALE("q7", "q5", "r7", "r11", "r9")            \
    "vqmovnb.s32 q6, q6\n\t"                        \
    "vqmovnt.s32 q6, q7\n\t"                        \
    "vqmovnb.s16 q6, q6\n\t"                        \
    "subs  r5, #1\n\t"                              \
    "vstrb.16 q6, [r3], #8\n\t"                     \
    "bne   11b\n\t"                                 \
    "ldr   r0, [sp, #32]\n\t"                       \
    "ldr   r1, [r0, #20]\n\t"                       \
    "cmp   r1, #0\n\t"                              \
    "bne.w 10b\n\t"                                 \
    "add   sp, #36\n\t"                             \
    "vpop  {d8-d15}\n\t"                            \
    "pop   {r4-r11, pc}"

#define LOAD(step) "vldrb.u8 q4, [r1], #" step "\n\t"

#define TWO_OUTPUTS(a, b)               \
    "vmladava.s8 " a ", q4, q0\n\t"     \
    "vmladava.s8 " b ", q4, q1\n\t"

#define FOUR_OUTPUTS(a, b, c, d)        \
    TWO_OUTPUTS(a, b)                   \
    "vmladava.s8 " c ", q4, q2\n\t"     \
    "vmladava.s8 " d ", q4, q3\n\t"

/* Outputs of a tile take turns in the two vectors. */
#define FOURS(step)                             \
    LOAD(step)                                  \
    FOUR_OUTPUTS("r0", "r8", "r2", "r10")       \
    LOAD(step)                                  \
    FOUR_OUTPUTS("r4", "r12", "r6", "lr")

#define TWOS(step)                              \
    LOAD(step)                                  \
    TWO_OUTPUTS("r0", "r8")                     \
    LOAD(step)                                  \
    TWO_OUTPUTS("r2", "r10")                    \
    LOAD(step)                                  \
    TWO_OUTPUTS("r4", "r12")                    \
    LOAD(step)                                  \
    TWO_OUTPUTS("r6", "lr")

/* clang-format on */

__attribute__((naked, noinline)) static void compute_fours_8(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("8"), MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_fours_8_rectified(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("8"), MR_HELIUM_SCALE_RECTIFIED));
}

__attribute__((naked, noinline)) static void compute_fours_4(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("4"), MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_fours_4_rectified(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("4"), MR_HELIUM_SCALE_RECTIFIED));
}

__attribute__((naked, noinline)) static void compute_twos_12(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(TWOS("12"), MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_twos_12_rectified(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(TWOS("12"), MR_HELIUM_SCALE_RECTIFIED));
}

static void compute_planes(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)
{
    switch (p->step) {
    case 4:
        (p->rectified ? compute_fours_4_rectified : compute_fours_4)(work);
        break;
    case 8:
        (p->rectified ? compute_fours_8_rectified : compute_fours_8)(work);
        break;
    default:
        (p->rectified ? compute_twos_12_rectified : compute_twos_12)(work);
        break;
    }
}

#else

static void compute_planes(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)
{
    for (; work->channels > 0; work->channels--, work->how++) {
        const int8_t *inputs = work->plane;
        for (uint32_t i = 0; i < LANES * work->tiles; i++) {
            uint32_t slot = i % p->per_load;
            const int8_t *weights = work->weights + (slot == 0 ? 0 : work->offsets[slot - 1]);
            int32_t sum = 0;
            for (uint32_t k = 0; k < MR_VECTOR; k++) {
                sum += inputs[k] * weights[k];
            }
            *work->out++ = mr_helium_requantize(sum, work->how);
            inputs += slot + 1 == p->per_load ? p->step : 0;
        }
        work->plane += work->plane_bytes;
        work->weights += MR_VECTOR;
    }
}

#endif

/* --------------------------------------------------------------------------- planes */

/* Eight bytes of each of `count` pixels go to planes that are offsets[1] apart. */
static void spread(const int8_t *from, uint32_t from_step, int8_t *to, uint32_t to_step,
                   uint32_t count, const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    __asm__ volatile("vldrh.u16 q1, [%[offsets]]\n\t"
                     "wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u16 q0, [%[from]]\n\t"
                     "add %[from], %[from_step]\n\t"
                     "vstrb.16 q0, [%[to], q1]\n\t"
                     "add %[to], %[to_step]\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [from] "+l"(from), [to] "+l"(to)
                     : [count] "r"(count), [from_step] "r"(from_step), [to_step] "r"(to_step),
                       [offsets] "r"(offsets)
                     : "lr", "q0", "q1", "memory");
#else
    for (; count > 0; count--, from += from_step, to += to_step) {
        for (uint32_t i = 0; i < LANES; i++) {
            to[offsets[i]] = from[i];
        }
    }
#endif
}

/* The way back. */
static void collect(const int8_t *from, uint32_t from_step, int8_t *to, uint32_t to_step,
                    uint32_t count, const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    __asm__ volatile("vldrh.u16 q1, [%[offsets]]\n\t"
                     "wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u16 q0, [%[from], q1]\n\t"
                     "add %[from], %[from_step]\n\t"
                     "vstrb.16 q0, [%[to]]\n\t"
                     "add %[to], %[to_step]\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [from] "+l"(from), [to] "+l"(to)
                     : [count] "r"(count), [from_step] "r"(from_step), [to_step] "r"(to_step),
                       [offsets] "r"(offsets)
                     : "lr", "q0", "q1", "memory");
#else
    for (; count > 0; count--, from += from_step, to += to_step) {
        for (uint32_t i = 0; i < LANES; i++) {
            to[i] = from[offsets[i]];
        }
    }
#endif
}

typedef struct walk {
    const mr_context *context;
    const mr_depthwise_conv_2d_s8_helium_params *params;
    const int8_t **rows;
    int8_t *planes;
    int8_t *outs;
    const int8_t *padding;
    uint32_t strip_inputs; /* input rows of a strip */
    uint16_t plane_offsets[LANES];
    uint16_t out_offsets[LANES];
} walk;

/* Rows of the strip that starts with `row`: it ends with the image or the band. */
static uint32_t strip_rows(const walk *at, uint32_t row, uint32_t end)
{
    uint32_t height = at->params->window.out_height, rows = at->params->strip_rows;
    uint32_t left = height - row % height;
    rows = rows < left ? rows : left;
    return rows < end - row ? rows : end - row;
}

/* Pointers to the input rows of the strip that starts with `row`, null outside the image. */
static void find_rows(const walk *at, uint32_t row, const int8_t **rows)
{
    const mr_window *window = &at->params->window;
    uint32_t image = row / window->out_height, y = row % window->out_height;
    uint32_t in_y = y * window->stride_height - window->pad_top;
    for (uint32_t k = 0; k < at->strip_inputs; k++, in_y++) {
        uint32_t in_row = image * window->in_height + in_y;
        int inside = in_y < window->in_height;
        rows[k] = inside ? mr_row_in(at->context, &at->params->input, in_row) : NULL;
    }
}

/* Eight channels from `channel` of a strip's input rows. Columns outside the image stay zero
 * points. */
static void spread_strip(const walk *at, uint32_t strip, uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *const *rows = at->rows + strip * at->strip_inputs;
    uint32_t column = strip * p->strip_columns + p->window.pad_left;
    int8_t *plane = at->planes + column * p->pitch;
    uint32_t needed = p->strip_columns - p->window.pad_left;
    uint32_t count = p->window.in_width < needed ? p->window.in_width : needed;
    for (uint32_t k = 0; k < at->strip_inputs; k++) {
        const int8_t *from = rows[k] != NULL ? rows[k] + channel : at->padding;
        uint32_t step = rows[k] != NULL ? p->channels : 0;
        spread(from, step, plane + k, p->pitch, count, at->plane_offsets);
    }
}

/* Eight channels of `count` strips, whose first row is `row`. */
static void compute_channels(const walk *at, uint32_t row, uint32_t end, uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *weights = mr_data_at(at->context, p->weights);
    const mr_helium_output *how = mr_data_at(at->context, p->outputs);
    job work = {.plane = at->planes,
                .out = at->outs,
                .weights = weights + channel * MR_VECTOR + p->first,
                .how = how + channel,
                .tiles = p->tiles,
                .channels = LANES,
                .plane_bytes = p->plane_bytes,
                .offsets = {-p->shifts[1], -p->shifts[2], -p->shifts[3]}};
    for (uint32_t strip = 0, next = row; strip < p->strips && next < end; strip++) {
        spread_strip(at, strip, channel);
        next += strip_rows(at, next, end);
    }
    compute_planes(p, &work);
    for (uint32_t strip = 0; strip < p->strips && row < end; strip++) {
        uint32_t rows = strip_rows(at, row, end);
        uint32_t column = strip * p->strip_columns / p->window.stride_width;
        for (uint32_t r = 0; r < rows; r++, row++) {
            int8_t *out = mr_row_out(at->context, &p->output, row);
            collect(at->outs + column * p->strip_rows + r, p->strip_rows, out + channel,
                    p->channels, p->window.out_width, at->out_offsets);
        }
    }
}

mr_status mr_depthwise_conv_2d_s8_helium(const mr_context *context, const void *params,
                                         mr_band band)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = params;
    uint32_t end = band.first + band.count;
    walk at = {.context = context, .params = p, .rows = mr_arena_at(context, p->scratch)};
    at.strip_inputs = (p->strip_rows - 1u) * p->window.stride_height + p->window.kernel_height;
    at.planes = (int8_t *)(at.rows + p->strips * at.strip_inputs);
    at.outs = at.planes + LANES * p->plane_bytes;
    at.padding = mr_data_at(context, p->padding);
    for (uint32_t i = 0; i < LANES; i++) {
        at.plane_offsets[i] = (uint16_t)(i * p->plane_bytes);
        at.out_offsets[i] = (uint16_t)(i * LANES * p->tiles);
    }
    mr_helium_fill(at.planes, LANES * p->plane_bytes, at.padding[0]);
    for (uint32_t row = band.first, next = row; row < end; row = next) {
        for (uint32_t strip = 0; strip < p->strips && next < end; strip++) {
            find_rows(&at, next, at.rows + strip * at.strip_inputs);
            next += strip_rows(&at, next, end);
        }
        for (uint32_t channel = 0; channel < p->channels; channel += LANES) {
            compute_channels(&at, row, next, channel);
        }
    }
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        uint32_t row_bytes = (uint32_t)p->window.out_width * p->channels;
        for (uint32_t row = band.first; row < end; row++) {
            mr_helium_clamp(mr_row_out(context, &p->output, row), row_bytes, p->least, p->most);
        }
    }
    return MR_OK;
}

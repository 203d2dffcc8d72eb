/* SPDX-License-Identifier: MIT-0 */
/*
 * Inputs are widened to 16 bits, less their zero point, so that padding is 0 and sums of products
 * need no correction; SMLAD multiplies. Factors of a sum are rounded where the reference rounds
 * them.
 */
#include "hybrid.h"

#include "quantise.h"

#define BLOCK  4u /* inputs in a word */
#define PIXELS 3u
#define UNITS  4u

/* A layer at work on one image or vector, whose range it knows. */
typedef struct job {
    const mr_hybrid_fpu *hybrid;
    const float *channels;
    mr_quantisation how;
} job;

/* How sums of one output channel become outputs: two factors, the second may be 1, and the bias. */
typedef struct output {
    float first;
    float second;
    float bias;
    uint32_t mask; /* all ones where outputs are rectified */
} output;

static inline output output_of(const job *at, uint32_t channel)
{
    const mr_hybrid_fpu *hybrid = at->hybrid;
    float scale = at->channels[2 * channel];
    int apart = hybrid->scales_first != 0;
    return (output){
        .first = apart ? scale : scale * at->how.range.scale,
        .second = apart ? at->how.range.scale : 1.0f,
        .bias = at->channels[2 * channel + 1],
        .mask = hybrid->rectified != 0 ? UINT32_MAX : 0,
    };
}

static inline float real_output(output how, int32_t sum)
{
    float real = (float)sum * how.first * how.second + how.bias;
    uint32_t bits;
    memcpy(&bits, &real, sizeof bits);
    return mr_float_of(bits & ~((uint32_t)((int32_t)bits >> 31) & how.mask));
}

/* What takes a zero point from both halves of a word. */
static inline uint32_t offset_of(int32_t zero_point)
{
    return (uint16_t)-zero_point * 0x10001u;
}

/* Words of four inputs as elements 0 and 2, then 1 and 3; the next word goes `pitch` further on. */
static void widen(const int8_t *from, uint32_t count, int32_t zero_point, uint32_t pitch,
                  uint32_t *to)
{
    uint32_t offset = offset_of(zero_point), four;
    for (; count >= BLOCK; count -= BLOCK, from += BLOCK, to += pitch) {
        memcpy(&four, from, sizeof four);
        to[0] = mr_sxtab16(offset, four);
        to[1] = mr_sxtab16_ror8(offset, four);
    }
    if (count > 0) {
        four = (uint8_t)zero_point * 0x01010101u;
        memcpy(&four, from, count);
        to[0] = mr_sxtab16(offset, four);
        to[1] = mr_sxtab16_ror8(offset, four);
    }
}

/* ---------------------------------------------------------------------- convolutions */

#if MR_DSP_ASM

/* clang-format off */

/* The sums of a pixel for both channels, four inputs on: weights in r8 to r11, inputs at r7. */
#define MULTIPLY_PIXEL(first, second)               \
    "ldrd   r12, lr, [r7], #8\n\t"                  \
    "smlad  " first ", r8, r12, " first "\n\t"      \
    "smlad  " second ", r9, r12, " second "\n\t"    \
    "smlad  " first ", r10, lr, " first "\n\t"      \
    "smlad  " second ", r11, lr, " second "\n\t"
#define MULTIPLY_PIXELS                             \
    "ldrd   r8, r9, [r6], #8\n\t"                   \
    "sxtb16 r10, r8, ror #8\n\t"                    \
    "sxtb16 r8, r8\n\t"                             \
    "sxtb16 r11, r9, ror #8\n\t"                    \
    "sxtb16 r9, r9\n\t"                             \
    MULTIPLY_PIXEL("r0", "r1")                      \
    MULTIPLY_PIXEL("r2", "r3")                      \
    MULTIPLY_PIXEL("r4", "r5")

/* clang-format on */

/* Two outputs of three pixels; returns the next weights. [sp] is where sums go, [sp, #4] the end of
 * the weights. Two words a turn; with an odd number the first turn starts in the middle. */
__attribute__((naked, noinline)) static const int8_t *multiply_pixels(const uint32_t *inputs,
                                                                      const int8_t *weights,
                                                                      uint32_t groups,
                                                                      int32_t sums[PIXELS][2])
{
    (void)inputs, (void)weights, (void)groups, (void)sums;
    __asm__("push   {r4-r11, lr}\n\t"
            "mov    r6, r1\n\t"
            "mov    r7, r0\n\t"
            "add    r12, r1, r2, lsl #3\n\t"
            "push   {r3, r12}\n\t"
            "movs   r0, #0\n\t"
            "movs   r1, #0\n\t"
            "movs   r3, #0\n\t"
            "movs   r4, #0\n\t"
            "movs   r5, #0\n\t"
            "lsls   r2, r2, #31\n\t"
            "mov    r2, #0\n\t"
            "bmi    2f\n"
            "1:\n\t" MULTIPLY_PIXELS "2:\n\t" MULTIPLY_PIXELS "ldr    r12, [sp, #4]\n\t"
            "cmp    r6, r12\n\t"
            "bne    1b\n\t"
            "pop    {r7, r12}\n\t"
            "stmia  r7, {r0-r5}\n\t"
            "mov    r0, r6\n\t"
            "pop    {r4-r11, pc}");
}

#else

static const int8_t *multiply_pixels(const uint32_t *inputs, const int8_t *weights, uint32_t groups,
                                     int32_t sums[PIXELS][2])
{
    memset(sums, 0, sizeof(int32_t[PIXELS][2]));
    for (uint32_t group = 0; group < groups; group++, weights += 2 * BLOCK) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++, inputs += 2) {
            for (uint32_t i = 0; i < 2; i++) {
                uint32_t four;
                memcpy(&four, weights + i * BLOCK, sizeof four);
                sums[pixel][i] = mr_smlad(mr_sxtab16(0, four), inputs[0], sums[pixel][i]);
                sums[pixel][i] = mr_smlad(mr_sxtab16_ror8(0, four), inputs[1], sums[pixel][i]);
            }
        }
    }
    return weights;
}

#endif

typedef struct walk {
    const mr_conv_2d_hybrid_fpu_params *params;
    job layer;
    const float *input;
    uint32_t count; /* of numbers in an image */
    const int8_t *image;
    const int8_t *weights;
    int8_t *gathered;
    uint32_t *widened;
} walk;

/* Copies the window whose upper left corner is at (`y`, `x`) modulo 2^32; the zero point stands for
 * what lies outside the image. */
static void gather(const walk *at, uint32_t y, uint32_t x)
{
    const mr_window *window = &at->params->window;
    uint32_t channels = at->params->in_channels;
    int8_t *to = at->gathered;
    for (uint32_t k = 0; k < window->kernel_height; k++, y += window->dilation_height) {
        uint32_t column = x;
        for (uint32_t i = 0; i < window->kernel_width; i++, column += window->dilation_width) {
            if (y < window->in_height && column < window->in_width) {
                memcpy(to, at->image + (y * window->in_width + column) * channels, channels);
            } else {
                memset(to, at->layer.how.range.zero_point, channels);
            }
            to += channels;
        }
    }
}

/* Takes the window of output pixel (`y`, `x`) to place `slot`: from the quantised image or, where
 * each pixel is used once, from `input`. */
static MR_NOINLINE void take_window(const walk *at, uint32_t y, uint32_t x, uint32_t slot)
{
    const mr_conv_2d_hybrid_fpu_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t top = y * window->stride_height - window->pad_top;
    uint32_t left = x * window->stride_width - window->pad_left;
    if (p->pointwise != 0) {
        uint32_t first = (top * window->in_width + left) * p->in_channels;
        mr_quantise_part(at->input + first, p->in_channels, at->count - first, at->layer.how,
                         at->gathered);
    } else {
        gather(at, top, left);
    }
    widen(at->gathered, p->hybrid.depth, at->layer.how.range.zero_point, 2 * PIXELS,
          at->widened + 2 * slot);
}

/* All outputs of `pixels` that lie behind each other. */
static MR_NOINLINE void compute_pixels(const walk *at, float *out, uint32_t pixels)
{
    const mr_hybrid_fpu *hybrid = &at->params->hybrid;
    const int8_t *weights = at->weights;
    uint32_t outputs = hybrid->outputs;
    for (uint32_t channel = 0; channel < outputs; channel += 2) {
        int32_t sums[PIXELS][2];
        weights = multiply_pixels(at->widened, weights, hybrid->groups, sums);
        for (uint32_t i = 0; i < 2 && channel + i < outputs; i++) {
            output how = output_of(&at->layer, channel + i);
            float *to = out + channel + i;
            for (uint32_t pixel = 0; pixel < pixels; pixel++, to += outputs) {
                *to = real_output(how, sums[pixel][i]);
            }
        }
    }
}

mr_status mr_conv_2d_hybrid_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_hybrid_fpu_params *p = params;
    const mr_window *window = &p->window;
    uint32_t count = (uint32_t)window->in_height * window->in_width * p->in_channels;
    uint32_t pixels = (uint32_t)window->out_height * window->out_width;
    float *out = mr_arena_at(context, p->output);
    int8_t *image = mr_arena_at(context, p->hybrid.quantised);
    walk at = {
        .params = p,
        .layer = {.hybrid = &p->hybrid, .channels = mr_data_at(context, p->hybrid.channels)},
        .input = mr_data_at(context, p->hybrid.input),
        .count = count,
        .image = image,
        .weights = mr_data_at(context, p->hybrid.weights),
        .gathered = mr_arena_at(context, p->gathered),
        .widened = mr_arena_at(context, p->widened),
    };
    (void)band;
    for (uint32_t batch = 0; batch < p->batches; batch++, at.input += count) {
        at.layer.how = mr_quantisation_of(at.input, count, p->hybrid.asymmetric);
        if (p->pointwise == 0) {
            mr_quantise_part(at.input, count, count, at.layer.how, image);
        }
        for (uint32_t pixel = 0, slots; pixel < pixels; pixel += slots) {
            slots = pixels - pixel < PIXELS ? pixels - pixel : PIXELS;
            for (uint32_t i = 0; i < slots; i++) {
                take_window(&at, (pixel + i) / window->out_width, (pixel + i) % window->out_width,
                            i);
            }
            compute_pixels(&at, out, slots);
            if (p->hybrid.clamped != 0) {
                mr_fpu_clamp(out, slots * p->hybrid.outputs, p->hybrid.least, p->hybrid.most);
            }
            out += slots * p->hybrid.outputs;
        }
    }
    return MR_OK;
}

/* ------------------------------------------------------------------- fully connected */

/* Inputs in groups of four, and what is added to both halves of a word to widen them. */
typedef struct inputs_as {
    uint32_t groups;
    uint32_t offset;
} inputs_as;

#if MR_DSP_ASM

/* clang-format off */

/* A unit's sum, four inputs on: inputs in r2 and r3. Spoils r12. */
#define MULTIPLY_UNIT(weights, sum)                     \
    "sxtb16 r12, " weights "\n\t"                       \
    "sxtb16 " weights ", " weights ", ror #8\n\t"       \
    "smlad  " sum ", r12, r2, " sum "\n\t"              \
    "smlad  " sum ", " weights ", r3, " sum "\n\t"
#define MULTIPLY_UNITS                                  \
    "ldr    r2, [r0], #4\n\t"                           \
    "ldmia  r1!, {r4-r7}\n\t"                           \
    "sxtab16 r3, lr, r2, ror #8\n\t"                    \
    "sxtab16 r2, lr, r2\n\t"                            \
    MULTIPLY_UNIT("r4", "r8")                           \
    MULTIPLY_UNIT("r5", "r9")                           \
    MULTIPLY_UNIT("r6", "r10")                          \
    MULTIPLY_UNIT("r7", "r11")

/* clang-format on */

/* Four units; returns the next weights. [sp] is the end of the inputs, [sp, #4] where sums go, lr
 * the offset of inputs. Two words a turn; with an odd number the first turn starts in the middle.
 */
__attribute__((naked, noinline)) static const int8_t *multiply_units(const int8_t *inputs,
                                                                     const int8_t *weights,
                                                                     const inputs_as *as,
                                                                     int32_t sums[UNITS])
{
    (void)inputs, (void)weights, (void)as, (void)sums;
    __asm__("push   {r3-r11, lr}\n\t"
            "ldrd   r2, lr, [r2]\n\t"
            "add    r3, r0, r2, lsl #2\n\t"
            "push   {r3}\n\t"
            "mov    r8, #0\n\t"
            "mov    r9, #0\n\t"
            "mov    r10, #0\n\t"
            "mov    r11, #0\n\t"
            "lsls   r2, r2, #31\n\t"
            "bmi    2f\n"
            "1:\n\t" MULTIPLY_UNITS "2:\n\t" MULTIPLY_UNITS "ldr    r12, [sp]\n\t"
            "cmp    r0, r12\n\t"
            "bne    1b\n\t"
            "mov    r0, r1\n\t"
            "pop    {r2, r3}\n\t"
            "stmia  r3, {r8-r11}\n\t"
            "pop    {r4-r11, pc}");
}

#else

static const int8_t *multiply_units(const int8_t *inputs, const int8_t *weights,
                                    const inputs_as *as, int32_t sums[UNITS])
{
    memset(sums, 0, sizeof(int32_t[UNITS]));
    for (uint32_t group = 0; group < as->groups; group++, inputs += BLOCK) {
        uint32_t x, four;
        memcpy(&x, inputs, sizeof x);
        for (uint32_t unit = 0; unit < UNITS; unit++, weights += BLOCK) {
            memcpy(&four, weights, sizeof four);
            uint32_t even = mr_sxtab16(as->offset, x), odd = mr_sxtab16_ror8(as->offset, x);
            sums[unit] = mr_smlad(mr_sxtab16(0, four), even, sums[unit]);
            sums[unit] = mr_smlad(mr_sxtab16_ror8(0, four), odd, sums[unit]);
        }
    }
    return weights;
}

#endif

mr_status mr_fully_connected_hybrid_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_hybrid_fpu_params *p = params;
    const mr_hybrid_fpu *hybrid = &p->hybrid;
    const float *input = mr_data_at(context, hybrid->input);
    float *out = mr_arena_at(context, p->output);
    int8_t *quantised = mr_arena_at(context, hybrid->quantised);
    inputs_as as = {hybrid->groups, 0};
    job at = {.hybrid = hybrid, .channels = mr_data_at(context, hybrid->channels)};
    (void)band;
    for (uint32_t batch = 0; batch < p->batches; batch++, input += hybrid->depth) {
        const int8_t *weights = mr_data_at(context, hybrid->weights);
        at.how = mr_quantisation_of(input, hybrid->depth, hybrid->asymmetric);
        mr_quantise_part(input, hybrid->depth, hybrid->depth, at.how, quantised);
        as.offset = offset_of(at.how.range.zero_point);
        for (uint32_t unit = 0; unit < hybrid->outputs; unit += UNITS, out += UNITS) {
            int32_t sums[UNITS];
            uint32_t left = hybrid->outputs - unit;
            weights = multiply_units(quantised, weights, &as, sums);
            for (uint32_t i = 0; i < UNITS && i < left; i++) {
                out[i] = real_output(output_of(&at, unit + i), sums[i]);
            }
        }
        out -= (UNITS - hybrid->outputs % UNITS) % UNITS;
        if (hybrid->clamped != 0) {
            mr_fpu_clamp(out - hybrid->outputs, hybrid->outputs, hybrid->least, hybrid->most);
        }
    }
    return MR_OK;
}

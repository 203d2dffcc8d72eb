/* SPDX-License-Identifier: MIT-0 */
/* Elementwise operators in single precision, eight elements at a time. */
#include "elementwise.h"

#include "fpu.h"

#define GROUP 8u

/* Elements that are computed together, in or out of place. */
typedef struct operands {
    const float *a;
    const float *b;
    float *out;
} operands;

#if MR_FPU_ASM

/* clang-format off */

#define OPERATE(instruction)                    \
    "vldmia %[a]!, {s0-s7}\n\t"                 \
    "vldmia %[b]!, {s8-s15}\n\t"                \
    instruction " s0, s0, s8\n\t"               \
    instruction " s1, s1, s9\n\t"               \
    instruction " s2, s2, s10\n\t"              \
    instruction " s3, s3, s11\n\t"              \
    instruction " s4, s4, s12\n\t"              \
    instruction " s5, s5, s13\n\t"              \
    instruction " s6, s6, s14\n\t"              \
    instruction " s7, s7, s15\n\t"

#define GROUPS(count, instruction, store)                                                           \
    for (uint32_t groups = (count) / GROUP; groups > 0; groups--) {                                 \
        __asm__ volatile(OPERATE(instruction) store                                                 \
                         : [a] "+r"(at.a), [b] "+r"(at.b), [out] "+r"(at.out)                       \
                         :                                                                          \
                         : "r10", "r11", "r12", "lr", "s0", "s1", "s2", "s3", "s4", "s5", "s6",     \
                           "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "memory");   \
    }

#define STORE "vstmia %[out]!, {s0-s7}"
#define STORE_RECTIFIED                                         \
    MR_FPU_STORE_RECTIFIED("%[out]", "s0", "s1", "s2", "s3")    \
    MR_FPU_STORE_RECTIFIED("%[out]", "s4", "s5", "s6", "s7")

/* clang-format on */

static operands add_groups(operands at, uint32_t count, int rectified)
{
    if (rectified) {
        GROUPS(count, "vadd.f32", STORE_RECTIFIED)
    } else {
        GROUPS(count, "vadd.f32", STORE)
    }
    return at;
}

static operands multiply_groups(operands at, uint32_t count, int rectified)
{
    if (rectified) {
        GROUPS(count, "vmul.f32", STORE_RECTIFIED)
    } else {
        GROUPS(count, "vmul.f32", STORE)
    }
    return at;
}

#define LEFT(count) ((count) % GROUP)

#else

/* Without assembly all elements are left. */
static operands add_groups(operands at, uint32_t count, int rectified)
{
    (void)count, (void)rectified;
    return at;
}

static operands multiply_groups(operands at, uint32_t count, int rectified)
{
    (void)count, (void)rectified;
    return at;
}

#define LEFT(count) (count)

#endif

static inline float rectify(float value, int rectified)
{
    return rectified && value < 0.0f ? 0.0f : value;
}

static void add_row(operands at, uint32_t count, int rectified)
{
    at = add_groups(at, count, rectified);
    for (uint32_t i = 0; i < LEFT(count); i++) {
        at.out[i] = rectify(at.a[i] + at.b[i], rectified);
    }
}

static void multiply_row(operands at, uint32_t count, int rectified)
{
    at = multiply_groups(at, count, rectified);
    for (uint32_t i = 0; i < LEFT(count); i++) {
        at.out[i] = rectify(at.a[i] * at.b[i], rectified);
    }
}

static void for_each_row(const mr_context *context, const mr_elementwise_f32_fpu_params *p,
                         mr_band band, void (*run)(operands, uint32_t, int))
{
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        operands at = {
            .a = mr_row_in(context, &p->input1, row),
            .b = mr_row_in(context, &p->input2, row),
            .out = mr_row_out(context, &p->output, row),
        };
        run(at, p->length, p->rectified);
        if (p->clamped != 0) {
            mr_fpu_clamp(at.out, p->length, p->least, p->most);
        }
    }
}

mr_status mr_add_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    for_each_row(context, params, band, add_row);
    return MR_OK;
}

mr_status mr_mul_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    for_each_row(context, params, band, multiply_row);
    return MR_OK;
}

/* SPDX-License-Identifier: MIT-0 */
/*
 * The DSP extension's instructions (Armv7E-M, Armv8-M), each beside the C that says what it does.
 * Halves of a word are two's complement; sums wrap.
 */
#ifndef MICROLITH_DSP_H
#define MICROLITH_DSP_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__)
#define MR_DSP_ASM 1
#else
#define MR_DSP_ASM 0
#endif

/* Both halves: offset + the sign-extended bytes 0 and 2 of `bytes`. */
static inline uint32_t mr_sxtab16(uint32_t offset, uint32_t bytes)
{
#if MR_DSP_ASM
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(offset), "r"(bytes));
    return result;
#else
    int32_t low = (int16_t)offset + (int8_t)bytes;
    int32_t high = (int16_t)(offset >> 16) + (int8_t)(bytes >> 16);
    return (uint32_t)high << 16 | ((uint32_t)low & 0xffffu);
#endif
}

/* The same with bytes 1 and 3. */
static inline uint32_t mr_sxtab16_ror8(uint32_t offset, uint32_t bytes)
{
#if MR_DSP_ASM
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(offset), "r"(bytes));
    return result;
#else
    return mr_sxtab16(offset, bytes >> 8);
#endif
}

/* The lower half of `low` below the lower half of `high`. */
static inline uint32_t mr_pkhbt16(uint32_t low, uint32_t high)
{
#if MR_DSP_ASM
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
    return result;
#else
    return high << 16 | (low & 0xffffu);
#endif
}

/* The upper half of `low` below the upper half of `high`. */
static inline uint32_t mr_pkhtb16(uint32_t high, uint32_t low)
{
#if MR_DSP_ASM
    uint32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
    return result;
#else
    return (high & 0xffff0000u) | low >> 16;
#endif
}

/* acc + a.low * b.low + a.high * b.high */
static inline int32_t mr_smlad(uint32_t a, uint32_t b, int32_t acc)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
#else
    int32_t low = (int16_t)a * (int16_t)b, high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)acc + (uint32_t)low + (uint32_t)high);
#endif
}

/* The upper half of (acc << 32) + a * b, rounded to nearest, halves upwards. */
static inline int32_t mr_smmlar(int32_t a, int32_t b, int32_t acc)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
#else
    int32_t high = (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
    return (int32_t)((uint32_t)acc + (uint32_t)high);
#endif
}

/* The upper half of (acc << 32) + a * b. */
static inline int32_t mr_smmla(int32_t a, int32_t b, int32_t acc)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
#else
    int32_t high = (int32_t)(((int64_t)a * b) >> 32);
    return (int32_t)((uint32_t)acc + (uint32_t)high);
#endif
}

/* acc + a * b.low / 2^16, rounded down. */
static inline int32_t mr_smlawb(int32_t a, uint32_t b, int32_t acc)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
#else
    int32_t product = (int32_t)(((int64_t)a * (int16_t)b) >> 16);
    return (int32_t)((uint32_t)acc + (uint32_t)product);
#endif
}

/* acc + a * b.high / 2^16, rounded down. */
static inline int32_t mr_smlawt(int32_t a, uint32_t b, int32_t acc)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
    return result;
#else
    return mr_smlawb(a, b >> 16, acc);
#endif
}

/* Saturates to int8. */
static inline int32_t mr_ssat8(int32_t value)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
#endif
}

/* Saturates value >> shift to int8; `shift` is a constant from 1 to 31. */
static inline int32_t mr_ssat8_asr(int32_t value, int32_t shift)
{
#if MR_DSP_ASM && defined(__OPTIMIZE__)
    int32_t result;
    __asm__("ssat %0, #8, %1, asr %2" : "=r"(result) : "r"(value), "I"(shift));
    return result;
#else
    return mr_ssat8(value >> shift);
#endif
}

/*
 * How sums of one output channel become int8: exactly what two roundings, gemmlowp's doubling high
 * multiply and rounding shift by `shift` >= 1, plus the zero point give, in five instructions.
 * `offset` is (zero point << shift) + (1 << (shift - 1)). With |sum| < 2^30 nothing overflows.
 */
typedef struct mr_dsp_output {
    int32_t bias;
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
} mr_dsp_output;

static inline int32_t mr_dsp_requantize(int32_t sum, const mr_dsp_output *output)
{
    int32_t doubled = sum * 2;
    /* Halves round away from zero: those of negative sums down. A negative sum whose product
     * rounds to zero loses a half, too, which `offset` outweighs. */
    int32_t high = mr_smmlar(doubled, output->multiplier, output->offset + (doubled >> 31));
    return mr_ssat8(high >> output->shift);
}

/*
 * How sums become int8 with one rounding, halves away from zero, like mr_requantize_single by
 * `multiplier` and a shift of -1 - `shift`, plus the zero point. `shift` is at least 1, `offset`
 * (zero point << shift) + (1 << (shift - 1)).
 */
typedef struct mr_dsp_scale {
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
} mr_dsp_scale;

static inline int32_t mr_dsp_requantize_once(int32_t sum, const mr_dsp_scale *scale)
{
    /* The offset counts in the product's upper half. Halves of negative sums go down. */
    int64_t offset = scale->offset * ((int64_t)1 << 32) + (sum >> 31);
    int32_t high = (int32_t)(((int64_t)sum * scale->multiplier + offset) >> 32);
    return mr_ssat8(high >> scale->shift);
}

/* Narrows the range of outputs that an activation bounds. */
static inline void mr_dsp_clamp(int8_t *out, uint32_t count, int32_t least, int32_t most)
{
    for (const int8_t *end = out + count; out != end; out++) {
        int32_t value = *out < least ? least : *out;
        *out = (int8_t)(value > most ? most : value);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* What Helium kernels in single precision share. */
#ifndef MICROLITH_HELIUM_FLOAT_H
#define MICROLITH_HELIUM_FLOAT_H

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)
#define MR_HELIUM_FLOAT_ASM ((__ARM_FEATURE_MVE & 2) != 0)
#else
#define MR_HELIUM_FLOAT_ASM 0
#endif

/* Zeros for negative numbers, whose sign clears all their bits. Spoils q6. */
#define MR_HELIUM_RECTIFY(vector)                                                                  \
    "vshr.s32 q6, " vector ", #31\n\t"                                                             \
    "vbic   " vector ", " vector ", q6\n\t"

#endif

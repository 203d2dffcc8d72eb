/* SPDX-License-Identifier: MIT-0 */
/* The cycle counter of a core: the PMU's, that of the DWT, or the board's timer. */
#include "counter.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define DEMCR        REGISTER(0xe000edfcu) /* debug exception and monitor control */
#define DEMCR_TRCENA 0x01000000u           /* DWT and PMU are on */

#if defined(__ARM_FEATURE_MVE)

/* Armv8.1-M Architecture Reference Manual (DDI 0553), Performance Monitoring Unit. */
#define PMU_CCNTR    REGISTER(0xe000307cu)
#define PMU_CNTENSET REGISTER(0xe0003c00u)
#define PMU_CTRL     REGISTER(0xe0003e04u)

#define PMU_CNTENSET_CYCLES 0x80000000u
#define PMU_CTRL_ENABLE     0x1u

void mr_cycles_start(void)
{
    DEMCR |= DEMCR_TRCENA;
    PMU_CTRL |= PMU_CTRL_ENABLE;
    PMU_CNTENSET = PMU_CNTENSET_CYCLES;
}

uint32_t mr_cycles(void)
{
    return PMU_CCNTR;
}

#elif defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__)

/* Armv7-M Architecture Reference Manual (DDI 0403), Data Watchpoint and Trace unit. */
#define DWT_CTRL   REGISTER(0xe0001000u)
#define DWT_CYCCNT REGISTER(0xe0001004u)
#define DWT_LAR    REGISTER(0xe0001fb0u)

#define DWT_CTRL_CYCCNTENA 0x1u
#define DWT_LAR_KEY        0xc5acce55u /* Cortex-M7 ignores writes to the DWT until it is given */

void mr_cycles_start(void)
{
    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

uint32_t mr_cycles(void)
{
    return DWT_CYCCNT;
}

#else

void mr_cycles_start(void)
{
}

uint32_t mr_cycles(void)
{
    return mr_board_cycles();
}

#endif

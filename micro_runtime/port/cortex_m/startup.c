/* SPDX-License-Identifier: MIT-0 */
/* From reset to main() on a Cortex-M, and what happens when the processor faults. */
#include <stdint.h>

#include "port.h"
#include "semihosting.h"
#include "start.h"

#define CPACR             (*(volatile uint32_t *)0xe000ed88u)
#define CPACR_FPU_AND_MVE (0xfu << 20)

/* Baseline cores (M0, M0+, M23) have one fault and no register that tells its cause. */
#define HAS_FAULT_STATUS (__ARM_ARCH_ISA_THUMB >= 2)

#define CCR   (*(volatile uint32_t *)0xe000ed14u)
#define SHCSR (*(volatile uint32_t *)0xe000ed24u)
#define CFSR  (*(volatile uint32_t *)0xe000ed28u)
#define HFSR  (*(volatile uint32_t *)0xe000ed2cu)
#define MMFAR (*(volatile uint32_t *)0xe000ed34u)
#define BFAR  (*(volatile uint32_t *)0xe000ed38u)

#define CCR_DIV_0_TRP  (1u << 4)
#define SHCSR_FAULTS   (7u << 16) /* MemManage, BusFault and UsageFault apart from HardFault */
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)

_Noreturn void mr_port_reset(void);

_Noreturn void mr_port_reset(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    /* First of all: the compiler may use vector registers anywhere below. */
    CPACR |= CPACR_FPU_AND_MVE;
#endif
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" ::"r"(mr_stack_limit));
#endif
#if HAS_FAULT_STATUS
    CCR |= CCR_DIV_0_TRP;
    SHCSR |= SHCSR_FAULTS;
#endif
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    mr_start();
}

#if HAS_FAULT_STATUS

static void print_causes(void)
{
    uint32_t cfsr = CFSR;
    static const struct {
        uint32_t bit;
        const char *name;
    } causes[] = {
        {0, "instruction fetch not allowed"},
        {1, "data access not allowed"},
        {4, "stack overflow on an exception"},
        {8, "instruction fetch failed"},
        {9, "data access failed"},
        {10, "late data access failed"},
        {12, "stack overflow on an exception"},
        {16, "undefined instruction"},
        {17, "invalid state"},
        {18, "invalid return address"},
        {19, "no coprocessor"},
        {20, "stack overflow"},
        {24, "unaligned access"},
        {25, "division by zero"},
    };
    for (uint32_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if ((cfsr >> causes[i].bit & 1u) != 0) {
            mr_print(", ");
            mr_print(causes[i].name);
        }
    }
}

static void print_status(void)
{
    uint32_t cfsr = CFSR;
    if ((cfsr & CFSR_MMARVALID) != 0) {
        mr_print_hex(", address 0x", MMFAR);
    }
    if ((cfsr & CFSR_BFARVALID) != 0) {
        mr_print_hex(", address 0x", BFAR);
    }
    mr_print_hex(" (CFSR 0x", cfsr);
    mr_print_hex(", HFSR 0x", HFSR);
    mr_print(")");
}

#else

static void print_causes(void)
{
}

static void print_status(void)
{
}

#endif

_Noreturn void mr_port_report_fault(uint32_t exception, uint32_t pc, uint32_t lr,
                                    const uint32_t *sp);

/* Reached from `fault` with an empty stack. */
_Noreturn MR_OPAQUE void mr_port_report_fault(uint32_t exception, uint32_t pc, uint32_t lr,
                                              const uint32_t *sp)
{
    static const char *const names[] = {"HardFault", "MemManage", "BusFault", "UsageFault"};
    mr_print("firmware: ");
    mr_print(exception >= 3 && exception <= 6 ? names[exception - 3] : "unexpected exception");
    print_causes();
    if (sp < mr_stack_limit) {
        mr_print(", stack overflow");
    }
    mr_print_hex(" at pc 0x", pc);
    mr_print_hex(", lr 0x", lr);
    print_status();
    mr_print("\n");
    mr_semihosting_exit(3);
}

/*
 * Takes pc and lr from the exception frame, then gives up the stack, which may be the culprit.
 * Written for baseline cores: low registers, and a branch that reaches far.
 */
__attribute__((naked)) static void fault(void)
{
    __asm__ volatile("mrs r0, ipsr\n\t"
                     "mov r3, sp\n\t"
                     "ldr r1, [r3, #24]\n\t"
                     "ldr r2, [r3, #20]\n\t"
                     "ldr r4, =mr_stack_top\n\t"
                     "mov sp, r4\n\t"
                     "bl mr_port_report_fault\n\t"
                     ".ltorg");
}

typedef union vector {
    void *stack;
    void (*handler)(void);
} vector;

/* The sixteen exceptions of the core; no interrupt is ever enabled. */
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    {.stack = mr_stack_top}, {.handler = mr_port_reset}, {.handler = fault}, {.handler = fault},
    {.handler = fault},      {.handler = fault},         {.handler = fault}, {.handler = fault},
    {.handler = fault},      {.handler = fault},         {.handler = fault}, {.handler = fault},
    {.handler = fault},      {.handler = fault},         {.handler = fault}, {.handler = fault},
};

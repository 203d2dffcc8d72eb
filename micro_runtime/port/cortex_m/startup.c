/* SPDX-License-Identifier: MIT-0 */
/* From reset to main() on a Cortex-M, and what happens when the processor faults. */
#include <stdint.h>

#include "port.h"
#include "semihosting.h"

/* Set by the linker script. */
extern uint32_t mr_stack_limit[], mr_stack_top[];
extern const uint64_t mr_data_image[];
extern uint64_t mr_data_start[], mr_data_end[], mr_bss_start[], mr_bss_end[];

#define CCR   (*(volatile uint32_t *)0xe000ed14u)
#define SHCSR (*(volatile uint32_t *)0xe000ed24u)
#define CFSR  (*(volatile uint32_t *)0xe000ed28u)
#define HFSR  (*(volatile uint32_t *)0xe000ed2cu)
#define MMFAR (*(volatile uint32_t *)0xe000ed34u)
#define BFAR  (*(volatile uint32_t *)0xe000ed38u)
#define CPACR (*(volatile uint32_t *)0xe000ed88u)

#define CPACR_FPU_AND_MVE (0xfu << 20)
#define CCR_DIV_0_TRP     (1u << 4)
#define SHCSR_FAULTS      (7u << 16) /* MemManage, BusFault and UsageFault apart from HardFault */
#define CFSR_MMARVALID    (1u << 7)
#define CFSR_BFARVALID    (1u << 15)

int main(void);

_Noreturn void mr_port_reset(void);

_Noreturn void mr_port_reset(void)
{
    /* First of all: the compiler may use vector registers anywhere below. */
    CPACR |= CPACR_FPU_AND_MVE;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" ::"r"(mr_stack_limit));
#endif
    const uint64_t *from = mr_data_image;
    for (uint64_t *to = mr_data_start; to < mr_data_end; to++) {
        *to = *from++;
    }
    for (uint64_t *to = mr_bss_start; to < mr_bss_end; to++) {
        *to = 0;
    }
    CCR |= CCR_DIV_0_TRP;
    SHCSR |= SHCSR_FAULTS;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    mr_semihosting_exit(main());
}

static void print_hex(const char *label, uint32_t value)
{
    char text[] = "00000000";
    for (uint32_t i = 8; i-- > 0; value >>= 4) {
        text[i] = "0123456789abcdef"[value & 15u];
    }
    mr_print(label);
    mr_print(text);
}

static void print_causes(uint32_t cfsr)
{
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

_Noreturn void mr_port_report_fault(uint32_t exception, uint32_t pc, uint32_t lr,
                                    const uint32_t *sp);

/* Reached from `fault` with an empty stack. */
_Noreturn MR_OPAQUE void mr_port_report_fault(uint32_t exception, uint32_t pc, uint32_t lr,
                                              const uint32_t *sp)
{
    static const char *const names[] = {"HardFault", "MemManage", "BusFault", "UsageFault"};
    uint32_t cfsr = CFSR;
    mr_print("firmware: ");
    mr_print(exception >= 3 && exception <= 6 ? names[exception - 3] : "unexpected exception");
    print_causes(cfsr);
    if (sp < mr_stack_limit) {
        mr_print(", stack overflow");
    }
    print_hex(" at pc 0x", pc);
    print_hex(", lr 0x", lr);
    if ((cfsr & CFSR_MMARVALID) != 0) {
        print_hex(", address 0x", MMFAR);
    }
    if ((cfsr & CFSR_BFARVALID) != 0) {
        print_hex(", address 0x", BFAR);
    }
    print_hex(" (CFSR 0x", cfsr);
    print_hex(", HFSR 0x", HFSR);
    mr_print(")\n");
    mr_semihosting_exit(3);
}

/* Takes pc and lr from the exception frame, then gives up the stack, which may be the culprit. */
__attribute__((naked)) static void fault(void)
{
    __asm__ volatile("mrs r0, ipsr\n\t"
                     "mov r3, sp\n\t"
                     "ldr r1, [r3, #24]\n\t"
                     "ldr r2, [r3, #20]\n\t"
                     "ldr ip, =mr_stack_top\n\t"
                     "mov sp, ip\n\t"
                     "b mr_port_report_fault\n\t"
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

/* SPDX-License-Identifier: MIT-0 */
/* From reset to main() on a 32-bit RISC-V core, and what happens when it traps. */
#include <stdint.h>

#include "port.h"
#include "semihosting.h"
#include "start.h"

/* Where the C library keeps its errno: `tp` points to it. */
__attribute__((used)) uint64_t mr_port_thread_data[4];

/* Bytes below the stack that may not be accessed, so that an overflow of the stack traps. */
#define GUARD            0x10000u
#define PMP_LOCKED_NAPOT 0x98u

void mr_port_reset(void);
_Noreturn void mr_port_start(void);

/* The core starts at the first address of the code. */
__attribute__((naked, section(".vectors"), used)) void mr_port_reset(void)
{
    __asm__ volatile(".option push\n\t"
                     ".option arch, +zicsr\n\t"
                     "la sp, mr_stack_top\n\t"
                     "la tp, mr_port_thread_data\n\t"
                     "la t0, mr_port_trap\n\t"
                     "csrw mtvec, t0\n\t"
                     "tail mr_port_start\n\t"
                     ".option pop");
}

__attribute__((used)) _Noreturn void mr_port_start(void)
{
    uint32_t guard = ((uint32_t)mr_stack_limit - GUARD) / 4 | (GUARD / 8 - 1);
    __asm__ volatile(".option push\n\t"
                     ".option arch, +zicsr\n\t"
                     "csrw pmpaddr0, %0\n\t"
                     "csrw pmpcfg0, %1\n\t"
                     ".option pop" ::"r"(guard),
                     "r"(PMP_LOCKED_NAPOT));
    mr_start();
}

_Noreturn void mr_port_report_trap(uint32_t cause, uint32_t pc, uint32_t value, const uint32_t *sp);

/* Reached from mr_port_trap with an empty stack. */
_Noreturn MR_OPAQUE void mr_port_report_trap(uint32_t cause, uint32_t pc, uint32_t value,
                                             const uint32_t *sp)
{
    static const char *const names[] = {
        "instruction address misaligned",
        "instruction access fault",
        "illegal instruction",
        "breakpoint",
        "load address misaligned",
        "load access fault",
        "store address misaligned",
        "store access fault",
    };
    mr_print("firmware: ");
    mr_print(cause < sizeof names / sizeof names[0] ? names[cause] : "unexpected trap");
    if (sp < mr_stack_limit) {
        mr_print(", stack overflow");
    }
    mr_print_hex(" at pc 0x", pc);
    mr_print_hex(", address 0x", value);
    mr_print_hex(" (mcause 0x", cause);
    mr_print(")\n");
    mr_semihosting_exit(3);
}

void mr_port_trap(void);

/* Gives up the stack, which may be the culprit. mtvec takes multiples of four. */
__attribute__((naked, aligned(4), used)) void mr_port_trap(void)
{
    __asm__ volatile(".option push\n\t"
                     ".option arch, +zicsr\n\t"
                     "csrr a0, mcause\n\t"
                     "csrr a1, mepc\n\t"
                     "csrr a2, mtval\n\t"
                     "mv a3, sp\n\t"
                     "la sp, mr_stack_top\n\t"
                     "tail mr_port_report_trap\n\t"
                     ".option pop");
}

/* SPDX-License-Identifier: MIT-0 */
/* What the startup code of all cores has in common. */
#ifndef MICROLITH_START_H
#define MICROLITH_START_H

#include <stdint.h>

/* Set by the linker script. */
extern uint32_t mr_stack_limit[], mr_stack_top[];

/* Gives variables their initial values, runs main() and ends the run with what it returns. */
_Noreturn void mr_start(void);

/* Prints `label` and eight hexadecimal digits. */
void mr_print_hex(const char *label, uint32_t value);

#endif

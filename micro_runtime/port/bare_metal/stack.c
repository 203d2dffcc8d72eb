/* SPDX-License-Identifier: MIT-0 */
#include "stack.h"

#include "port.h"

/* Set by the linker script. */
extern uint32_t mr_stack_limit[];

uint32_t *mr_stack_lowest(const void *top)
{
    (void)top;
    return mr_stack_limit;
}

uint32_t *mr_stack_free_end(void)
{
    return mr_stack_pointer();
}

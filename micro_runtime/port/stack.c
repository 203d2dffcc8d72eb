/* SPDX-License-Identifier: MIT-0 */
#include "stack.h"

#include "port.h"

#define PATTERN 0xa5c3965au

void mr_stack_paint(void *top)
{
    volatile uint32_t *word = mr_stack_lowest(top);
    const volatile uint32_t *end = mr_stack_free_end();
    while (word < end) {
        *word++ = PATTERN;
    }
}

uint32_t mr_stack_used(const void *top)
{
    const volatile uint32_t *lowest = mr_stack_lowest(top);
    const volatile uint32_t *word = lowest;
    while ((uintptr_t)word < (uintptr_t)top && *word == PATTERN) {
        word++;
    }
    if (word == lowest && (uintptr_t)lowest < (uintptr_t)top) {
        return MR_STACK_OVERFLOW;
    }
    return (uint32_t)((uintptr_t)top - (uintptr_t)word);
}

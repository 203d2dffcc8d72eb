/* SPDX-License-Identifier: MIT-0 */
/* Where the stack may be painted; each platform says. */
#ifndef MICROLITH_STACK_H
#define MICROLITH_STACK_H

#include <stdint.h>

/* Lowest word of the stack that is watched, when `top` is the stack pointer; `top` for none. */
uint32_t *mr_stack_lowest(const void *top);

/* Words below this address are free while the caller runs. */
uint32_t *mr_stack_free_end(void);

#endif

/* SPDX-License-Identifier: MIT-0 */
#include "port.h"

/* Without the barrier, and if the body could be seen at the call, calls would be deleted. */
MR_OPAQUE void mr_mark(void)
{
    __asm__ volatile("" ::: "memory");
}

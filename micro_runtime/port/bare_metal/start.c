/* SPDX-License-Identifier: MIT-0 */
#include "start.h"

#include "port.h"
#include "semihosting.h"

/* Set by the linker script. */
extern const uint64_t mr_data_image[];
extern uint64_t mr_data_start[], mr_data_end[], mr_bss_start[], mr_bss_end[];

int main(void);

_Noreturn void mr_start(void)
{
    const uint64_t *from = mr_data_image;
    for (uint64_t *to = mr_data_start; to < mr_data_end; to++) {
        *to = *from++;
    }
    for (uint64_t *to = mr_bss_start; to < mr_bss_end; to++) {
        *to = 0;
    }
    mr_semihosting_exit(main());
}

void mr_print_hex(const char *label, uint32_t value)
{
    char text[] = "00000000";
    for (uint32_t i = 8; i-- > 0; value >>= 4) {
        text[i] = "0123456789abcdef"[value & 15u];
    }
    mr_print(label);
    mr_print(text);
}

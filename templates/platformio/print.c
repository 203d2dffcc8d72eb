/* SPDX-License-Identifier: MIT-0 */
/* What the self-test prints goes to the console. Generated. */
#include <string.h>

#include "board.h"

void mr_print(const char *text);

void mr_print(const char *text)
{
    mr_serial_write((const uint8_t *)text, (uint32_t)strlen(text));
}

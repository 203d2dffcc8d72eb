/* SPDX-License-Identifier: Apache-2.0 */
/* A board as a program of this machine: its serial port is standard input and output. */
#include <stdlib.h>
#include <unistd.h>

#include "link.h"

void mr_serial_write(const uint8_t *data, uint32_t size)
{
    while (size > 0) {
        ssize_t done = write(STDOUT_FILENO, data, size);
        if (done <= 0) {
            exit(0);
        }
        data += done;
        size -= (uint32_t)done;
    }
}

uint8_t mr_serial_read(void)
{
    uint8_t byte = 0;
    while (read(STDIN_FILENO, &byte, 1) != 1) {
        /* Nobody has opened the other end yet. */
        usleep(1000);
    }
    return byte;
}

int main(void)
{
    for (;;) {
        (void)mr_link_run();
    }
}

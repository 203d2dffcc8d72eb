/* SPDX-License-Identifier: Apache-2.0 */
/* A board as a program of this machine: its serial port is standard input and output. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "counter.h"
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

/* A core of 1 GHz that takes a cycle a nanosecond. */
uint32_t mr_board_hertz(void)
{
    return 1000000000u;
}

uint32_t mr_board_cycles(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000000000u + (uint32_t)now.tv_nsec;
}

int main(void)
{
    for (;;) {
        (void)mr_link_run();
    }
}

/* SPDX-License-Identifier: MIT-0 */
#include "counter.h"

#include "port.h"

static int32_t file = MR_NO_FILE;
static int counting;
static int failed;
static int running;
static uint32_t started;
static uint32_t overhead; /* of two marks with nothing between them */
static uint32_t taken;

static void write_number(uint32_t value)
{
    const uint8_t bytes[] = {
        (uint8_t)value,
        (uint8_t)(value >> 8),
        (uint8_t)(value >> 16),
        (uint8_t)(value >> 24),
    };
    if (mr_file_write(file, bytes, sizeof bytes) != sizeof bytes) {
        failed = 1;
    }
}

/* Writes only after the second reading and before the first, so that the line takes no part. */
MR_OPAQUE void mr_mark(void)
{
    uint32_t now = mr_cycles();
    if (!counting) {
        return;
    }
    if (running) {
        taken = now - started;
        if (file != MR_NO_FILE) {
            write_number(taken > overhead ? taken - overhead : 0);
        }
    }
    running = !running;
    started = mr_cycles();
}

/* The first pair brings the code into caches; what the second one takes is the overhead. */
static void measure_overhead(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        mr_mark();
        mr_mark();
    }
    overhead = taken;
}

int mr_counter_open(const char *path)
{
    mr_cycles_start();
    failed = 0;
    running = 0;
    counting = 1;
    measure_overhead();
    file = mr_file_open(path, MR_FILE_WRITE);
    if (file == MR_NO_FILE) {
        counting = 0;
        return 1;
    }
    write_number(mr_board_hertz());
    return failed;
}

int mr_counter_close(void)
{
    int32_t open = file;
    counting = 0;
    file = MR_NO_FILE;
    return mr_file_close(open) != 0 || failed;
}

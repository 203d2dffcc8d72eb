/* SPDX-License-Identifier: MIT-0 */
/* Cycles of every step of a profile, read on the board and sent to the host. */
#ifndef MICROLITH_COUNTER_H
#define MICROLITH_COUNTER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The core's clock in Hz, and cycles as the board's own timer tells them, modulo 2^32: for cores
 * without a cycle counter. The board defines both. */
uint32_t mr_board_hertz(void);
uint32_t mr_board_cycles(void);

/* Cycles modulo 2^32: those of the core's counter where it has one. */
void mr_cycles_start(void);
uint32_t mr_cycles(void);

/*
 * From here on the cycles between a mark and the next go to the file `path`: the core's clock
 * in Hz, then a number for each pair of marks, all uint32 and little-endian. 0 when all is well.
 */
int mr_counter_open(const char *path);
int mr_counter_close(void);

#ifdef __cplusplus
}
#endif

#endif

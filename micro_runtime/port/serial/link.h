/* SPDX-License-Identifier: MIT-0 */
/*
 * The harness on a board: its files lie on the host, at the other end of a serial line.
 *
 * The board asks, the host answers. A frame is
 *
 *     0xc5 'M' kind sequence length[2] payload[length] crc[4]
 *
 * with little-endian numbers; the CRC (that of Ethernet) covers kind to payload. The board's kinds:
 *
 *     'H' identity             the answer is the mode: "run" or "trace" of the harness, or "cycles"
 *     'O' mode[1] path         open a file; answer: handle[4], or -1
 *     'R' handle[4] size[4]    read; answer: the bytes, fewer at the end of the file
 *     'W' handle[4] bytes      write; answer: number of bytes written [4]
 *     'C' handle[4]            close; answer: 0[4] unless data could not be kept
 *     'P' text                 print
 *     'X' code[4]              the run has ended
 *
 * Every answer is a frame of kind 'A' with the sequence number of what it answers. The host sends
 * 'N', without payload, to have the last frame again: after noise, or when it has just begun to
 * listen.
 */
#ifndef MICROLITH_LINK_H
#define MICROLITH_LINK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MR_LINK_PAYLOAD 512u

/* The board's side of the line: both wait until they are done. */
void mr_serial_write(const uint8_t *data, uint32_t size);
uint8_t mr_serial_read(void);

/* Which firmware this is: model, digest, board. Generated. */
extern const char mr_link_identity[];

/* Serves one run of the harness after the other; returns the exit code of one. */
int mr_link_run(void);

#ifdef __cplusplus
}
#endif

#endif

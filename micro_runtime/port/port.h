/* SPDX-License-Identifier: MIT-0 */
/* What the harness needs of a platform: files, a console, the stack, and marks for counters. */
#ifndef MICROLITH_PORT_H
#define MICROLITH_PORT_H

#include <stdint.h>

#if defined(__clang__)
#define MR_OPAQUE __attribute__((noinline, used))
#else
#define MR_OPAQUE __attribute__((noinline, noipa, used))
#endif

typedef enum mr_file_mode { MR_FILE_READ, MR_FILE_WRITE } mr_file_mode;

#define MR_NO_FILE (-1)

/* Handle of the file, or MR_NO_FILE. */
int32_t mr_file_open(const char *path, mr_file_mode mode);

/* Number of bytes read: fewer than `size` only at the end of the file. */
uint32_t mr_file_read(int32_t file, void *data, uint32_t size);

/* Number of bytes written: fewer than `size` only on failure. */
uint32_t mr_file_write(int32_t file, const void *data, uint32_t size);

/* 0 unless written data could not be kept. */
int mr_file_close(int32_t file);

void mr_print(const char *text);

/* Counters outside watch for calls of this function: one right before an invoke, one after. */
void mr_mark(void);

/* The caller's stack pointer. */
#if defined(__arm__)
static inline void *mr_stack_pointer(void)
{
    void *pointer;
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}
#else
#define mr_stack_pointer() __builtin_frame_address(0)
#endif

/* Fills the unused stack below `top` with a pattern. */
void mr_stack_paint(void *top);

/* Bytes below `top` that were used since mr_stack_paint(); MR_STACK_OVERFLOW if all were. */
uint32_t mr_stack_used(const void *top);

#define MR_STACK_OVERFLOW UINT32_MAX

#endif

/* SPDX-License-Identifier: MIT-0 */
#include "semihosting.h"

#include <string.h>

#include "port.h"

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20
};

#define OPEN_READ_BINARY  1u
#define OPEN_WRITE_BINARY 5u

#define APPLICATION_EXIT 0x20026u

#if defined(__riscv)

/* The debugger knows the call by the three instructions, which must lie in one page. */
static uint32_t call(enum operation operation, uintptr_t argument)
{
    register uintptr_t a0 __asm__("a0") = (uintptr_t)operation;
    register uintptr_t a1 __asm__("a1") = argument;
    __asm__ volatile(".option push\n\t"
                     ".balign 16\n\t"
                     ".option norvc\n\t"
                     "slli zero, zero, 0x1f\n\t"
                     "ebreak\n\t"
                     "srai zero, zero, 7\n\t"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return (uint32_t)a0;
}

#else

static uint32_t call(enum operation operation, uintptr_t argument)
{
    register uint32_t r0 __asm__("r0") = (uint32_t)operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

#endif

int32_t mr_file_open(const char *path, mr_file_mode mode)
{
    const uintptr_t block[] = {
        (uintptr_t)path,
        mode == MR_FILE_READ ? OPEN_READ_BINARY : OPEN_WRITE_BINARY,
        strlen(path),
    };
    return (int32_t)call(SYS_OPEN, (uintptr_t)block);
}

/* SYS_READ and SYS_WRITE answer with the number of bytes that they did not move. */
static uint32_t transfer(enum operation operation, int32_t file, const void *data, uint32_t size)
{
    uint32_t moved = 0;
    while (moved < size) {
        const uintptr_t block[] = {(uintptr_t)file, (uintptr_t)data + moved, size - moved};
        uint32_t left = call(operation, (uintptr_t)block);
        if (left >= size - moved) {
            break;
        }
        moved = size - left;
    }
    return moved;
}

uint32_t mr_file_read(int32_t file, void *data, uint32_t size)
{
    return transfer(SYS_READ, file, data, size);
}

uint32_t mr_file_write(int32_t file, const void *data, uint32_t size)
{
    return transfer(SYS_WRITE, file, data, size);
}

int mr_file_close(int32_t file)
{
    const uintptr_t block[] = {(uintptr_t)file};
    return (int)call(SYS_CLOSE, (uintptr_t)block);
}

void mr_print(const char *text)
{
    (void)call(SYS_WRITE0, (uintptr_t)text);
}

int mr_semihosting_command_line(char *line, uint32_t size)
{
    uintptr_t block[] = {(uintptr_t)line, size};
    return (int)call(SYS_GET_CMDLINE, (uintptr_t)block);
}

_Noreturn void mr_semihosting_exit(int code)
{
    const uintptr_t block[] = {APPLICATION_EXIT, (uintptr_t)code};
    if (code != 0) {
        (void)call(SYS_EXIT_EXTENDED, (uintptr_t)block);
    }
    (void)call(SYS_EXIT, APPLICATION_EXIT);
    for (;;) {
    }
}

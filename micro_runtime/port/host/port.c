/* SPDX-License-Identifier: MIT-0 */
/* The machine that builds the firmware, with its C library. */
#include "port.h"

#include <stdio.h>

#include "stack.h"

#if defined(__SANITIZE_ADDRESS__)
#define STACK_WATCHED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_WATCHED 0
#endif
#endif
#ifndef STACK_WATCHED
#define STACK_WATCHED 0x10000
#endif

/* Red zone and frame of the function that paints. */
#define STACK_IN_USE 512

#define MAX_FILES 4

static FILE *files[MAX_FILES];

int32_t mr_file_open(const char *path, mr_file_mode mode)
{
    for (int32_t i = 0; i < MAX_FILES; i++) {
        if (files[i] == NULL) {
            files[i] = fopen(path, mode == MR_FILE_READ ? "rb" : "wb");
            return files[i] != NULL ? i : MR_NO_FILE;
        }
    }
    return MR_NO_FILE;
}

uint32_t mr_file_read(int32_t file, void *data, uint32_t size)
{
    return (uint32_t)fread(data, 1, size, files[file]);
}

uint32_t mr_file_write(int32_t file, const void *data, uint32_t size)
{
    return (uint32_t)fwrite(data, 1, size, files[file]);
}

int mr_file_close(int32_t file)
{
    FILE *stream = files[file];
    files[file] = NULL;
    return fclose(stream);
}

void mr_print(const char *text)
{
    fputs(text, stderr);
}

static uintptr_t aligned(const void *address)
{
    return (uintptr_t)address & ~(uintptr_t)15;
}

uint32_t *mr_stack_lowest(const void *top)
{
    return (uint32_t *)(aligned(top) - STACK_WATCHED);
}

uint32_t *mr_stack_free_end(void)
{
    uintptr_t here = aligned(__builtin_frame_address(0));
    return (uint32_t *)(STACK_WATCHED != 0 ? here - STACK_IN_USE : 0);
}

/* SPDX-License-Identifier: MIT-0 */
#include "harness.h"

#include <stddef.h>

#include "port.h"

#define PATH_SIZE 1024u

static int32_t trace_file = MR_NO_FILE;
static uint32_t current_sample;
static int trace_failed;
static int profiling;

static int fail(const char *what, const char *which)
{
    mr_print("firmware: ");
    mr_print(what);
    mr_print(which);
    mr_print("\n");
    return 1;
}

static int same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static int32_t open_file(const char *directory, const char *name, mr_file_mode mode)
{
    static char path[PATH_SIZE];
    uint32_t length = 0;
    const char *parts[] = {directory, "/", name};
    for (uint32_t i = 0; i < 3; i++) {
        for (const char *c = parts[i]; *c != '\0'; c++) {
            if (length + 1 >= PATH_SIZE) {
                fail("path too long: ", directory);
                return MR_NO_FILE;
            }
            path[length++] = *c;
        }
    }
    path[length] = '\0';
    int32_t file = mr_file_open(path, mode);
    if (file == MR_NO_FILE) {
        fail("cannot open ", path);
    }
    return file;
}

static void trace(void *user, const mr_event *event)
{
    (void)user;
    const mr_trace_record record = {
        .sample = current_sample,
        .op = event->op,
        .output = event->output,
        .first_row = event->first_row,
        .row_count = event->row_count,
        .row_bytes = event->row_bytes,
    };
    if (mr_file_write(trace_file, &record, sizeof record) != sizeof record) {
        trace_failed = 1;
    }
    for (uint32_t i = 0; i < event->row_count; i++) {
        const uint8_t *row = mr_event_row(event, i);
        if (mr_file_write(trace_file, row, event->row_bytes) != event->row_bytes) {
            trace_failed = 1;
        }
    }
}

typedef enum sample_status { SAMPLE_READ, SAMPLE_NONE, SAMPLE_CUT_OFF } sample_status;

static sample_status read_sample(int32_t file)
{
    for (uint32_t i = 0; i < mr_subject_input_count; i++) {
        uint32_t size = mr_subject_input_size(i);
        uint32_t got = mr_file_read(file, mr_subject_input(i), size);
        if (got != size) {
            return got == 0 && i == 0 ? SAMPLE_NONE : SAMPLE_CUT_OFF;
        }
    }
    return SAMPLE_READ;
}

static int write_sample(int32_t file)
{
    for (uint32_t i = 0; i < mr_subject_output_count; i++) {
        uint32_t size = mr_subject_output_size(i);
        if (mr_file_write(file, mr_subject_output(i), size) != size) {
            return fail("cannot write output.bin", "");
        }
    }
    return 0;
}

/* Runs all samples; the deepest stack goes to `deepest`. A model without inputs runs once. */
static int run_samples(int32_t input, int32_t output, uint32_t *deepest)
{
    for (current_sample = 0;; current_sample++) {
        sample_status status = read_sample(input);
        if (status == SAMPLE_CUT_OFF) {
            return fail("input.bin ends within a sample", "");
        }
        if (status == SAMPLE_NONE || (mr_subject_input_count == 0 && current_sample == 1)) {
            return 0;
        }
        uint32_t stack = 0;
        mr_status result = profiling ? mr_subject_profile() : mr_subject_invoke(&stack);
        if (result != MR_OK) {
            return fail("a kernel failed", "");
        }
        if (stack == MR_STACK_OVERFLOW) {
            return fail("stack overflow", "");
        }
        *deepest = stack > *deepest ? stack : *deepest;
        if (write_sample(output) != 0) {
            return 1;
        }
    }
}

static int write_report(const char *directory, uint32_t stack)
{
    char text[] = "stack 0000000000\n";
    for (uint32_t i = sizeof text - 2; text[--i] != ' '; stack /= 10u) {
        text[i] = (char)('0' + stack % 10u);
    }
    int32_t file = open_file(directory, "report.txt", MR_FILE_WRITE);
    if (file == MR_NO_FILE) {
        return 1;
    }
    uint32_t size = sizeof text - 1;
    int failed = mr_file_write(file, text, size) != size;
    return mr_file_close(file) != 0 || failed ? fail("cannot write report.txt", "") : 0;
}

static int run(const char *directory)
{
    int32_t input = open_file(directory, "input.bin", MR_FILE_READ);
    int32_t output = open_file(directory, "output.bin", MR_FILE_WRITE);
    if (input == MR_NO_FILE || output == MR_NO_FILE) {
        return 1;
    }
    uint32_t stack = 0;
    int code = run_samples(input, output, &stack);
    (void)mr_file_close(input);
    if (mr_file_close(output) != 0 && code == 0) {
        code = fail("cannot write output.bin", "");
    }
    return code == 0 ? write_report(directory, stack) : code;
}

int mr_harness(const char *mode, const char *directory)
{
    int tracing = same(mode, "trace");
    profiling = same(mode, "profile");
    if (!tracing && !profiling && !same(mode, "run")) {
        return fail("arguments: run|trace|profile DIRECTORY, not ", mode);
    }
    if (mr_subject_init(tracing ? trace : NULL) != MR_OK) {
        return fail("the model rejects its arena", "");
    }
    if (!tracing) {
        return run(directory);
    }
    trace_file = open_file(directory, "trace.bin", MR_FILE_WRITE);
    if (trace_file == MR_NO_FILE) {
        return 1;
    }
    int code = run(directory);
    if (mr_file_close(trace_file) != 0 || trace_failed) {
        return fail("cannot write trace.bin", "");
    }
    return code;
}

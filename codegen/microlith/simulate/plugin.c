/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU plugin that counts the instructions of a guest, exactly.
 *
 * Options: mark=ADDRESS (hexadecimal) of a function of the guest, out=FILE, histogram=FILE. At each
 * call of that function, the number of instructions executed so far is noted; the first FILE, which
 * appears at once, gets one number a line at the end.
 *
 * Calls come in pairs, around a span of interest. For each span the second FILE gets a line "span"
 * and then, for each block that ran in it, a line with its executions, how many of them left it by
 * a jump (not to the instruction that follows it in memory), and the addresses of its instructions.
 *
 * A block of translated code has no way out but its end, unless an instruction in it faults, so
 * one counter a block is exact.
 *
 * Version 1 of the interface (QEMU 4.2 to 8.2) has callbacks alone. From version 2 on (QEMU 9.0),
 * executions are counted by code that is inlined into the block, on a scoreboard; a callback is
 * still needed for jumps. Version 7 calls back without the plugin's id.
 *
 * QEMU's header is not packaged everywhere: the few functions that are needed are declared here;
 * with -include qemu-plugin.h the compiler compares them with those of the header. The build
 * defines PLUGIN_API_VERSION as one that the emulator accepts.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

#ifndef QEMU_PLUGIN_VERSION
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
#if PLUGIN_API_VERSION >= 2
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
struct qemu_plugin_scoreboard;
typedef struct {
    struct qemu_plugin_scoreboard *score;
    size_t offset;
} qemu_plugin_u64;
#endif
#endif

typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_udata_cb)(unsigned int cpu, void *user);
#if PLUGIN_API_VERSION >= 7
typedef void (*udata_cb)(void *user);
#else
typedef void (*udata_cb)(qemu_plugin_id_t id, void *user);
#endif

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_udata_cb callback,
                                          enum qemu_plugin_cb_flags flags, void *user);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_udata_cb callback,
                                            enum qemu_plugin_cb_flags flags, void *user);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, udata_cb callback, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
#if PLUGIN_API_VERSION >= 2
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
                                                       enum qemu_plugin_op operation,
                                                       qemu_plugin_u64 entry, uint64_t value);
#endif

EXPORT int qemu_plugin_version = PLUGIN_API_VERSION;

/* A run of instructions that execute together, as QEMU translated it. */
typedef struct block {
    struct block *next;
#if PLUGIN_API_VERSION >= 2
    qemu_plugin_u64 counter; /* of executions */
#else
    uint64_t counter;
#endif
    uint64_t executions_at_mark;
    uint64_t jumps, jumps_at_mark;
    uint64_t end; /* address of what follows it in memory */
    uint32_t count;
    uint64_t address[];
} block;

/* Where in a block the marked function starts. */
typedef struct mark_site {
    block *block;
    uint32_t index;
} mark_site;

static block *blocks;
static uint64_t mark_address;
static uint64_t *notes;
static size_t note_count, note_capacity;
static FILE *out, *histogram;
static block *previous;

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (memory == NULL) {
        fputs("microlith plugin: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void note_jump(block *b)
{
    if (previous != NULL && previous->end != b->address[0]) {
        previous->jumps++;
    }
    previous = b;
}

#if PLUGIN_API_VERSION >= 2

static uint64_t executions(const block *b)
{
    return qemu_plugin_u64_sum(b->counter);
}

static void on_block(unsigned int cpu, void *user)
{
    (void)cpu;
    note_jump(user);
}

static void count_executions(struct qemu_plugin_tb *tb, block *b)
{
    b->counter = (qemu_plugin_u64){.score = qemu_plugin_scoreboard_new(sizeof(uint64_t))};
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, b->counter,
                                                      1);
    if (histogram != NULL) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
    }
}

#else

static uint64_t executions(const block *b)
{
    return b->counter;
}

static void on_block(unsigned int cpu, void *user)
{
    (void)cpu;
    block *b = user;
    note_jump(b);
    b->counter++;
}

static void count_executions(struct qemu_plugin_tb *tb, block *b)
{
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
}

#endif

/* Instructions so far, without those of the current block from the mark on. */
static uint64_t executed_before(const mark_site *site)
{
    uint64_t total = 0;
    for (const block *b = blocks; b != NULL; b = b->next) {
        total += executions(b) * b->count;
    }
    return total - (site->block->count - site->index);
}

static void start_span(void)
{
    for (block *b = blocks; b != NULL; b = b->next) {
        b->executions_at_mark = executions(b);
        b->jumps_at_mark = b->jumps;
    }
}

/* The marked function's own block counts as from its first mark to its second. */
static void write_span(void)
{
    fputs("span\n", histogram);
    for (const block *b = blocks; b != NULL; b = b->next) {
        uint64_t runs = executions(b) - b->executions_at_mark;
        if (runs == 0 && b->jumps == b->jumps_at_mark) {
            continue;
        }
        fprintf(histogram, "%" PRIu64 " %" PRIu64, runs, b->jumps - b->jumps_at_mark);
        for (uint32_t i = 0; i < b->count; i++) {
            fprintf(histogram, " %" PRIx64, b->address[i]);
        }
        fputc('\n', histogram);
    }
}

static void on_mark(unsigned int cpu, void *user)
{
    (void)cpu;
    if (note_count == note_capacity) {
        note_capacity = note_capacity == 0 ? 64 : note_capacity * 2;
        notes = allocate(notes, note_capacity * sizeof *notes);
    }
    notes[note_count++] = executed_before(user);
    if (histogram == NULL) {
        return;
    }
    if (note_count % 2 == 0) {
        write_span();
    } else {
        start_span();
    }
}

static void watch_mark(struct qemu_plugin_insn *insn, block *b, uint32_t index)
{
    mark_site *site = allocate(NULL, sizeof *site);
    *site = (mark_site){.block = b, .index = index};
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, site);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    uint32_t count = (uint32_t)qemu_plugin_tb_n_insns(tb);
    block *b = allocate(NULL, sizeof *b + count * sizeof b->address[0]);
    *b = (block){.next = blocks, .count = count};
    blocks = b;
    count_executions(tb, b);
    for (uint32_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        b->address[i] = qemu_plugin_insn_vaddr(insn);
        b->end = b->address[i] + qemu_plugin_insn_size(insn);
        if (b->address[i] == mark_address) {
            watch_mark(insn, b, i);
        }
    }
}

static void write_notes(void)
{
    for (size_t i = 0; i < note_count; i++) {
        fprintf(out, "%" PRIu64 "\n", notes[i]);
    }
    fclose(out);
    if (histogram != NULL) {
        fclose(histogram);
    }
}

#if PLUGIN_API_VERSION >= 7

static void on_exit_of_emulator(void *user)
{
    (void)user;
    write_notes();
}

#else

static void on_exit_of_emulator(qemu_plugin_id_t id, void *user)
{
    (void)id;
    (void)user;
    write_notes();
}

#endif

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "mark=", 5) == 0) {
            mark_address = strtoull(argv[i] + 5, NULL, 16);
        } else if (strncmp(argv[i], "out=", 4) == 0 && out == NULL) {
            out = fopen(argv[i] + 4, "w");
        } else if (strncmp(argv[i], "histogram=", 10) == 0 && histogram == NULL) {
            histogram = fopen(argv[i] + 10, "w");
        } else {
            fprintf(stderr, "microlith plugin: bad option %s\n", argv[i]);
            return 1;
        }
    }
    if (out == NULL) {
        fputs("microlith plugin: no file to write to\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
    return 0;
}

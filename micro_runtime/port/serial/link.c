/* SPDX-License-Identifier: MIT-0 */
#include "link.h"

#include <string.h>

#include "counter.h"
#include "harness.h"
#include "port.h"
#include "stack.h"

#define SYNC_0      0xc5u
#define SYNC_1      'M'
#define HEADER_SIZE 6u
#define CRC_SIZE    4u
#define NUMBER_SIZE 4u

/* Header and payload of the frame being sent, and of its answer. */
static uint8_t request[HEADER_SIZE + MR_LINK_PAYLOAD + CRC_SIZE];
static uint8_t answer[MR_LINK_PAYLOAD];
static uint8_t sequence;

static uint32_t crc32(uint32_t crc, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (uint32_t bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return crc;
}

static void put(uint8_t *to, uint32_t value)
{
    for (uint32_t i = 0; i < NUMBER_SIZE; i++) {
        to[i] = (uint8_t)(value >> (8u * i));
    }
}

static uint32_t get(const uint8_t *from)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < NUMBER_SIZE; i++) {
        value |= (uint32_t)from[i] << (8u * i);
    }
    return value;
}

typedef struct frame {
    uint8_t kind;
    uint8_t sequence;
    uint32_t length; /* of the payload, which is in `answer` */
    int sound;
} frame;

/* Skips noise up to the next frame. */
static frame receive(void)
{
    uint8_t last = 0;
    uint8_t byte = 0;
    while (last != SYNC_0 || byte != SYNC_1) {
        last = byte;
        byte = mr_serial_read();
    }
    uint8_t header[4];
    for (uint32_t i = 0; i < sizeof header; i++) {
        header[i] = mr_serial_read();
    }
    frame f = {
        .kind = header[0],
        .sequence = header[1],
        .length = (uint32_t)header[2] | (uint32_t)header[3] << 8,
        .sound = 0,
    };
    if (f.length > MR_LINK_PAYLOAD) {
        return f;
    }
    uint8_t check[CRC_SIZE];
    for (uint32_t i = 0; i < f.length; i++) {
        answer[i] = mr_serial_read();
    }
    for (uint32_t i = 0; i < CRC_SIZE; i++) {
        check[i] = mr_serial_read();
    }
    uint32_t crc = crc32(crc32(UINT32_MAX, header, sizeof header), answer, f.length);
    f.sound = ~crc == get(check);
    return f;
}

static uint8_t *payload(void)
{
    return request + HEADER_SIZE;
}

/* Sends the payload in `request` until it is answered; returns the answer's length. */
static uint32_t exchange(uint8_t kind, uint32_t length)
{
    sequence++;
    const uint8_t header[HEADER_SIZE] = {
        SYNC_0, SYNC_1, kind, sequence, (uint8_t)length, (uint8_t)(length >> 8),
    };
    memcpy(request, header, HEADER_SIZE);
    uint32_t crc = crc32(UINT32_MAX, request + 2, HEADER_SIZE - 2 + length);
    put(request + HEADER_SIZE + length, ~crc);
    mr_serial_write(request, HEADER_SIZE + length + CRC_SIZE);
    for (;;) {
        frame f = receive();
        if (f.sound && f.kind == 'A' && f.sequence == sequence) {
            return f.length;
        }
        if (!f.sound || f.kind == 'N') {
            mr_serial_write(request, HEADER_SIZE + length + CRC_SIZE);
        }
    }
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t number_answered(uint8_t kind, uint32_t length)
{
    return exchange(kind, length) == NUMBER_SIZE ? get(answer) : UINT32_MAX;
}

int32_t mr_file_open(const char *path, mr_file_mode mode)
{
    uint32_t length = (uint32_t)strlen(path);
    if (length >= MR_LINK_PAYLOAD) {
        return MR_NO_FILE;
    }
    payload()[0] = mode == MR_FILE_READ ? 'r' : 'w';
    memcpy(payload() + 1, path, length);
    return (int32_t)number_answered('O', length + 1);
}

uint32_t mr_file_read(int32_t file, void *data, uint32_t size)
{
    uint32_t done = 0;
    while (done < size) {
        put(payload(), (uint32_t)file);
        put(payload() + NUMBER_SIZE, smaller(size - done, MR_LINK_PAYLOAD));
        uint32_t got = smaller(exchange('R', 2 * NUMBER_SIZE), size - done);
        if (got == 0) {
            break;
        }
        memcpy((uint8_t *)data + done, answer, got);
        done += got;
    }
    return done;
}

uint32_t mr_file_write(int32_t file, const void *data, uint32_t size)
{
    uint32_t done = 0;
    while (done < size) {
        uint32_t part = smaller(size - done, MR_LINK_PAYLOAD - NUMBER_SIZE);
        put(payload(), (uint32_t)file);
        memcpy(payload() + NUMBER_SIZE, (const uint8_t *)data + done, part);
        if (number_answered('W', NUMBER_SIZE + part) != part) {
            break;
        }
        done += part;
    }
    return done;
}

int mr_file_close(int32_t file)
{
    put(payload(), (uint32_t)file);
    return (int)number_answered('C', NUMBER_SIZE);
}

void mr_print(const char *text)
{
    uint32_t length = smaller((uint32_t)strlen(text), MR_LINK_PAYLOAD);
    memcpy(payload(), text, length);
    (void)exchange('P', length);
}

/* What runs the board knows its stack, this code does not: nothing is painted. */
uint32_t *mr_stack_lowest(const void *top)
{
    return (uint32_t *)((uintptr_t)top & ~(uintptr_t)3);
}

uint32_t *mr_stack_free_end(void)
{
    return (uint32_t *)0;
}

static int count_cycles(void)
{
    if (mr_counter_open("cycles.bin") != 0) {
        return 1;
    }
    int code = mr_harness("profile", ".");
    return mr_counter_close() != 0 ? 1 : code;
}

int mr_link_run(void)
{
    static char mode[8];
    uint32_t length = smaller((uint32_t)strlen(mr_link_identity), MR_LINK_PAYLOAD);
    memcpy(payload(), mr_link_identity, length);
    length = smaller(exchange('H', length), sizeof mode - 1);
    memcpy(mode, answer, length);
    mode[length] = '\0';
    int code = strcmp(mode, "cycles") == 0 ? count_cycles() : mr_harness(mode, ".");
    put(payload(), (uint32_t)code);
    (void)exchange('X', NUMBER_SIZE);
    return code;
}

/* SPDX-License-Identifier: MIT-0 */
/* The harness as a firmware that gets its arguments by semihosting. */
#include <stdint.h>

#include "harness.h"
#include "port.h"
#include "semihosting.h"

#define LINE_SIZE 1088u

/* Takes "firmware MODE DIRECTORY" apart; the directory may hold spaces. */
int main(void)
{
    static char line[LINE_SIZE];
    if (mr_semihosting_command_line(line, sizeof line) != 0) {
        mr_print("firmware: the command line is too long\n");
        return 1;
    }
    char *words[3] = {line, line, line};
    for (uint32_t i = 1; i < 3; i++) {
        char *end = words[i - 1];
        while (*end != ' ' && *end != '\0') {
            end++;
        }
        if (*end == '\0') {
            mr_print("usage: firmware run|trace|profile DIRECTORY\n");
            return 2;
        }
        *end = '\0';
        words[i] = end + 1;
    }
    return mr_harness(words[1], words[2]);
}

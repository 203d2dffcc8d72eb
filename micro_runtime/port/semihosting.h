/* SPDX-License-Identifier: MIT-0 */
/* Semihosting: services of the debugger or emulator that runs the firmware. */
#ifndef MICROLITH_SEMIHOSTING_H
#define MICROLITH_SEMIHOSTING_H

#include <stdint.h>

/* Copies the command line, ended by a zero, into `line`; 0 when it fits. */
int mr_semihosting_command_line(char *line, uint32_t size);

/* Ends the run with an exit code. */
_Noreturn void mr_semihosting_exit(int code);

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The harness as a program of this machine. */
#include "harness.h"
#include "port.h"

int main(int argc, char **argv)
{
    if (argc < 3) {
        mr_print("usage: firmware run|trace|profile DIRECTORY\n");
        return 2;
    }
    return mr_harness(argv[1], argv[2]);
}

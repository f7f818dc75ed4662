// SPDX-License-Identifier: Apache-2.0
// Starting a process with a pipe at each end, and waiting for it.
#ifndef CCODECS_PROCESS_H
#define CCODECS_PROCESS_H

#include <stdint.h>

// Starts a program whose descriptors 0 and 1 are the given ones, with no signal blocked and the default handling of all.
// `arguments` ends in null; the environment is that of the caller. Returns 0, or the number of the error.
int32_t ck_process_start(
    int32_t *process, const char *path, char *const *arguments, int32_t input, int32_t output);

// Waits for a process that was started so: its status, 128 plus the number of the signal that ended it, or -1.
int32_t ck_process_wait(int32_t process);

#endif

// SPDX-License-Identifier: Apache-2.0
//
// What libFuzzer offers to programs that call it.

#ifndef FUZZER_H
#define FUZZER_H

#include <stddef.h>
#include <stdint.h>

// Runs the fuzzer with its own options until it ends the process or has nothing more to do.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));

// Changes an input in place; returns its new size.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);

#endif

// SPDX-License-Identifier: Apache-2.0
//
// What libFuzzer offers to programs that call it.

#ifndef FUZZER_H
#define FUZZER_H

#include <stddef.h>
#include <stdint.h>

// Changes an input in place; returns its new size.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);

#endif

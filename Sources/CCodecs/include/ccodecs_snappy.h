// SPDX-License-Identifier: Apache-2.0
// Raw snappy blocks by libsnappy. The framing format is written in Swift over these calls.
#ifndef CCODECS_SNAPPY_H
#define CCODECS_SNAPPY_H

#include <stddef.h>
#include <stdint.h>

/// The most bytes that a block of `size` bytes becomes.
size_t ck_snappy_bound(size_t size);
/// Compress one block into room for at least the bound. Answers 0 and the size, or libsnappy's status.
int32_t ck_snappy_compress(const void *source, size_t size, void *room, size_t capacity, size_t *written);
/// Decompress one block into room for at least its declared size. Answers 0 and the size, or libsnappy's status.
int32_t ck_snappy_decompress(const void *source, size_t size, void *room, size_t capacity, size_t *written);

#endif

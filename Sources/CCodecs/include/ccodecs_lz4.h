// SPDX-License-Identifier: Apache-2.0
// LZ4 blocks by liblz4. The frame format is not here: it is written in Swift over these calls.
#ifndef CCODECS_LZ4_H
#define CCODECS_LZ4_H

#include <stddef.h>
#include <stdint.h>

/// Bytes of memory for a compression state, to be aligned to 16.
size_t ck_lz4_state_size(void);
size_t ck_lz4hc_state_size(void);

/// Compress one block with a state in any condition. The result is the size, 0 when `capacity` does not suffice.
int32_t ck_lz4_compress(void *state, const void *source, int32_t size, void *room, int32_t capacity,
                        int32_t acceleration);
int32_t ck_lz4hc_compress(void *state, const void *source, int32_t size, void *room, int32_t capacity, int32_t level);

/// Digest a dictionary into a state of its own. The dictionary must outlive the state's use.
void ck_lz4_load_dictionary(void *state, const void *dictionary, int32_t size);
void ck_lz4hc_load_dictionary(void *state, const void *dictionary, int32_t size, int32_t level);

/// Compress one block with a digested dictionary, which is only read.
int32_t ck_lz4_compress_with(void *state, const void *dictionary, const void *source, int32_t size, void *room,
                             int32_t capacity, int32_t acceleration);
int32_t ck_lz4hc_compress_with(void *state, const void *dictionary, const void *source, int32_t size, void *room,
                               int32_t capacity, int32_t level);

/// Decompress one block. `history` (at most the last 64 KiB count) may end where `room` begins, or lie elsewhere.
/// The result is the size, or `-1 - n` when byte n of the block is at fault or `capacity` does not suffice.
int32_t ck_lz4_decompress(const void *source, int32_t size, void *room, int32_t capacity, const void *history,
                          int32_t history_size);

#endif

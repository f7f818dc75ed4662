// SPDX-License-Identifier: Apache-2.0
// The C libraries called directly, the way their own documentation shows: what the wrapped codecs are compared with.
#ifndef PEERS_H
#define PEERS_H

#include <stddef.h>
#include <stdint.h>

/// Compresses or restores a whole buffer in pieces of the format's usual size; answers the number of bytes written, or 0
/// on failure. `scratch` survives between calls.
typedef size_t (*peer_call)(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

size_t peer_snappy_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_snappy_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_zstd_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_zstd_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_lz4_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_lz4_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_deflate_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
size_t peer_deflate_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

/// CPU time of this process in nanoseconds.
uint64_t peer_cpu_nanoseconds(void);

#endif

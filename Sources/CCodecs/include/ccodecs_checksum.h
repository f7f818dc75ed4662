// SPDX-License-Identifier: Apache-2.0
// Checksums: libxxhash, libdeflate (Adler-32) and ISA-L (CRC-32, CRC-32C), each by its fastest routine.
#ifndef CCODECS_CHECKSUM_H
#define CCODECS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// A 128-bit hash value.
typedef struct {
  uint64_t low;
  uint64_t high;
} ck_hash128;

uint32_t ck_crc32(uint32_t crc, const void *data, size_t size);
uint32_t ck_adler32(uint32_t adler, const void *data, size_t size);
/// CRC-32C (Castagnoli), with the usual inversion before and after.
uint32_t ck_crc32c(uint32_t crc, const void *data, size_t size);
/// The CRC-32 of two pieces joined; `size` is the length of the second.
uint32_t ck_crc32_combine(uint32_t first, uint32_t second, uint64_t size);

uint32_t ck_xxh32(const void *data, size_t size, uint32_t seed);
uint64_t ck_xxh64(const void *data, size_t size, uint64_t seed);
uint64_t ck_xxh3_64(const void *data, size_t size);
ck_hash128 ck_xxh3_128(const void *data, size_t size);

/// Streaming states. `create` answers NULL when memory is out.
void *ck_xxh32_create(uint32_t seed);
void ck_xxh32_reset(void *state, uint32_t seed);
void ck_xxh32_update(void *state, const void *data, size_t size);
uint32_t ck_xxh32_digest(const void *state);
void ck_xxh32_copy(void *state, const void *from);
void ck_xxh32_free(void *state);

void *ck_xxh64_create(uint64_t seed);
void ck_xxh64_reset(void *state, uint64_t seed);
void ck_xxh64_update(void *state, const void *data, size_t size);
uint64_t ck_xxh64_digest(const void *state);
void ck_xxh64_free(void *state);

void *ck_xxh3_create(void);
void ck_xxh3_reset64(void *state);
void ck_xxh3_reset128(void *state);
void ck_xxh3_update64(void *state, const void *data, size_t size);
void ck_xxh3_update128(void *state, const void *data, size_t size);
uint64_t ck_xxh3_digest64(const void *state);
ck_hash128 ck_xxh3_digest128(const void *state);
void ck_xxh3_free(void *state);

#endif

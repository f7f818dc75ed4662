// SPDX-License-Identifier: Apache-2.0
// Checksums that take their data in one go or continue from a number, and the classic XXH states.
#include "ccodecs_checksum.h"

#include <isa-l/crc.h>
#include <libdeflate.h>
#include <xxhash.h>
#include <zlib.h>

// ISA-L knows wider carry-less multiplications than libdeflate 1.14: four times its speed where the processor has them.
uint32_t ck_crc32(uint32_t crc, const void *data, size_t size) {
  return size > 0 ? crc32_gzip_refl(crc, data, size) : crc;
}

// The library takes a null pointer as a wish to start anew; here it is an empty span.
uint32_t ck_adler32(uint32_t adler, const void *data, size_t size) {
  return size > 0 ? libdeflate_adler32(adler, data, size) : adler;
}

uint32_t ck_crc32c(uint32_t crc, const void *data, size_t size) {
  const unsigned char *next = data;
  crc = ~crc;
  while (size > 0) {
    // The library counts in int.
    int part = size > (1 << 30) ? 1 << 30 : (int)size;
    crc = crc32_iscsi((unsigned char *)next, part, crc);
    next += part;
    size -= (size_t)part;
  }
  return ~crc;
}

uint32_t ck_crc32_combine(uint32_t first, uint32_t second, uint64_t size) {
  // The library counts in a signed type and never returns from a negative size. Appending zeros repeats itself after
  // 2^32 - 1 bytes, because the polynomial is primitive.
  return (uint32_t)crc32_combine(first, second, (z_off_t)(size % 0xFFFFFFFFu));
}

uint64_t ck_xxh64(const void *data, size_t size, uint64_t seed) { return XXH64(data, size, seed); }

void *ck_xxh64_create(uint64_t seed) {
  XXH64_state_t *state = XXH64_createState();
  if (state) XXH64_reset(state, seed);
  return state;
}

void ck_xxh64_reset(void *state, uint64_t seed) { XXH64_reset(state, seed); }

void ck_xxh64_update(void *state, const void *data, size_t size) {
  if (size > 0) XXH64_update(state, data, size);
}

uint64_t ck_xxh64_digest(const void *state) { return XXH64_digest(state); }

void ck_xxh64_free(void *state) { XXH64_freeState(state); }

// SPDX-License-Identifier: Apache-2.0
//
// Drives every shim of CCodecs that handles bytes, for Valgrind and the sanitizer of undefined behaviour: sound and
// damaged data, every small size, rooms that end exactly where memory ends.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccodecs_checksum.h"
#include "ccodecs_deflate.h"
#include "ccodecs_lz4.h"
#include "ccodecs_memory.h"
#include "ccodecs_sha256.h"
#include "ccodecs_snappy.h"
#include "ccodecs_zstd.h"

static unsigned long checks;

static void check(int holds, const char *what, size_t size) {
  checks++;
  if (holds) return;
  fprintf(stderr, "shims: %s, size %zu\n", what, size);
  exit(1);
}

static uint32_t state = 7;
static uint32_t next(void) { return state = state * 1664525u + 1013904223u, state >> 8; }

// Blocks of exactly the size that is used, so that one byte more is found.
static uint8_t *block(size_t size) {
  uint8_t *bytes = malloc(size ? size : 1);
  check(bytes != NULL, "memory", size);
  return bytes;
}

static uint8_t *content(size_t size, int kind) {
  uint8_t *bytes = block(size);
  for (size_t i = 0; i < size; i++) {
    bytes[i] = kind == 0 ? 0 : kind == 1 ? "some rows of text "[i % 18] : (uint8_t)next();
  }
  return bytes;
}

static uint8_t *copy(const uint8_t *bytes, size_t size) {
  uint8_t *other = block(size);
  memcpy(other, bytes, size);
  return other;
}

static void damage(uint8_t *bytes, size_t size) {
  for (int i = 0; size && i < 3; i++) bytes[next() % size] ^= (uint8_t)(1u << next() % 8);
}

static void checksums(const uint8_t *data, size_t size) {
  size_t half = size / 3;
  check(ck_crc32(ck_crc32(0, data, half), data + half, size - half) == ck_crc32(0, data, size), "crc32", size);
  check(ck_adler32(ck_adler32(1, data, half), data + half, size - half) == ck_adler32(1, data, size), "adler32", size);
  check(ck_crc32c(ck_crc32c(0, data, half), data + half, size - half) == ck_crc32c(0, data, size), "crc32c", size);
  check(ck_crc32_combine(ck_crc32(0, data, half), ck_crc32(0, data + half, size - half), size - half) ==
            ck_crc32(0, data, size), "crc32 combine", size);
  void *narrow = ck_xxh32_create(5), *wide = ck_xxh64_create(5), *third = ck_xxh3_create();
  ck_xxh32_update(narrow, data, half);
  ck_xxh32_update(narrow, data + half, size - half);
  check(ck_xxh32_digest(narrow) == ck_xxh32(data, size, 5), "xxh32", size);
  ck_xxh64_update(wide, data, half);
  ck_xxh64_update(wide, data + half, size - half);
  check(ck_xxh64_digest(wide) == ck_xxh64(data, size, 5), "xxh64", size);
  ck_xxh3_reset64(third);
  ck_xxh3_update64(third, data, half);
  ck_xxh3_update64(third, data + half, size - half);
  check(ck_xxh3_digest64(third) == ck_xxh3_64(data, size), "xxh3", size);
  ck_xxh3_reset128(third);
  ck_xxh3_update128(third, data, half);
  ck_xxh3_update128(third, data + half, size - half);
  ck_hash128 streamed = ck_xxh3_digest128(third), once = ck_xxh3_128(data, size);
  check(memcmp(&streamed, &once, sizeof once) == 0, "xxh3 of 128 bits", size);
  ck_xxh32_free(narrow);
  ck_xxh64_free(wide);
  ck_xxh3_free(third);
  ck_sha256_state sha;
  ck_sha256_start(&sha);
  ck_sha256_update(&sha, data, half);
  ck_sha256_update(&sha, data + half, size - half);
  ck_sha256_digest one = ck_sha256(data, size), two = ck_sha256_value(&sha);
  check(memcmp(&one, &two, sizeof one) == 0, "sha256", size);
}

static void snappy(const uint8_t *data, size_t size) {
  size_t room = ck_snappy_bound(size), packed = 0, plain = 0;
  uint8_t *target = block(room), *again = block(size);
  check(ck_snappy_compress(data, size, target, room, &packed) == 0, "snappy compresses", size);
  uint8_t *exact = copy(target, packed);
  check(ck_snappy_decompress(exact, packed, again, size, &plain) == 0 && plain == size, "snappy decompresses", size);
  check(memcmp(again, data, size) == 0, "snappy brings back", size);
  for (int round = 0; round < 8; round++) {
    damage(exact, packed);
    ck_snappy_decompress(exact, packed, again, size, &plain);
    ck_snappy_decompress(exact, packed / 2, again, size / 2, &plain);
  }
  free(target), free(again), free(exact);
}

static void lz4(const uint8_t *data, size_t size) {
  int32_t capacity = (int32_t)(size + size / 255 + 16);
  void *fast = block(ck_lz4_state_size()), *high = block(ck_lz4hc_state_size());
  for (int level = 0; level < 2; level++) {
    uint8_t *target = block((size_t)capacity), *again = block(size);
    int32_t packed = level ? ck_lz4hc_compress(high, data, (int32_t)size, target, capacity, 9)
                           : ck_lz4_compress(fast, data, (int32_t)size, target, capacity, 1);
    check(packed > 0, "lz4 compresses", size);
    uint8_t *exact = copy(target, (size_t)packed);
    check(ck_lz4_decompress(exact, packed, again, (int32_t)size, NULL, 0) == (int32_t)size, "lz4 decompresses", size);
    check(memcmp(again, data, size) == 0, "lz4 brings back", size);
    for (int round = 0; round < 8; round++) {
      damage(exact, (size_t)packed);
      ck_lz4_decompress(exact, packed, again, (int32_t)size, NULL, 0);
      ck_lz4_decompress(exact, packed / 2, again, (int32_t)(size / 2), NULL, 0);
    }
    free(target), free(again), free(exact);
  }
  free(fast), free(high);
}

static void zstd(const uint8_t *data, size_t size) {
  void *packing = ck_zstd_compressor_create(), *unpacking = ck_zstd_decompressor_create();
  size_t room = ck_zstd_bound(size), packed = 0, plain = 0;
  uint8_t *target = block(room), *again = block(size);
  check(ck_zstd_compressor_set(packing, CK_ZSTD_LEVEL, 3) == 0, "zstd takes a level", size);
  check(ck_zstd_compressor_set(packing, CK_ZSTD_CHECKSUM, 1) == 0, "zstd takes a checksum", size);
  check(ck_zstd_compress(packing, target, room, data, size, &packed) == 0, "zstd compresses", size);
  uint8_t *exact = copy(target, packed);
  check(ck_zstd_decompress(unpacking, again, size, exact, packed, &plain) == 0, "zstd decompresses", size);
  check(plain == size, "zstd brings all", size);
  check(memcmp(again, data, size) == 0, "zstd brings back", size);
  for (int round = 0; round < 8; round++) {
    damage(exact, packed);
    size_t used = 0, made = 0, hint = 0, place = 0;
    ck_zstd_decompressor_reset(unpacking);
    // Byte by byte and with a small room, until an error or the end of the input.
    uint8_t small[7];
    for (int steps = 0; steps < 20000 && place < packed; steps++) {
      if (ck_zstd_decompress_step(unpacking, small, sizeof small, exact + place, 1, &used, &made, &hint) != 0) break;
      place += used;
    }
  }
  ck_zstd_compressor_free(packing), ck_zstd_decompressor_free(unpacking);
  free(target), free(again), free(exact);
}

typedef ck_deflate_step (*unpack)(void *, const void *, size_t, void *, size_t);

static void inflate(unpack run, void *unpacking, const uint8_t *exact, size_t packed, uint8_t *again, size_t size,
                    const uint8_t *expected) {
  size_t place = 0, made = 0;
  for (int idle = 0; idle < 3;) {
    size_t piece = packed - place < 11 ? packed - place : 11;
    ck_deflate_step step = run(unpacking, exact + place, piece, again + made, size - made);
    place += step.consumed, made += step.produced;
    check(place <= packed && made <= size, "inflate stays within its buffers", size);
    if (step.ended || step.status < 0) break;
    idle = step.consumed || step.produced ? 0 : idle + 1;
  }
  if (expected) check(made == size && memcmp(again, expected, size) == 0, "inflate brings back", size);
}

static void deflate(const uint8_t *data, size_t size) {
  size_t capacity = size + size / 8 + 1024;
  for (int library = 0; library < 3; library++) {
    uint8_t *target = block(capacity), *again = block(size);
    size_t packed = 0;
    if (library == 2) {
      void *packing = ck_libdeflate_create(6);
      packed = ck_libdeflate_compress(packing, data, size, target, capacity);
      check(packed > 0 && packed <= ck_libdeflate_bound(packing, size), "libdeflate compresses", size);
      ck_libdeflate_free(packing);
    } else {
      void *packing = library ? ck_zlib_deflate_create(6) : ck_isal_deflate_create(1);
      size_t place = 0;
      for (int steps = 0; steps < 1000; steps++) {
        size_t left = size - place, room = capacity - packed;
        ck_deflate_step step =
            library ? ck_zlib_deflate_run(packing, data + place, left, target + packed, room, CK_DEFLATE_FINISH)
                    : ck_isal_deflate_run(packing, data + place, left, target + packed, room, CK_DEFLATE_FINISH);
        place += step.consumed, packed += step.produced;
        if (step.ended) break;
      }
      check(place == size, "deflate takes all", size);
      if (library) ck_zlib_deflate_free(packing); else ck_isal_deflate_free(packing);
    }
    uint8_t *exact = copy(target, packed);
    void *one = ck_isal_inflate_create(), *two = ck_zlib_inflate_create();
    inflate(ck_isal_inflate_run, one, exact, packed, again, size, data);
    inflate(ck_zlib_inflate_run, two, exact, packed, again, size, data);
    for (int round = 0; round < 8; round++) {
      damage(exact, packed);
      ck_isal_inflate_reset(one), ck_zlib_inflate_reset(two);
      inflate(ck_isal_inflate_run, one, exact, packed, again, size, NULL);
      inflate(ck_zlib_inflate_run, two, exact, packed, again, size, NULL);
    }
    ck_isal_inflate_free(one), ck_zlib_inflate_free(two);
    free(target), free(again), free(exact);
  }
}

int main(void) {
  for (size_t size = 0; size < 3000; size += size < 70 ? 1 : size / 3) {
    for (int kind = 0; kind < 3; kind++) {
      uint8_t *data = content(size, kind);
      checksums(data, size), snappy(data, size), zstd(data, size), deflate(data, size);
      if (size > 0) lz4(data, size);
      free(data);
    }
  }
  void *memory = ck_buffer_allocate((size_t)5 << 20, 0);
  check(memory != NULL, "a large buffer", 0);
  ck_buffer_free(memory);
  printf("shims: %lu checks\n", checks);
  return 0;
}

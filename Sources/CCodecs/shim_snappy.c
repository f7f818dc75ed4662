// SPDX-License-Identifier: Apache-2.0
// Raw snappy blocks: libsnappy's C calls with the size in and the size out kept apart.
#include "ccodecs_snappy.h"

#include <snappy-c.h>

size_t ck_snappy_bound(size_t size) { return snappy_max_compressed_length(size); }

int32_t ck_snappy_compress(const void *source, size_t size, void *room, size_t capacity, size_t *written) {
  *written = capacity;
  return snappy_compress(source, size, room, written);
}

int32_t ck_snappy_decompress(const void *source, size_t size, void *room, size_t capacity, size_t *written) {
  *written = capacity;
  return snappy_uncompress(source, size, room, written);
}

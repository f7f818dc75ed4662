// SPDX-License-Identifier: Apache-2.0
#include "peers.h"

#include <libdeflate.h>
#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

// Each compressed piece is written behind its two sizes, raw and packed, as 32-bit numbers.
enum { SNAPPY_PIECE = 64 << 10, PIECE = 4 << 20 };

static void put(uint8_t *at, size_t raw, size_t packed) {
  uint32_t sizes[2] = {(uint32_t)raw, (uint32_t)packed};
  memcpy(at, sizes, 8);
}

#define COMPRESS_PIECES(piece, expression)                                   \
  size_t done = 0, written = 0;                                              \
  while (done < in_size) {                                                   \
    size_t raw = in_size - done < (piece) ? in_size - done : (piece);        \
    size_t room = out_size - written - 8;                                    \
    const uint8_t *from = in + done;                                         \
    uint8_t *to = out + written + 8;                                         \
    size_t packed = (expression);                                            \
    if (packed == 0) return 0;                                               \
    put(out + written, raw, packed);                                         \
    written += packed + 8;                                                   \
    done += raw;                                                             \
  }                                                                          \
  return written;

#define RESTORE_PIECES(expression)                                           \
  size_t done = 0, written = 0;                                              \
  while (done < in_size) {                                                   \
    uint32_t sizes[2];                                                       \
    memcpy(sizes, in + done, 8);                                             \
    size_t raw = sizes[0], packed = sizes[1];                                \
    const uint8_t *from = in + done + 8;                                     \
    uint8_t *to = out + written % (8 << 20);                                 \
    if (!(expression)) return 0;                                             \
    written += raw;                                                          \
    done += packed + 8;                                                      \
  }                                                                          \
  (void)out_size;                                                            \
  return written;

static size_t snappy_one(const uint8_t *from, size_t raw, uint8_t *to, size_t room) {
  size_t packed = room;
  return snappy_compress((const char *)from, raw, (char *)to, &packed) == SNAPPY_OK ? packed : 0;
}

size_t peer_snappy_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  COMPRESS_PIECES(SNAPPY_PIECE, snappy_one(from, raw, to, room))
}

size_t peer_snappy_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  RESTORE_PIECES(snappy_uncompress((const char *)from, packed, (char *)to, &raw) == SNAPPY_OK)
}

size_t peer_zstd_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  static ZSTD_CCtx *context;
  if (!context) {
    context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  }
  COMPRESS_PIECES(PIECE, ZSTD_compress2(context, to, room, from, raw))
}

size_t peer_zstd_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  static ZSTD_DCtx *context;
  if (!context) context = ZSTD_createDCtx();
  RESTORE_PIECES(ZSTD_decompressDCtx(context, to, raw, from, packed) == raw)
}

size_t peer_lz4_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  COMPRESS_PIECES(PIECE, (size_t)LZ4_compress_default((const char *)from, (char *)to, (int)raw,
                                                      room > (1 << 30) ? 1 << 30 : (int)room))
}

size_t peer_lz4_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  RESTORE_PIECES(LZ4_decompress_safe((const char *)from, (char *)to, (int)packed, (int)raw) == (int)raw)
}

size_t peer_deflate_compress(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  static struct libdeflate_compressor *compressor;
  if (!compressor) compressor = libdeflate_alloc_compressor(6);
  COMPRESS_PIECES(PIECE, libdeflate_gzip_compress(compressor, from, raw, to, room))
}

size_t peer_deflate_restore(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  static struct libdeflate_decompressor *decompressor;
  if (!decompressor) decompressor = libdeflate_alloc_decompressor();
  RESTORE_PIECES(libdeflate_gzip_decompress(decompressor, from, packed, to, raw, NULL) == LIBDEFLATE_SUCCESS)
}

uint64_t peer_cpu_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

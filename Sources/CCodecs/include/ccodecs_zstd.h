// SPDX-License-Identifier: Apache-2.0
// zstd: contexts, whole buffers, streams and dictionaries. Every status is a ZSTD_ErrorCode, 0 for success.
#ifndef CCODECS_ZSTD_H
#define CCODECS_ZSTD_H

#include <stddef.h>
#include <stdint.h>
#include <zstd_errors.h>

/// What a compression context can be told.
enum ck_zstd_parameter {
  CK_ZSTD_LEVEL,
  CK_ZSTD_WINDOW_LOG,
  CK_ZSTD_STRATEGY,
  CK_ZSTD_LONG_DISTANCE,
  CK_ZSTD_CONTENT_SIZE,
  CK_ZSTD_CHECKSUM,
};

/// How a step of a compression stream ends.
enum ck_zstd_directive {
  CK_ZSTD_CONTINUE,
  CK_ZSTD_FLUSH,
  CK_ZSTD_END,
};

/// Compression contexts. `create` answers NULL when memory is out.
void *ck_zstd_compressor_create(void);
void ck_zstd_compressor_free(void *context);
/// Drops the frame in progress; keeps parameters and dictionary.
int32_t ck_zstd_compressor_reset(void *context);
int32_t ck_zstd_compressor_set(void *context, int32_t parameter, int32_t value);
/// Refers to a digested dictionary; NULL for none.
int32_t ck_zstd_compressor_use(void *context, const void *dictionary);
/// Declares the size of the next frame.
int32_t ck_zstd_compressor_pledge(void *context, uint64_t size);
/// Writes one whole frame.
int32_t ck_zstd_compress(void *context, void *output, size_t room, const void *input, size_t size, size_t *written);
/// One step of a stream; `held` is what is left to flush, for the directives that flush.
int32_t ck_zstd_compress_step(void *context, void *output, size_t room, const void *input, size_t size,
                              int32_t directive, size_t *consumed, size_t *produced, size_t *held);
/// The most bytes that a frame of `size` bytes takes.
size_t ck_zstd_bound(size_t size);

/// Decompression contexts, which accept any window that the library can handle: the caller checks headers first.
void *ck_zstd_decompressor_create(void);
void ck_zstd_decompressor_free(void *context);
/// Drops the frame in progress; keeps the dictionary.
int32_t ck_zstd_decompressor_reset(void *context);
int32_t ck_zstd_decompressor_use(void *context, const void *dictionary);
/// Decodes whole frames.
int32_t ck_zstd_decompress(void *context, void *output, size_t room, const void *input, size_t size, size_t *written);
/// One step of a stream; `hint` is 0 when a frame has ended and everything is in the output.
int32_t ck_zstd_decompress_step(void *context, void *output, size_t room, const void *input, size_t size,
                                size_t *consumed, size_t *produced, size_t *hint);

/// Digested dictionaries. `create` answers NULL when the dictionary is damaged or memory is out.
void *ck_zstd_compression_dictionary_create(const void *data, size_t size, int32_t level);
void ck_zstd_compression_dictionary_free(void *dictionary);
void *ck_zstd_decompression_dictionary_create(const void *data, size_t size);
void ck_zstd_decompression_dictionary_free(void *dictionary);
/// The identifier that a dictionary carries, 0 for none.
uint32_t ck_zstd_dictionary_identifier(const void *data, size_t size);
/// Trains a dictionary from samples that lie end to end. The lengths of dmers to try are the library's choice.
int32_t ck_zstd_train(void *output, size_t room, const void *samples, const size_t *sizes, uint32_t count,
                      int32_t level, uint32_t identifier, size_t *written);

/// The library that is linked: `major * 10000 + minor * 100 + patch`.
uint32_t ck_zstd_version(void);
/// The library's text for a status.
const char *ck_zstd_status_name(int32_t status);

#endif

// SPDX-License-Identifier: Apache-2.0
// Raw deflate (RFC 1951) by three libraries: ISA-L, libdeflate and zlib. Wrappers and checksums are not their business.
#ifndef CCODECS_DEFLATE_H
#define CCODECS_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/// What a streaming call did.
typedef struct {
  size_t consumed;
  size_t produced;
  /// The library's own status.
  int32_t status;
  /// Non-zero once the deflate stream has ended and all of it has been delivered.
  int32_t ended;
} ck_deflate_step;

/// How urgently a streaming compressor is to write.
enum { CK_DEFLATE_NONE = 0, CK_DEFLATE_SYNC = 1, CK_DEFLATE_FINISH = 2 };

/// The most bytes that a streaming call is given on either side: the libraries count in 32 bits.
enum { CK_DEFLATE_MAX_CALL = 1 << 30 };

// ISA-L compressor, levels 1 to 3. `create` answers NULL when memory is out.
void *ck_isal_deflate_create(int level);
void ck_isal_deflate_reset(void *state);
ck_deflate_step ck_isal_deflate_run(void *state, const void *in, size_t in_size, void *out, size_t out_size, int flush);
int32_t ck_isal_deflate_set_dictionary(void *state, const void *bytes, size_t size);
void ck_isal_deflate_free(void *state);

// ISA-L decompressor.
void *ck_isal_inflate_create(void);
void ck_isal_inflate_reset(void *state);
ck_deflate_step ck_isal_inflate_run(void *state, const void *in, size_t in_size, void *out, size_t out_size);
/// After the end: copies the bytes that were read ahead of it and do not belong to it; answers how many (at most 8).
size_t ck_isal_inflate_unread(const void *state, uint8_t bytes[8]);
int32_t ck_isal_inflate_set_dictionary(void *state, const void *bytes, size_t size);
void ck_isal_inflate_free(void *state);

// zlib, both ways, levels 0 to 9.
void *ck_zlib_deflate_create(int level);
void ck_zlib_deflate_reset(void *state);
ck_deflate_step ck_zlib_deflate_run(void *state, const void *in, size_t in_size, void *out, size_t out_size, int flush);
int32_t ck_zlib_deflate_set_dictionary(void *state, const void *bytes, size_t size);
void ck_zlib_deflate_free(void *state);

void *ck_zlib_inflate_create(void);
void ck_zlib_inflate_reset(void *state);
ck_deflate_step ck_zlib_inflate_run(void *state, const void *in, size_t in_size, void *out, size_t out_size);
int32_t ck_zlib_inflate_set_dictionary(void *state, const void *bytes, size_t size);
void ck_zlib_inflate_free(void *state);

// libdeflate, whole buffers, levels 0 to 12.
void *ck_libdeflate_create(int level);
size_t ck_libdeflate_bound(void *state, size_t size);
/// Answers the size of the result, 0 when the room is too small.
size_t ck_libdeflate_compress(void *state, const void *in, size_t in_size, void *out, size_t out_size);
void ck_libdeflate_free(void *state);

#endif

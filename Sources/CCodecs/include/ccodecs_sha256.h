// SPDX-License-Identifier: Apache-2.0
// SHA-256 of libcrypto, in one go or piece by piece.
#ifndef CCODECS_SHA256_H
#define CCODECS_SHA256_H

#include <stddef.h>
#include <stdint.h>

/// A SHA-256 value: each word is the big-endian number of eight of its bytes, so that words compare as the bytes do.
typedef struct {
  uint64_t words[4];
} ck_sha256_digest;

/// The state of a hash that is fed piece by piece; plain memory that may be copied and needs no release.
typedef struct {
  uint64_t words[14];
} ck_sha256_state;

ck_sha256_digest ck_sha256(const void *data, size_t size);

void ck_sha256_start(ck_sha256_state *state);
void ck_sha256_update(ck_sha256_state *state, const void *data, size_t size);
/// The hash of everything so far; the state stays as it is.
ck_sha256_digest ck_sha256_value(const ck_sha256_state *state);

const char *ck_version_libcrypto(void);

#endif

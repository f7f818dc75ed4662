// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_memory.h"

#include <stdlib.h>
#include <sys/mman.h>

static const size_t huge_page = (size_t)2 << 20;

void *ck_buffer_allocate(size_t size, int is_sparse) {
  int is_large = size >= huge_page && !is_sparse;
  void *memory = NULL;
  if (posix_memalign(&memory, is_large ? huge_page : 64, size) != 0) return NULL;
  // Only whole huge pages: a tail of a few KiB must not become 2 MiB of memory.
  if (is_large) madvise(memory, size & ~(huge_page - 1), MADV_HUGEPAGE);
  return memory;
}

void ck_buffer_free(void *memory) { free(memory); }

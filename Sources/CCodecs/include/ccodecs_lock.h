// SPDX-License-Identifier: Apache-2.0
// A lock for a few instructions at a time.
#ifndef CCODECS_LOCK_H
#define CCODECS_LOCK_H

/// A lock of the thread library; NULL when there is no memory.
void *ck_lock_create(void);
void ck_lock_free(void *lock);
void ck_lock_take(void *lock);
void ck_lock_release(void *lock);

#endif

// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_lock.h"

#include <pthread.h>
#include <stdlib.h>

void *ck_lock_create(void) {
  pthread_mutex_t *lock = malloc(sizeof *lock);
  if (lock != NULL) pthread_mutex_init(lock, NULL);
  return lock;
}

void ck_lock_free(void *lock) {
  if (lock == NULL) return;
  pthread_mutex_destroy(lock);
  free(lock);
}

void ck_lock_take(void *lock) { pthread_mutex_lock(lock); }

void ck_lock_release(void *lock) { pthread_mutex_unlock(lock); }

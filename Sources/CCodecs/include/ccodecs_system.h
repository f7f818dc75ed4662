// SPDX-License-Identifier: Apache-2.0
// Calls of the C library that Swift cannot see: variadic ones, macros and those that need _GNU_SOURCE.
// Every function returns what the call returned and leaves errno as the call left it.
#ifndef CCODECS_SYSTEM_H
#define CCODECS_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

// "ENOSPC" and "No space left on device"; null for a number the library does not know.
const char *ccodecs_errno_name(int32_t number);
const char *ccodecs_errno_message(int32_t number);

int32_t ccodecs_open(const char *path, int32_t flags, uint32_t mode);
int32_t ccodecs_openat(int32_t directory, const char *path, int32_t flags, uint32_t mode);
int32_t ccodecs_get_descriptor_flags(int32_t descriptor);
int32_t ccodecs_get_status_flags(int32_t descriptor);
int32_t ccodecs_set_status_flags(int32_t descriptor, int32_t flags);
int32_t ccodecs_pipe(int32_t *reader, int32_t *writer);

// Fails with EEXIST instead of replacing.
int32_t ccodecs_rename_exclusive(const char *from, const char *to);
// Both must be there.
int32_t ccodecs_rename_exchange(const char *one, const char *other);
int64_t ccodecs_copy_file_range(int32_t from, int64_t from_offset, int32_t to, int64_t to_offset, size_t count);
int64_t ccodecs_seek_data(int32_t descriptor, int64_t offset);
int64_t ccodecs_seek_hole(int32_t descriptor, int64_t offset);
int64_t ccodecs_getdents(int32_t descriptor, void *buffer, size_t size);
int64_t ccodecs_getrandom(void *buffer, size_t size);

// Locks of open file descriptions over a whole file: 0 unlocks, 1 is shared, 2 exclusive. Without `waits`, a lock that
// another one holds is EAGAIN.
int32_t ccodecs_lock_file(int32_t descriptor, int32_t mode, int32_t waits);
// 1 when another open file description has a lock that keeps this mode from being taken, 0 when none has.
int32_t ccodecs_file_is_locked(int32_t descriptor, int32_t mode);

int32_t ccodecs_host_name(char *buffer, size_t size);

// Starts a program with three descriptors, and with `extra` as number 3 unless that is negative; the default handling of
// all signals and none blocked; with `in_group` it leads a process group of its own. Returns 0, or an error number.
// `arguments` and `environment` end in null.
int32_t ccodecs_spawn(
    int32_t *process, const char *path, char *const *arguments, char *const *environment, int32_t input,
    int32_t output, int32_t errors, int32_t extra, int32_t in_group);
// Waits for a child. The answer is its status, 128 and the signal that ended it, or -1.
int32_t ccodecs_wait(int32_t process);
int32_t ccodecs_terminate(int32_t process);
// 1 when a child has ended, which its number survives until it is waited for; 0 when it has not, without waiting.
int32_t ccodecs_await_exit(int32_t process, int32_t waits);
// Asks a group of processes to end, or ends it.
int32_t ccodecs_end_group(int32_t process, int32_t at_once);
// Becomes another program. Returns only when that is not possible.
int32_t ccodecs_replace_process(const char *path, char *const *arguments);

// Columns and lines of the terminal behind a descriptor, or -1.
int32_t ccodecs_terminal_columns(int32_t descriptor);
int32_t ccodecs_terminal_lines(int32_t descriptor);
int32_t ccodecs_name_thread(const char *name);

// One pointer per thread.
void *ccodecs_thread_slot(void);
void ccodecs_set_thread_slot(void *value);

// A disposition is 0 for default, 1 for ignored, 2 for a handler, -1 for an error.
int32_t ccodecs_signal_disposition(int32_t signal);
int32_t ccodecs_signal_set_default(int32_t signal);
int32_t ccodecs_signal_set_ignored(int32_t signal);

#endif

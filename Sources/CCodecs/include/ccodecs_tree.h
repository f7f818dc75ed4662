// SPDX-License-Identifier: Apache-2.0
// Calls an archiver of file trees needs and Swift cannot see.
// Every function returns -1 and sets errno when the call failed.
#ifndef CCODECS_TREE_H
#define CCODECS_TREE_H

#include <stddef.h>
#include <stdint.h>

// Flags of open that differ between machines or need _GNU_SOURCE.
int32_t ccodecs_no_access_time_flag(void);
int32_t ccodecs_path_only_flag(void);
int32_t ccodecs_unnamed_file_flag(void);

// A duplicate that is closed on exec.
int32_t ccodecs_duplicate(int32_t descriptor);

// openat that follows no symbolic link anywhere and does not leave the directory; ENOSYS where there is no such call.
int32_t ccodecs_open_beneath(int32_t directory, const char *path, int32_t flags);

// Fails with EEXIST instead of replacing.
int32_t ccodecs_rename_exclusive_at(int32_t from_directory, const char *from, int32_t to_directory, const char *to);

// 1 with the time of birth, 0 when the file system keeps none. An empty name is the descriptor itself; a link is not
// followed.
int32_t ccodecs_birth_time(int32_t directory, const char *name, int64_t *seconds, uint32_t *nanoseconds);

// Extended attributes of what path names, where a link as last component is not followed, or of the descriptor when
// path is null.
int64_t ccodecs_list_attributes(int32_t descriptor, const char *path, void *buffer, size_t size);
int64_t ccodecs_get_attribute(int32_t descriptor, const char *path, const char *name, void *buffer, size_t size);
int32_t ccodecs_set_attribute(
    int32_t descriptor, const char *path, const char *name, const void *value, size_t size);
int32_t ccodecs_remove_attribute(int32_t descriptor, const char *path, const char *name);

// The length of the name, which is put at the start of the buffer; 0 when there is no such account; ERANGE when the
// buffer is too small.
int64_t ccodecs_user_name(uint32_t identifier, char *buffer, size_t size);
int64_t ccodecs_group_name(uint32_t identifier, char *buffer, size_t size);

// 1 when found, 0 when there is no such account; ERANGE when the buffer is too small.
int32_t ccodecs_user_identifier(const char *name, char *buffer, size_t size, uint32_t *identifier);
int32_t ccodecs_group_identifier(const char *name, char *buffer, size_t size, uint32_t *identifier);

#endif

// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined(SYS_openat2) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#define HAS_OPENAT2 1
#else
#define HAS_OPENAT2 0
#endif

int32_t ccodecs_no_access_time_flag(void) { return O_NOATIME; }

int32_t ccodecs_path_only_flag(void) { return O_PATH; }

int32_t ccodecs_unnamed_file_flag(void) { return O_TMPFILE; }

int32_t ccodecs_duplicate(int32_t descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 0); }

int32_t ccodecs_open_beneath(int32_t directory, const char *path, int32_t flags) {
#if HAS_OPENAT2
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = (uint32_t)flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return (int32_t)syscall(SYS_openat2, directory, path, &how, sizeof how);
#else
  (void)directory;
  (void)path;
  (void)flags;
  errno = ENOSYS;
  return -1;
#endif
}

int32_t ccodecs_rename_exclusive_at(int32_t from_directory, const char *from, int32_t to_directory, const char *to) {
  return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int32_t ccodecs_birth_time(int32_t directory, const char *name, int64_t *seconds, uint32_t *nanoseconds) {
  struct statx status;
  if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BTIME, &status) != 0) return -1;
  if (!(status.stx_mask & STATX_BTIME)) return 0;
  *seconds = status.stx_btime.tv_sec;
  *nanoseconds = status.stx_btime.tv_nsec;
  return 1;
}

int64_t ccodecs_list_attributes(int32_t descriptor, const char *path, void *buffer, size_t size) {
  return path ? llistxattr(path, buffer, size) : flistxattr(descriptor, buffer, size);
}

int64_t ccodecs_get_attribute(int32_t descriptor, const char *path, const char *name, void *buffer, size_t size) {
  return path ? lgetxattr(path, name, buffer, size) : fgetxattr(descriptor, name, buffer, size);
}

int32_t ccodecs_set_attribute(
    int32_t descriptor, const char *path, const char *name, const void *value, size_t size) {
  return path ? lsetxattr(path, name, value, size, 0) : fsetxattr(descriptor, name, value, size, 0);
}

int32_t ccodecs_remove_attribute(int32_t descriptor, const char *path, const char *name) {
  return path ? lremovexattr(path, name) : fremovexattr(descriptor, name);
}

// A lookup that finds nothing may say so by 0 or by one of these.
static int is_unknown(int error) {
  return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

static int fail(int error) {
  errno = error;
  return -1;
}

static int64_t move_to_start(const char *name, char *buffer, size_t size) {
  size_t length = strlen(name);
  if (length >= size) return fail(ERANGE);
  memmove(buffer, name, length + 1);
  return (int64_t)length;
}

int64_t ccodecs_user_name(uint32_t identifier, char *buffer, size_t size) {
  struct passwd entry;
  struct passwd *found = NULL;
  int error = getpwuid_r(identifier, &entry, buffer, size, &found);
  if (found) return move_to_start(entry.pw_name, buffer, size);
  return is_unknown(error) ? 0 : fail(error);
}

int64_t ccodecs_group_name(uint32_t identifier, char *buffer, size_t size) {
  struct group entry;
  struct group *found = NULL;
  int error = getgrgid_r(identifier, &entry, buffer, size, &found);
  if (found) return move_to_start(entry.gr_name, buffer, size);
  return is_unknown(error) ? 0 : fail(error);
}

int32_t ccodecs_user_identifier(const char *name, char *buffer, size_t size, uint32_t *identifier) {
  struct passwd entry;
  struct passwd *found = NULL;
  int error = getpwnam_r(name, &entry, buffer, size, &found);
  if (found) {
    *identifier = entry.pw_uid;
    return 1;
  }
  return is_unknown(error) ? 0 : fail(error);
}

int32_t ccodecs_group_identifier(const char *name, char *buffer, size_t size, uint32_t *identifier) {
  struct group entry;
  struct group *found = NULL;
  int error = getgrnam_r(name, &entry, buffer, size, &found);
  if (found) {
    *identifier = entry.gr_gid;
    return 1;
  }
  return is_unknown(error) ? 0 : fail(error);
}

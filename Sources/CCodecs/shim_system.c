// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

const char *ccodecs_errno_name(int32_t number) { return strerrorname_np(number); }

const char *ccodecs_errno_message(int32_t number) { return strerrordesc_np(number); }

int32_t ccodecs_open(const char *path, int32_t flags, uint32_t mode) { return open(path, flags, (mode_t)mode); }

int32_t ccodecs_openat(int32_t directory, const char *path, int32_t flags, uint32_t mode) {
  return openat(directory, path, flags, (mode_t)mode);
}

int32_t ccodecs_get_descriptor_flags(int32_t descriptor) { return fcntl(descriptor, F_GETFD); }

int32_t ccodecs_get_status_flags(int32_t descriptor) { return fcntl(descriptor, F_GETFL); }

int32_t ccodecs_set_status_flags(int32_t descriptor, int32_t flags) { return fcntl(descriptor, F_SETFL, flags); }

int32_t ccodecs_pipe(int32_t *reader, int32_t *writer) {
  int ends[2];
  int result = pipe2(ends, O_CLOEXEC);
  if (result == 0) {
    *reader = ends[0];
    *writer = ends[1];
  }
  return result;
}

int32_t ccodecs_rename_exclusive(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int32_t ccodecs_rename_exchange(const char *one, const char *other) {
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

int64_t ccodecs_copy_file_range(int32_t from, int64_t from_offset, int32_t to, int64_t to_offset, size_t count) {
  off64_t in = from_offset;
  off64_t out = to_offset;
  return copy_file_range(from, &in, to, &out, count, 0);
}

int64_t ccodecs_seek_data(int32_t descriptor, int64_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

int64_t ccodecs_seek_hole(int32_t descriptor, int64_t offset) { return lseek(descriptor, offset, SEEK_HOLE); }

int64_t ccodecs_getdents(int32_t descriptor, void *buffer, size_t size) {
  return getdents64(descriptor, buffer, size);
}

int64_t ccodecs_getrandom(void *buffer, size_t size) { return getrandom(buffer, size, 0); }

int32_t ccodecs_terminal_columns(int32_t descriptor) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
  return size.ws_col;
}

int32_t ccodecs_terminal_lines(int32_t descriptor) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
  return size.ws_row;
}

int32_t ccodecs_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

static _Thread_local void *thread_slot;

void *ccodecs_thread_slot(void) { return thread_slot; }

void ccodecs_set_thread_slot(void *value) { thread_slot = value; }

int32_t ccodecs_signal_disposition(int32_t signal) {
  struct sigaction action;
  if (sigaction(signal, NULL, &action) != 0) return -1;
  if (action.sa_flags & SA_SIGINFO) return 2;
  if (action.sa_handler == SIG_DFL) return 0;
  return action.sa_handler == SIG_IGN ? 1 : 2;
}

static int32_t set_handler(int32_t signal, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  return sigaction(signal, &action, NULL);
}

int32_t ccodecs_signal_set_default(int32_t signal) { return set_handler(signal, SIG_DFL); }

int32_t ccodecs_signal_set_ignored(int32_t signal) { return set_handler(signal, SIG_IGN); }

int32_t ccodecs_lock_file(int32_t descriptor, int32_t mode, int32_t waits) {
  struct flock lock = {0};
  lock.l_type = mode == 0 ? F_UNLCK : mode == 1 ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(descriptor, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
}

int32_t ccodecs_file_is_locked(int32_t descriptor, int32_t mode) {
  struct flock lock = {0};
  lock.l_type = mode == 1 ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(descriptor, F_OFD_GETLK, &lock) < 0) return -1;
  return lock.l_type == F_UNLCK ? 0 : 1;
}

int32_t ccodecs_host_name(char *buffer, size_t size) {
  if (gethostname(buffer, size) < 0) return -1;
  buffer[size - 1] = 0;
  return 0;
}

int32_t ccodecs_spawn(
    int32_t *process, const char *path, char *const *arguments, char *const *environment, int32_t input,
    int32_t output, int32_t errors, int32_t extra, int32_t in_group) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int result = posix_spawn_file_actions_init(&actions);
  if (result != 0) return result;
  result = posix_spawnattr_init(&attributes);
  if (result != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return result;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own has the number of the program: 0 stands for that.
  posix_spawnattr_setpgroup(&attributes, 0);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (in_group) flags |= POSIX_SPAWN_SETPGROUP;
  posix_spawnattr_setflags(&attributes, flags);
  // A duplicate onto itself would stay closed on exec; ours are never 0 to 2, which are kept open from the start.
  result = posix_spawn_file_actions_adddup2(&actions, input, 0);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, errors, 2);
  // Last: one of the others may be number 3. Onto itself it is kept open by glibc since 2.29, as POSIX has it now.
  if (result == 0 && extra >= 0) result = posix_spawn_file_actions_adddup2(&actions, extra, 3);
  pid_t child = -1;
  if (result == 0) result = posix_spawn(&child, path, &actions, &attributes, arguments, environment);
  *process = child;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

int32_t ccodecs_wait(int32_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int32_t ccodecs_await_exit(int32_t process, int32_t waits) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  while (waitid(P_PID, (id_t)process, &info, WEXITED | WNOWAIT | (waits ? 0 : WNOHANG)) < 0) {
    if (errno != EINTR) return -1;
  }
  return info.si_pid == process ? 1 : 0;
}

int32_t ccodecs_terminate(int32_t process) { return kill(process, SIGTERM); }

int32_t ccodecs_end_group(int32_t process, int32_t at_once) { return kill(-process, at_once ? SIGKILL : SIGTERM); }

int32_t ccodecs_replace_process(const char *path, char *const *arguments) { return execv(path, arguments); }

// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_cores.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Reads a small file as text; returns its length, or -1.
static long read_text(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  size_t length = 0;
  while (length + 1 < size) {
    ssize_t count = read(file, text + length, size - 1 - length);
    if (count <= 0) break;
    length += (size_t)count;
  }
  close(file);
  text[length] = 0;
  return (long)length;
}

static int processors(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return 0;
  long long count = quota / period + (quota % period != 0);
  return count > INT_MAX ? INT_MAX : (int)count;
}

static int smaller(int one, int other) { return one == 0 || (other != 0 && other < one) ? other : one; }

// The quota in one folder of version 2: "QUOTA PERIOD" or "max PERIOD".
static int quota_of_unified(const char *folder) {
  char path[PATH_MAX], text[128];
  if (snprintf(path, sizeof path, "%s/cpu.max", folder) >= (int)sizeof path) return 0;
  long long quota, period;
  if (read_text(path, text, sizeof text) < 0 || sscanf(text, "%lld %lld", &quota, &period) != 2) return 0;
  return processors(quota, period);
}

// The quota in one folder of version 1: two files; -1 is none.
static int quota_of_split(const char *folder) {
  char path[PATH_MAX], text[64];
  if (snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder) >= (int)sizeof path) return 0;
  if (read_text(path, text, sizeof text) < 0) return 0;
  long long quota = atoll(text);
  if (snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder) >= (int)sizeof path) return 0;
  if (read_text(path, text, sizeof text) < 0) return 0;
  return processors(quota, atoll(text));
}

// The smallest quota from a group up to the mount: each of them binds.
static int quota_upwards(const char *mount, const char *group, int (*quota_of)(const char *)) {
  char folder[PATH_MAX];
  if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder) return 0;
  size_t root = strlen(mount);
  int least = 0;
  while (1) {
    least = smaller(least, quota_of(folder));
    char *slash = strrchr(folder, '/');
    if (strlen(folder) <= root || slash == NULL || (size_t)(slash - folder) < root) return least;
    *slash = 0;
  }
}

// Whether a list of controllers, such as "cpu,cpuacct", names the one for processor time.
static int names_cpu(const char *controllers) {
  for (const char *name = controllers; name != NULL; name = strchr(name, ',')) {
    if (*name == ',') name++;
    if (strncmp(name, "cpu", 3) == 0 && (name[3] == 0 || name[3] == ',')) return 1;
  }
  return 0;
}

int ck_core_quota(const char *group_list, const char *mount) {
  char text[8192];
  if (read_text(group_list, text, sizeof text) < 0) return 0;
  int least = 0;
  char *position;
  for (char *line = strtok_r(text, "\n", &position); line != NULL; line = strtok_r(NULL, "\n", &position)) {
    // NUMBER:CONTROLLERS:GROUP
    char *controllers = strchr(line, ':');
    if (controllers == NULL) continue;
    *controllers++ = 0;
    char *group = strchr(controllers, ':');
    if (group == NULL) continue;
    *group++ = 0;
    if (*controllers == 0) {
      least = smaller(least, quota_upwards(mount, group, quota_of_unified));
    } else if (names_cpu(controllers)) {
      char folder[PATH_MAX];
      if (snprintf(folder, sizeof folder, "%s/%s", mount, controllers) >= (int)sizeof folder) continue;
      if (access(folder, F_OK) != 0) snprintf(folder, sizeof folder, "%s/cpu", mount);
      least = smaller(least, quota_upwards(folder, group, quota_of_split));
    }
  }
  return least;
}

static int count_cores(void) {
  // 8192 processors; a kernel built for more answers EINVAL.
  cpu_set_t sets[8];
  CPU_ZERO_S(sizeof sets, sets);
  int count = sched_getaffinity(0, sizeof sets, sets) == 0 ? CPU_COUNT_S(sizeof sets, sets)
                                                           : (int)sysconf(_SC_NPROCESSORS_ONLN);
  if (count > 1) count = smaller(count, ck_core_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
  return count > 0 ? count : 1;
}

int ck_core_count(void) {
  // Two threads that both find out find the same.
  static _Atomic int known = 0;
  int count = known;
  if (count == 0) known = count = count_cores();
  return count;
}

// SPDX-License-Identifier: Apache-2.0

// Runs a program and writes its time by the clock, its processor time and its peak memory to a file.
//
// What starts a program leaves its own memory in the peak of that program: the kernel counts what is there before exec. A
// large interpreter must therefore not start what it measures; this program has next to nothing.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int count, char **arguments) {
  if (count < 3) {
    fputs("usage: measure-process RESULT COMMAND [ARGUMENT]...\n", stderr);
    return 2;
  }
  // Who stops the benchmarks does not want their programs to go on.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  double start = now();
  pid_t child = fork();
  if (child < 0) return 126;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    execvp(arguments[2], arguments + 2);
    perror(arguments[2]);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) return 126;
  double wall = now() - start;
  FILE *result = fopen(arguments[1], "w");
  if (!result) return 126;
  fprintf(result, "%.6f %.6f %ld\n", wall, seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
  if (fclose(result) != 0) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

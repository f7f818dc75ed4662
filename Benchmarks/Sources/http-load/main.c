// SPDX-License-Identifier: Apache-2.0

// Sends the same HTTP request again and again over some connections, at a steady rate or as fast as answers come, and tells
// how long answers took. At a rate the time counts from when a request was due, so that a server that stalls is not spared
// the requests that it keeps from being sent.
//
//   http-load PORT RATE SECONDS CONNECTIONS FILE...
//
// RATE 0 is as fast as possible. Each FILE holds one request, whole; they are sent in turns. Prints one line: requests due,
// answers, answers that are not 200, requests that failed; then seconds: the median, 99 of 100, the longest, processor time.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 8 << 20, REQUESTS = 64 };

typedef struct {
  int descriptor;
  int busy;
  double due;
  size_t have, need;
  char *answer;
} Connection;

static struct { char *text; size_t size; } requests[REQUESTS];
static int request_count;
static double *times;
static size_t answers, room, wrong, failed;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void give_up(const char *what) {
  perror(what);
  exit(1);
}

static void read_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || request_count == REQUESTS) give_up(path);
  char *text = malloc(65536);
  size_t size = text == NULL ? 0 : fread(text, 1, 65536, file);
  fclose(file);
  if (size == 0) give_up(path);
  requests[request_count].text = text;
  requests[request_count].size = size;
  request_count++;
}

static void connect_to(Connection *connection, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1;
  if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) give_up("connect");
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  connection->descriptor = descriptor;
  if (connection->answer == NULL) connection->answer = malloc(ROOM + 1);
  if (connection->answer == NULL) give_up("malloc");
}

static void begin(Connection *connection, double due) {
  static int turn;
  const int which = turn++ % request_count;
  connection->busy = 1;
  connection->due = due;
  connection->have = connection->need = 0;
  // A request is far shorter than what a socket takes at once.
  if (write(connection->descriptor, requests[which].text, requests[which].size) != (ssize_t)requests[which].size) {
    give_up("write");
  }
}

// True when the answer is complete.
static int take(Connection *connection) {
  ssize_t count = recv(
    connection->descriptor, connection->answer + connection->have, ROOM - connection->have, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (count <= 0) {
    fprintf(stderr, "http-load: the connection was closed in an answer\n");
    exit(1);
  }
  connection->have += (size_t)count;
  connection->answer[connection->have] = 0;
  if (connection->need == 0) {
    char *end = strstr(connection->answer, "\r\n\r\n");
    if (end == NULL) return 0;
    char *length = strcasestr(connection->answer, "\r\ncontent-length:");
    size_t size = length != NULL && length < end ? strtoull(length + 17, NULL, 10) : 0;
    connection->need = (size_t)(end - connection->answer) + 4 + size;
    if (connection->need > ROOM) {
      fprintf(stderr, "http-load: an answer of %zu bytes is too long\n", connection->need);
      exit(1);
    }
  }
  return connection->have >= connection->need;
}

static void finish(Connection *connection, double time) {
  if (answers == room) {
    room = room == 0 ? 1 << 16 : 2 * room;
    times = realloc(times, room * sizeof *times);
    if (times == NULL) give_up("realloc");
  }
  times[answers++] = time - connection->due;
  if (strncmp(connection->answer, "HTTP/1.1 200", 12) != 0) wrong++;
  connection->busy = 0;
}

static int by_time(const void *left, const void *right) {
  const double first = *(const double *)left, second = *(const double *)right;
  return (first > second) - (first < second);
}

int main(int count, char **arguments) {
  if (count < 6) {
    fprintf(stderr, "usage: http-load PORT RATE SECONDS CONNECTIONS FILE...\n");
    return 2;
  }
  const uint16_t port = (uint16_t)atoi(arguments[1]);
  const double rate = atof(arguments[2]), seconds = atof(arguments[3]);
  const int size = atoi(arguments[4]);
  for (int index = 5; index < count; index++) read_request(arguments[index]);
  Connection *connections = calloc((size_t)size, sizeof *connections);
  int poll = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (connections == NULL || poll < 0 || timer < 0) give_up("start");
  for (int index = 0; index < size; index++) {
    connect_to(&connections[index], port);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, connections[index].descriptor, &event) != 0) give_up("epoll_ctl");
  }
  if (rate > 0) {
    // A tick of a millisecond at most: what is due is sent then.
    struct itimerspec tick = {{0, 1000000}, {0, 1000000}};
    timerfd_settime(timer, 0, &tick, NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event) != 0) give_up("epoll_ctl");
  }
  const double start = now(), end = start + seconds;
  size_t due = 0, sent = 0;
  int busy = 0;
  for (;;) {
    const double time = now();
    if (time < end) due = rate > 0 ? (size_t)((time - start) * rate) + 1 : SIZE_MAX;
    for (int index = 0; index < size && (time < end || rate > 0) && sent < due && (rate > 0 || time < end); index++) {
      if (connections[index].busy) continue;
      begin(&connections[index], rate > 0 ? start + (double)sent / rate : time);
      sent++;
      busy++;
    }
    if (time >= end && (busy == 0 || time > end + 30)) break;
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, 1000);
    if (ready < 0 && errno != EINTR) give_up("epoll_wait");
    for (int index = 0; index < ready; index++) {
      if (events[index].data.u32 == UINT32_MAX) {
        uint64_t ticks;
        if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) give_up("read");
        continue;
      }
      Connection *connection = &connections[events[index].data.u32];
      if (take(connection)) {
        finish(connection, now());
        busy--;
      }
    }
  }
  failed = sent - answers;
  if (answers == 0) {
    fprintf(stderr, "http-load: there was no answer\n");
    return 1;
  }
  qsort(times, answers, sizeof *times, by_time);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("%zu %zu %zu %zu %.6f %.6f %.6f %.3f %.3f\n", rate > 0 ? due : sent, answers, wrong, failed,
         times[answers / 2], times[(answers - 1) * 99 / 100], times[answers - 1], cpu, now() - start);
  return 0;
}

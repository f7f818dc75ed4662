// SPDX-License-Identifier: Apache-2.0
#include "cmicrohttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// More header fields than any client of ours sends.
#define MAXIMUM_FIELDS 100
#define MAXIMUM_ANSWER_FIELDS 16
// What is read of a body that is too long, so that the answer is read by a client that sends it all first.
#define MAXIMUM_DISCARDED (16u << 20)
// Bytes of bodies of all connections together.
#define MAXIMUM_BODIES (128u << 20)
// Seconds for a request when nearly all connections are in use.
#define HURRIED_SECONDS 5

enum phase { RECEIVING, WORKING, SENDING };

// A connection, as far as its time is concerned: the library itself only knows how long nothing has come.
struct client {
  int descriptor;
  enum phase phase;
  int64_t since;
  struct client *next;
  struct client **place;
};

struct cmicrohttpd_server {
  struct MHD_Daemon *daemon;
  int listening;
  cmicrohttpd_handler handler;
  void *context;
  cmicrohttpd_options options;
  uint16_t port;
  pthread_mutex_t lock;
  // That a client is in another phase, for who stops the server. Nobody else waits for it: it is said with each request.
  pthread_cond_t changed;
  // That the server is ending, for who watches the clients.
  pthread_cond_t ending;
  pthread_t watcher;
  bool is_ending;
  uint32_t count;
  size_t bodies;
  struct client *clients;
};

struct cmicrohttpd_exchange {
  cmicrohttpd_server *server;
  struct client *client;
  struct MHD_Connection *connection;
  char *target;
  const char *method;
  bool has_begun;
  bool is_too_long;
  bool has_too_many_fields;
  uint8_t *body;
  size_t size;
  size_t room;
  size_t declared;
  size_t discarded;
  size_t field_count;
  const char *names[MAXIMUM_FIELDS];
  const char *values[MAXIMUM_FIELDS];
  size_t answer_count;
  struct { char *name; char *value; } answers[MAXIMUM_ANSWER_FIELDS];
  // Under the lock of the server.
  bool was_handled;
  bool is_suspended;
  bool is_answered;
  struct MHD_Response *response;
  uint32_t status;
};

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

// MARK: - Connections and their time

static void note_connection(
  void *context, struct MHD_Connection *connection, void **place, enum MHD_ConnectionNotificationCode code) {
  cmicrohttpd_server *server = context;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = calloc(1, sizeof *client);
    *place = client;
    if (client == NULL) return;
    client->descriptor = info != NULL ? info->connect_fd : -1;
    client->since = now();
    pthread_mutex_lock(&server->lock);
    client->next = server->clients;
    client->place = &server->clients;
    if (client->next != NULL) client->next->place = &client->next;
    server->clients = client;
    server->count++;
    pthread_mutex_unlock(&server->lock);
  } else {
    struct client *client = *place;
    *place = NULL;
    if (client == NULL) return;
    // The descriptor is closed only after this, so that it is nobody else's as long as it is in the list.
    pthread_mutex_lock(&server->lock);
    *client->place = client->next;
    if (client->next != NULL) client->next->place = client->place;
    server->count--;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    free(client);
  }
}

static void enter(cmicrohttpd_server *server, struct client *client, enum phase phase) {
  if (client == NULL) return;
  pthread_mutex_lock(&server->lock);
  client->phase = phase;
  client->since = now();
  pthread_cond_broadcast(&server->changed);
  pthread_mutex_unlock(&server->lock);
}

// Closes, once a second, the connections of those who take too long.
static void *watch(void *context) {
  cmicrohttpd_server *server = context;
  pthread_mutex_lock(&server->lock);
  while (!server->is_ending) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t time = until.tv_sec;
    bool is_crowded = server->count >= server->options.connections - server->options.connections / 8;
    int64_t request = is_crowded ? HURRIED_SECONDS : server->options.request_seconds;
    for (struct client *client = server->clients; client != NULL; client = client->next) {
      int64_t limit = client->phase == RECEIVING ? request : server->options.answer_seconds;
      if (client->phase != WORKING && time - client->since > limit) shutdown(client->descriptor, SHUT_RDWR);
    }
    until.tv_sec++;
    while (!server->is_ending && pthread_cond_timedwait(&server->ending, &server->lock, &until) == 0) {}
  }
  pthread_mutex_unlock(&server->lock);
  return NULL;
}

// MARK: - Exchanges

static void *begin(void *context, const char *target, struct MHD_Connection *connection) {
  cmicrohttpd_exchange *exchange = calloc(1, sizeof *exchange);
  if (exchange == NULL) return NULL;
  exchange->server = context;
  exchange->connection = connection;
  exchange->target = strdup(target);
  if (exchange->target == NULL) {
    free(exchange);
    return NULL;
  }
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  exchange->client = info != NULL ? info->socket_context : NULL;
  return exchange;
}

// Forgets the body.
static void give_back(cmicrohttpd_exchange *exchange) {
  cmicrohttpd_server *server = exchange->server;
  pthread_mutex_lock(&server->lock);
  server->bodies -= exchange->room;
  pthread_mutex_unlock(&server->lock);
  free(exchange->body);
  exchange->body = NULL;
  exchange->size = exchange->room = 0;
}

// Makes room in a body; false when all bodies together are too large.
static bool grow(cmicrohttpd_exchange *exchange, size_t count, size_t limit) {
  cmicrohttpd_server *server = exchange->server;
  size_t room = exchange->size + count;
  if (room < 2 * exchange->room) room = 2 * exchange->room;
  if (room > limit) room = limit;
  // What is declared is no reason to take more than twice of what has come.
  if (exchange->declared >= exchange->size + count && room > exchange->declared) room = exchange->declared;
  size_t more = room - exchange->room;
  pthread_mutex_lock(&server->lock);
  bool is_fine = server->bodies + more <= MAXIMUM_BODIES;
  if (is_fine) server->bodies += more;
  pthread_mutex_unlock(&server->lock);
  if (!is_fine) return false;
  uint8_t *larger = realloc(exchange->body, room);
  if (larger == NULL) {
    pthread_mutex_lock(&server->lock);
    server->bodies -= more;
    pthread_mutex_unlock(&server->lock);
    return false;
  }
  exchange->body = larger;
  exchange->room = room;
  return true;
}

static void end(void *context, struct MHD_Connection *connection, void **place, enum MHD_RequestTerminationCode code) {
  (void)connection;
  (void)code;
  cmicrohttpd_exchange *exchange = *place;
  *place = NULL;
  if (exchange == NULL) return;
  enter(context, exchange->client, RECEIVING);
  if (exchange->response != NULL) MHD_destroy_response(exchange->response);
  give_back(exchange);
  for (size_t index = 0; index < exchange->answer_count; index++) {
    free(exchange->answers[index].name);
    free(exchange->answers[index].value);
  }
  free(exchange->target);
  free(exchange);
}

static enum MHD_Result note_field(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
  (void)kind;
  cmicrohttpd_exchange *exchange = context;
  if (exchange->field_count == MAXIMUM_FIELDS) {
    exchange->has_too_many_fields = true;
    return MHD_NO;
  }
  exchange->names[exchange->field_count] = name;
  exchange->values[exchange->field_count] = value != NULL ? value : "";
  exchange->field_count++;
  return MHD_YES;
}

// Takes a part of the body. False when the connection is to be closed.
static bool take(cmicrohttpd_exchange *exchange, const char *bytes, size_t count, size_t limit) {
  if (!exchange->is_too_long && count > limit - exchange->size) {
    exchange->is_too_long = true;
    exchange->discarded = exchange->size;
    give_back(exchange);
  }
  if (exchange->is_too_long) {
    exchange->discarded += count;
    return exchange->discarded <= MAXIMUM_DISCARDED;
  }
  if (count > exchange->room - exchange->size && !grow(exchange, count, limit)) return false;
  memcpy(exchange->body + exchange->size, bytes, count);
  exchange->size += count;
  return true;
}

// Sends the answer that is there.
static enum MHD_Result send_answer(cmicrohttpd_exchange *exchange) {
  if (exchange->response == NULL) return MHD_NO;
  enter(exchange->server, exchange->client, SENDING);
  enum MHD_Result result = MHD_queue_response(exchange->connection, exchange->status, exchange->response);
  MHD_destroy_response(exchange->response);
  exchange->response = NULL;
  return result;
}

static enum MHD_Result handle(cmicrohttpd_server *server, cmicrohttpd_exchange *exchange) {
  exchange->was_handled = true;
  enter(server, exchange->client, WORKING);
  if (server->handler(server->context, exchange)) return send_answer(exchange);
  pthread_mutex_lock(&server->lock);
  bool is_answered = exchange->is_answered;
  if (!is_answered) {
    exchange->is_suspended = true;
    MHD_suspend_connection(exchange->connection);
  }
  pthread_mutex_unlock(&server->lock);
  return is_answered ? send_answer(exchange) : MHD_YES;
}

static enum MHD_Result serve(
  void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
  const char *upload, size_t *upload_size, void **place) {
  (void)url;
  (void)version;
  cmicrohttpd_server *server = context;
  cmicrohttpd_exchange *exchange = *place;
  if (exchange == NULL) return MHD_NO;
  exchange->connection = connection;
  if (exchange->was_handled) return send_answer(exchange);
  if (!exchange->has_begun) {
    exchange->has_begun = true;
    exchange->method = method;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, note_field, exchange);
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *expectation = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT);
    unsigned long long size = length != NULL ? strtoull(length, NULL, 10) : 0;
    // A body that is declared too long is refused before it is sent, unless the client is about to send it anyway and can
    // be borne until it has.
    exchange->declared = size <= server->options.body_limit ? (size_t)size : 0;
    if (size <= server->options.body_limit || (expectation == NULL && size <= MAXIMUM_DISCARDED)) return MHD_YES;
    exchange->is_too_long = true;
  } else if (*upload_size > 0) {
    size_t count = *upload_size;
    *upload_size = 0;
    return take(exchange, upload, count, server->options.body_limit) ? MHD_YES : MHD_NO;
  }
  return handle(server, exchange);
}

static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

static void keep_quiet(void *context, const char *format, va_list arguments) {
  (void)context;
  (void)format;
  (void)arguments;
}

// MARK: - Starting and stopping

// A socket that listens; -1 and errno when there is none.
static int open_socket(const cmicrohttpd_options *options, uint16_t *port) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  memset(&address, 0, sizeof address);
  socklen_t size;
  if (inet_pton(AF_INET, options->address, &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(options->port);
    size = sizeof address.v4;
  } else if (inet_pton(AF_INET6, options->address, &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(options->port);
    size = sizeof address.v6;
  } else {
    errno = EINVAL;
    return -1;
  }
  int descriptor = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  int yes = 1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0
      || bind(descriptor, &address.any, size) != 0 || listen(descriptor, SOMAXCONN) != 0
      || getsockname(descriptor, &address.any, &size) != 0) {
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
  }
  *port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
  return descriptor;
}

static bool start_daemon(cmicrohttpd_server *server, const cmicrohttpd_options *options) {
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
  struct MHD_OptionItem tls[] = {
    {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->certificate},
    {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key},
    {MHD_OPTION_END, 0, NULL},
  };
  struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
  if (options->certificate != NULL) flags |= MHD_USE_TLS;
  server->daemon = MHD_start_daemon(
    flags, server->port, NULL, NULL, serve, server, MHD_OPTION_EXTERNAL_LOGGER, keep_quiet, NULL,
    MHD_OPTION_LISTEN_SOCKET, server->listening, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)options->threads,
    MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections, MHD_OPTION_CONNECTION_TIMEOUT,
    (unsigned)options->idle_seconds, MHD_OPTION_URI_LOG_CALLBACK, begin, server,
    MHD_OPTION_NOTIFY_COMPLETED, end, server, MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY, options->certificate != NULL ? tls : none,
    MHD_OPTION_END);
  return server->daemon != NULL;
}

static void discard(cmicrohttpd_server *server) {
  pthread_cond_destroy(&server->ending);
  pthread_cond_destroy(&server->changed);
  pthread_mutex_destroy(&server->lock);
  if (server->listening >= 0) close(server->listening);
  free(server);
}

static void end_watcher(cmicrohttpd_server *server) {
  pthread_mutex_lock(&server->lock);
  server->is_ending = true;
  pthread_cond_signal(&server->ending);
  pthread_mutex_unlock(&server->lock);
  pthread_join(server->watcher, NULL);
}

cmicrohttpd_server *cmicrohttpd_start(
  const cmicrohttpd_options *options, cmicrohttpd_handler handler, void *context, int32_t *error) {
  *error = 0;
  cmicrohttpd_server *server = calloc(1, sizeof *server);
  if (server == NULL) {
    *error = ENOMEM;
    return NULL;
  }
  server->handler = handler;
  server->context = context;
  server->options = *options;
  // Their texts are the caller's.
  server->options.address = server->options.certificate = server->options.key = NULL;
  pthread_mutex_init(&server->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&server->changed, &attributes);
  pthread_cond_init(&server->ending, &attributes);
  pthread_condattr_destroy(&attributes);
  server->listening = open_socket(options, &server->port);
  if (server->listening < 0) {
    *error = errno;
    discard(server);
    return NULL;
  }
  int result = pthread_create(&server->watcher, NULL, watch, server);
  if (result != 0) {
    *error = result;
    discard(server);
    return NULL;
  }
  if (!start_daemon(server, options)) {
    // What is wrong with a certificate is no error of the system.
    *error = options->certificate != NULL ? 0 : errno;
    // The library closes the socket when it cannot start. The number may be that of another file of another thread by now.
    server->listening = -1;
    end_watcher(server);
    discard(server);
    return NULL;
  }
  return server;
}

uint16_t cmicrohttpd_port(const cmicrohttpd_server *server) { return server->port; }

// The socket is closed at the end: threads of the library may still look at it.
void cmicrohttpd_quiesce(cmicrohttpd_server *server) { (void)MHD_quiesce_daemon(server->daemon); }

void cmicrohttpd_stop(cmicrohttpd_server *server, uint32_t patience) {
  cmicrohttpd_quiesce(server);
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += patience / 1000;
  until.tv_nsec += (long)(patience % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  pthread_mutex_lock(&server->lock);
  while (true) {
    bool is_busy = false;
    for (struct client *client = server->clients; client != NULL; client = client->next) {
      is_busy = is_busy || client->phase != RECEIVING;
    }
    if (!is_busy || pthread_cond_timedwait(&server->changed, &server->lock, &until) != 0) break;
  }
  pthread_mutex_unlock(&server->lock);
  MHD_stop_daemon(server->daemon);
  end_watcher(server);
  discard(server);
}

// MARK: - What a handler asks

const char *cmicrohttpd_method(const cmicrohttpd_exchange *exchange) { return exchange->method; }
const char *cmicrohttpd_target(const cmicrohttpd_exchange *exchange) { return exchange->target; }
size_t cmicrohttpd_field_count(const cmicrohttpd_exchange *exchange) { return exchange->field_count; }

const char *cmicrohttpd_field_name(const cmicrohttpd_exchange *exchange, size_t index) {
  return index < exchange->field_count ? exchange->names[index] : "";
}

const char *cmicrohttpd_field_value(const cmicrohttpd_exchange *exchange, size_t index) {
  return index < exchange->field_count ? exchange->values[index] : "";
}

bool cmicrohttpd_has_too_many_fields(const cmicrohttpd_exchange *exchange) { return exchange->has_too_many_fields; }

const uint8_t *cmicrohttpd_body(const cmicrohttpd_exchange *exchange, size_t *size) {
  *size = exchange->size;
  return exchange->body;
}

bool cmicrohttpd_body_is_too_long(const cmicrohttpd_exchange *exchange) { return exchange->is_too_long; }

bool cmicrohttpd_add_field(cmicrohttpd_exchange *exchange, const char *name, const char *value) {
  size_t index = exchange->answer_count;
  if (index == MAXIMUM_ANSWER_FIELDS) return false;
  exchange->answers[index].name = strdup(name);
  exchange->answers[index].value = strdup(value);
  exchange->answer_count++;
  return exchange->answers[index].name != NULL && exchange->answers[index].value != NULL;
}

void cmicrohttpd_answer(
  cmicrohttpd_exchange *exchange, uint32_t status, const uint8_t *body, size_t size, void (*release)(void *owner),
  void *owner) {
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
    size, (void *)(uintptr_t)body, release, owner);
  if (response == NULL) release(owner);
  for (size_t index = 0; response != NULL && index < exchange->answer_count; index++) {
    const char *name = exchange->answers[index].name;
    const char *value = exchange->answers[index].value;
    if (name != NULL && value != NULL) MHD_add_response_header(response, name, value);
  }
  cmicrohttpd_server *server = exchange->server;
  pthread_mutex_lock(&server->lock);
  exchange->response = response;
  exchange->status = status;
  exchange->is_answered = true;
  // Behind this the exchange may be gone.
  if (exchange->is_suspended) {
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->connection);
  }
  pthread_mutex_unlock(&server->lock);
}

// SPDX-License-Identifier: Apache-2.0
#include "cmicrohttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// More header fields than any client of ours sends.
#define MAXIMUM_FIELDS 100
// What is read of a body that is too long, so that the answer is read by a client that sends it all first.
#define MAXIMUM_DISCARDED (16u << 20)

struct cmicrohttpd_server {
  struct MHD_Daemon *daemon;
  cmicrohttpd_handler handler;
  void *context;
  size_t body_limit;
  uint16_t port;
};

struct cmicrohttpd_exchange {
  char *target;
  const char *method;
  bool has_begun;
  bool is_too_long;
  bool is_answered;
  uint8_t *body;
  size_t size;
  size_t room;
  size_t discarded;
  size_t field_count;
  const char *names[MAXIMUM_FIELDS];
  const char *values[MAXIMUM_FIELDS];
  size_t answer_count;
  struct { char *name; char *value; } answers[16];
  enum MHD_Result result;
  struct MHD_Connection *connection;
};

static void *begin(void *context, const char *target, struct MHD_Connection *connection) {
  (void)context;
  (void)connection;
  cmicrohttpd_exchange *exchange = calloc(1, sizeof *exchange);
  if (exchange == NULL) return NULL;
  exchange->target = strdup(target);
  if (exchange->target == NULL) {
    free(exchange);
    return NULL;
  }
  return exchange;
}

static void end(void *context, struct MHD_Connection *connection, void **place, enum MHD_RequestTerminationCode code) {
  (void)context;
  (void)connection;
  (void)code;
  cmicrohttpd_exchange *exchange = *place;
  *place = NULL;
  if (exchange == NULL) return;
  for (size_t index = 0; index < exchange->answer_count; index++) {
    free(exchange->answers[index].name);
    free(exchange->answers[index].value);
  }
  free(exchange->target);
  free(exchange->body);
  free(exchange);
}

static enum MHD_Result note_field(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
  (void)kind;
  cmicrohttpd_exchange *exchange = context;
  if (exchange->field_count == MAXIMUM_FIELDS) return MHD_NO;
  exchange->names[exchange->field_count] = name;
  exchange->values[exchange->field_count] = value != NULL ? value : "";
  exchange->field_count++;
  return MHD_YES;
}

// Takes a part of the body. False when the connection is to be closed.
static bool take(cmicrohttpd_exchange *exchange, const char *bytes, size_t count, size_t limit) {
  if (!exchange->is_too_long && count > limit - exchange->size) {
    exchange->is_too_long = true;
    free(exchange->body);
    exchange->body = NULL;
    exchange->size = 0;
  }
  if (exchange->is_too_long) {
    exchange->discarded += count;
    return exchange->discarded <= MAXIMUM_DISCARDED;
  }
  if (count > exchange->room - exchange->size) {
    size_t room = exchange->size + count;
    if (room < 2 * exchange->room) room = 2 * exchange->room;
    uint8_t *larger = realloc(exchange->body, room);
    if (larger == NULL) return false;
    exchange->body = larger;
    exchange->room = room;
  }
  memcpy(exchange->body + exchange->size, bytes, count);
  exchange->size += count;
  return true;
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
  if (!exchange->has_begun) {
    exchange->has_begun = true;
    exchange->method = method;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, note_field, exchange);
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    // A body that is declared too long is refused before it is sent.
    if (length == NULL || strtoull(length, NULL, 10) <= server->body_limit) return MHD_YES;
    exchange->is_too_long = true;
    *upload_size = 0;
  } else if (*upload_size > 0) {
    size_t count = *upload_size;
    *upload_size = 0;
    return take(exchange, upload, count, server->body_limit) ? MHD_YES : MHD_NO;
  }
  exchange->result = MHD_NO;
  server->handler(server->context, exchange);
  return exchange->result;
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
  server->body_limit = options->body_limit;
  int descriptor = open_socket(options, &server->port);
  if (descriptor < 0) {
    *error = errno;
    free(server);
    return NULL;
  }
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC;
  struct MHD_OptionItem tls[] = {
    {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->certificate},
    {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)options->key},
    {MHD_OPTION_END, 0, NULL},
  };
  struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
  if (options->certificate != NULL) flags |= MHD_USE_TLS;
  server->daemon = MHD_start_daemon(
    flags, server->port, NULL, NULL, serve, server, MHD_OPTION_EXTERNAL_LOGGER, keep_quiet, NULL,
    MHD_OPTION_LISTEN_SOCKET, descriptor, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)options->threads,
    MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections, MHD_OPTION_CONNECTION_TIMEOUT,
    (unsigned)options->idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
    MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY,
    options->certificate != NULL ? tls : none, MHD_OPTION_END);
  if (server->daemon == NULL) {
    *error = errno;
    close(descriptor);
    free(server);
    return NULL;
  }
  return server;
}

uint16_t cmicrohttpd_port(const cmicrohttpd_server *server) { return server->port; }

void cmicrohttpd_stop(cmicrohttpd_server *server) {
  MHD_socket listening = MHD_quiesce_daemon(server->daemon);
  MHD_stop_daemon(server->daemon);
  if (listening != MHD_INVALID_SOCKET) close(listening);
  free(server);
}

const char *cmicrohttpd_method(const cmicrohttpd_exchange *exchange) { return exchange->method; }
const char *cmicrohttpd_target(const cmicrohttpd_exchange *exchange) { return exchange->target; }
size_t cmicrohttpd_field_count(const cmicrohttpd_exchange *exchange) { return exchange->field_count; }

const char *cmicrohttpd_field_name(const cmicrohttpd_exchange *exchange, size_t index) {
  return index < exchange->field_count ? exchange->names[index] : "";
}

const char *cmicrohttpd_field_value(const cmicrohttpd_exchange *exchange, size_t index) {
  return index < exchange->field_count ? exchange->values[index] : "";
}

const uint8_t *cmicrohttpd_body(const cmicrohttpd_exchange *exchange, size_t *size) {
  *size = exchange->size;
  return exchange->body;
}

bool cmicrohttpd_body_is_too_long(const cmicrohttpd_exchange *exchange) { return exchange->is_too_long; }

bool cmicrohttpd_add_field(cmicrohttpd_exchange *exchange, const char *name, const char *value) {
  size_t index = exchange->answer_count;
  if (index == sizeof exchange->answers / sizeof *exchange->answers) return false;
  exchange->answers[index].name = strdup(name);
  exchange->answers[index].value = strdup(value);
  exchange->answer_count++;
  return exchange->answers[index].name != NULL && exchange->answers[index].value != NULL;
}

bool cmicrohttpd_answer(cmicrohttpd_exchange *exchange, uint32_t status, const uint8_t *body, size_t size) {
  if (exchange->is_answered) return false;
  struct MHD_Response *response =
    MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
  if (response == NULL) return false;
  bool is_fine = true;
  for (size_t index = 0; index < exchange->answer_count; index++) {
    is_fine = is_fine
      && MHD_add_response_header(response, exchange->answers[index].name, exchange->answers[index].value) == MHD_YES;
  }
  if (is_fine) {
    exchange->is_answered = true;
    exchange->result = MHD_queue_response(exchange->connection, status, response);
  }
  MHD_destroy_response(response);
  return is_fine && exchange->result == MHD_YES;
}

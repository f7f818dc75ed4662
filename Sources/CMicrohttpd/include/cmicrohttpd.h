// SPDX-License-Identifier: Apache-2.0
// An HTTP server over libmicrohttpd, as far as the service needs one: whole requests in, whole answers out. The library's own
// interface takes variable arguments, which Swift cannot call.
#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cmicrohttpd_server cmicrohttpd_server;
typedef struct cmicrohttpd_exchange cmicrohttpd_exchange;

typedef struct {
  // An address in the form that `inet_pton` reads, IPv4 or IPv6, and a port; 0 for one that is free.
  const char *address;
  uint16_t port;
  uint32_t threads;
  // Connections at a time; more wait until one is closed.
  uint32_t connections;
  // Seconds without a byte after which a connection is closed.
  uint32_t idle_seconds;
  // Seconds within which a whole request must have come, however steadily its bytes come.
  uint32_t request_seconds;
  // Seconds within which a client must have taken an answer.
  uint32_t answer_seconds;
  // The most bytes of a body that are kept; of a longer one none are.
  size_t body_limit;
  // PEM texts that end in zero; null for no TLS.
  const char *certificate;
  const char *key;
} cmicrohttpd_options;

// Gets each complete request, on a thread of the server. Either it answers before it returns, and returns true, or it
// returns false and somebody answers later, on any thread.
typedef bool (*cmicrohttpd_handler)(void *context, cmicrohttpd_exchange *exchange);

// Starts a server. Returns null when it cannot be; `error` has the number of the system's error then, or 0.
cmicrohttpd_server *cmicrohttpd_start(
  const cmicrohttpd_options *options, cmicrohttpd_handler handler, void *context, int32_t *error);
// The port that it listens on.
uint16_t cmicrohttpd_port(const cmicrohttpd_server *server);
// Takes no new connections.
void cmicrohttpd_quiesce(cmicrohttpd_server *server);
// Ends, after waiting so many milliseconds for clients to take their answers. All exchanges must have been answered; not to
// be called from a handler.
void cmicrohttpd_stop(cmicrohttpd_server *server, uint32_t patience);

// The method and the target as they stand in the request line, query included, nothing of them decoded.
const char *cmicrohttpd_method(const cmicrohttpd_exchange *exchange);
const char *cmicrohttpd_target(const cmicrohttpd_exchange *exchange);
// How many header fields there are, and one of them; names and values end in zero.
size_t cmicrohttpd_field_count(const cmicrohttpd_exchange *exchange);
const char *cmicrohttpd_field_name(const cmicrohttpd_exchange *exchange, size_t index);
const char *cmicrohttpd_field_value(const cmicrohttpd_exchange *exchange, size_t index);
// Whether there were more fields than are kept.
bool cmicrohttpd_has_too_many_fields(const cmicrohttpd_exchange *exchange);
// The body, and whether it was longer than the limit.
const uint8_t *cmicrohttpd_body(const cmicrohttpd_exchange *exchange, size_t *size);
bool cmicrohttpd_body_is_too_long(const cmicrohttpd_exchange *exchange);

// A field of the answer; false when there is no room for it.
bool cmicrohttpd_add_field(cmicrohttpd_exchange *exchange, const char *name, const char *value);
// Answers, once, behind its fields. The body is read until `release` is called with `owner`, which happens in any case.
void cmicrohttpd_answer(
  cmicrohttpd_exchange *exchange, uint32_t status, const uint8_t *body, size_t size, void (*release)(void *owner),
  void *owner);

#endif

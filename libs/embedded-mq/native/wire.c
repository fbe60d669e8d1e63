#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#define KEPT_CAPACITY (1024 * 1024)
#define FIRST_CAPACITY 4096

#if defined(MSG_NOSIGNAL)
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0 /* SO_NOSIGPIPE is set on the socket instead */
#endif

void buffer_free(struct buffer *buffer) {
  free(buffer->bytes);
  memset(buffer, 0, sizeof *buffer);
}

bool buffer_reserve(struct buffer *buffer, size_t capacity) {
  if (capacity <= buffer->capacity) return true;
  size_t grown = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
  while (grown < capacity) grown *= 2;
  unsigned char *bytes = realloc(buffer->bytes, grown);
  if (!bytes) {
    buffer->failed = true;
    return false;
  }
  buffer->bytes = bytes;
  buffer->capacity = grown;
  return true;
}

void buffer_reset(struct buffer *buffer) {
  if (buffer->capacity > KEPT_CAPACITY) buffer_free(buffer);
  buffer->length = 0;
  buffer->position = 0;
  buffer->failed = false;
}

void buffer_put(struct buffer *buffer, const void *bytes, size_t length) {
  if (length == 0 || !buffer_reserve(buffer, buffer->length + length)) return;
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

void buffer_put_u16(struct buffer *buffer, uint16_t value) { buffer_put(buffer, &value, sizeof value); }

void buffer_put_i32(struct buffer *buffer, int32_t value) { buffer_put(buffer, &value, sizeof value); }

void buffer_put_text(struct buffer *buffer, const char *text, size_t length) {
  if (length > UINT16_MAX) length = UINT16_MAX;
  buffer_put_u16(buffer, (uint16_t)length);
  buffer_put(buffer, text, length);
}

const unsigned char *buffer_take(struct buffer *buffer, size_t length) {
  if (buffer->failed || buffer->length - buffer->position < length) {
    buffer->failed = true;
    return NULL;
  }
  const unsigned char *taken = buffer->bytes + buffer->position;
  buffer->position += length;
  return taken;
}

void buffer_take_into(struct buffer *buffer, void *target, size_t length) {
  const unsigned char *taken = buffer_take(buffer, length);
  if (taken) {
    memcpy(target, taken, length);
  } else {
    memset(target, 0, length);
  }
}

uint16_t buffer_take_u16(struct buffer *buffer) {
  uint16_t value;
  buffer_take_into(buffer, &value, sizeof value);
  return value;
}

int32_t buffer_take_i32(struct buffer *buffer) {
  int32_t value;
  buffer_take_into(buffer, &value, sizeof value);
  return value;
}

void wire_begin(struct buffer *frame, enum wire_operation operation) {
  buffer_reset(frame);
  buffer_put_i32(frame, 0);
  buffer_put_u16(frame, (uint16_t)operation);
  buffer_put_u16(frame, 0);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void wire_limit(struct wire *wire, int seconds) {
  struct timeval limit = {.tv_sec = seconds};
  setsockopt(wire->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(wire->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  wire->limit = (int64_t)seconds * 1000;
  wire->heard = now();
}

bool wire_send(struct wire *wire, struct buffer *frame) {
  if (frame->failed) return false;
  uint32_t payload = (uint32_t)(frame->length - WIRE_HEADER_LENGTH);
  memcpy(frame->bytes, &payload, sizeof payload);
  size_t sent = 0;
  while (sent < frame->length) {
    ssize_t count = send(wire->socket, frame->bytes + sent, frame->length - sent, SEND_FLAGS);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    sent += (size_t)count;
  }
  return true;
}

bool wire_send_heartbeat(struct wire *wire) {
  unsigned char bytes[WIRE_HEADER_LENGTH] = {[4] = WIRE_HEARTBEAT};
  struct buffer frame = {.bytes = bytes, .length = sizeof bytes, .capacity = sizeof bytes};
  return wire_send(wire, &frame);
}

bool wire_receive(struct wire *wire, struct buffer *frame) {
  buffer_reset(frame);
  if (!buffer_reserve(frame, FIRST_CAPACITY)) return false;
  if (wire->ahead.length > 0) {
    buffer_put(frame, wire->ahead.bytes, wire->ahead.length);
    buffer_reset(&wire->ahead);
  }
  size_t wanted = WIRE_HEADER_LENGTH;
  bool header_read = false;
  for (;;) {
    if (!header_read && frame->length >= WIRE_HEADER_LENGTH) {
      uint32_t payload;
      memcpy(&payload, frame->bytes, sizeof payload);
      if (payload > WIRE_MAX_PAYLOAD) return false;
      header_read = true;
      wanted = WIRE_HEADER_LENGTH + payload;
      if (!buffer_reserve(frame, wanted)) return false;
    }
    if (frame->length >= wanted) break;
    /* As much as there is: mostly one reply; what comes behind it is kept for the next call. */
    ssize_t count = recv(wire->socket, frame->bytes + frame->length, frame->capacity - frame->length, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    frame->length += (size_t)count;
  }
  if (frame->length > wanted) {
    buffer_put(&wire->ahead, frame->bytes + wanted, frame->length - wanted);
    if (wire->ahead.failed) return false;
    frame->length = wanted;
  }
  frame->position = WIRE_HEADER_LENGTH;
  wire->heard = now();
  return true;
}

enum wire_operation wire_operation(const struct buffer *frame) {
  uint16_t operation;
  memcpy(&operation, frame->bytes + 4, sizeof operation);
  return (enum wire_operation)(operation & 0x7FFF);
}

bool wire_readable(struct wire *wire) {
  if (wire->ahead.length > 0) return true;
  struct pollfd socket = {.fd = wire->socket, .events = POLLIN};
  return poll(&socket, 1, 0) > 0;
}

bool wire_silent(const struct wire *wire) { return wire->limit > 0 && now() - wire->heard > wire->limit; }

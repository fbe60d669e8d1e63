/*
 * The wire protocol between this library and the queue manager, described in ../PROTOCOL.md.
 * All integers are little-endian; names are blank-padded to their MQ length.
 */
#ifndef EMBEDDED_MQ_WIRE_H
#define EMBEDDED_MQ_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "MQI structures travel as they lie in memory: only little-endian machines are supported."
#endif

#define WIRE_MAGIC 0x514D424FU /* "OBMQ" */
#define WIRE_VERSION 2
#define WIRE_HEADER_LENGTH 8
#define WIRE_MAX_PAYLOAD (110U * 1024 * 1024)

enum wire_operation {
  WIRE_CONNECT = 1,
  WIRE_DISCONNECT = 2,
  WIRE_OPEN = 3,
  WIRE_CLOSE = 4,
  WIRE_PUT = 5,
  WIRE_PUT1 = 6,
  WIRE_GET = 7,
  WIRE_COMMIT = 8,
  WIRE_BACKOUT = 9,
  WIRE_INQUIRE = 10,
  WIRE_SET = 11,
  WIRE_REGISTER = 12,
  WIRE_DEREGISTER = 13,
  WIRE_CONSUME = 14,
  WIRE_CANCEL = 15,
  WIRE_HEARTBEAT = 16
};

/* A growing byte buffer; `position` is where the next read starts. */
struct buffer {
  unsigned char *bytes;
  size_t length;
  size_t capacity;
  size_t position;
  bool failed; /* memory ran out, or a read went past the end */
};

void buffer_free(struct buffer *buffer);
/* Makes room for `capacity` bytes in all; false when memory ran out. */
bool buffer_reserve(struct buffer *buffer, size_t capacity);
/* Empties the buffer, and gives back what an unusually large message took. */
void buffer_reset(struct buffer *buffer);

void buffer_put(struct buffer *buffer, const void *bytes, size_t length);
void buffer_put_u16(struct buffer *buffer, uint16_t value);
void buffer_put_i32(struct buffer *buffer, int32_t value);
/* A 16-bit length and the bytes. */
void buffer_put_text(struct buffer *buffer, const char *text, size_t length);

/* The next `length` bytes, or NULL when there are not so many. */
const unsigned char *buffer_take(struct buffer *buffer, size_t length);
uint16_t buffer_take_u16(struct buffer *buffer);
int32_t buffer_take_i32(struct buffer *buffer);
/* Copies the next `length` bytes to `target`; zeroes it when there are not so many. */
void buffer_take_into(struct buffer *buffer, void *target, size_t length);

/* One end of a connection. */
struct wire {
  int socket;
  struct buffer ahead; /* what was read behind the last frame */
  int64_t limit;       /* milliseconds of silence after which the other end is taken to be gone; 0 for never */
  int64_t heard;       /* when the last frame came, in milliseconds of a steady clock */
};

/* From now on sends and receives fail with EAGAIN when nothing moves for so many seconds; 0 for no limit. */
void wire_limit(struct wire *wire, int seconds);
/* Starts a frame in an emptied buffer; wire_send() completes its header. */
void wire_begin(struct buffer *frame, enum wire_operation operation);
bool wire_send(struct wire *wire, struct buffer *frame);
bool wire_send_heartbeat(struct wire *wire);
/* Reads one whole frame; `position` is then at its payload. */
bool wire_receive(struct wire *wire, struct buffer *frame);
/* The operation of a frame that was received, without the flag of replies. */
enum wire_operation wire_operation(const struct buffer *frame);
/* Whether wire_receive() has something to read, or would fail at once. */
bool wire_readable(struct wire *wire);
/* Whether nothing has come for longer than the limit. */
bool wire_silent(const struct wire *wire);

#endif

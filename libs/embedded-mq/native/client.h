/*
 * What the files of this library share: the connection behind an MQHCONN, the frame of a verb,
 * message handles and consumers. The MQI itself is declared by the header of the `ibmmq` package.
 */
#ifndef EMBEDDED_MQ_CLIENT_H
#define EMBEDDED_MQ_CLIENT_H

#include <pthread.h>
#include <string.h>

#include "cmqc.h"
#include "cmqxc.h"
#include "wire.h"

#define MQI_EXPORT __attribute__((visibility("default")))

/* A callback registered by MQCB. */
struct consumer {
  MQHOBJ object;
  MQCB_FUNCTION *function;
  MQPTR area;
  MQGMO options; /* as given; MsgHandle receives the properties */
  struct consumer *next;
};

/*
 * One MQHCONN: one socket, on which requests and replies alternate, and heartbeats come in between.
 *
 * `lock` is a monitor. A verb owns the socket while `busy`; the consumer thread owns it while
 * `consuming`. The callback runs with neither, so that it may itself call verbs. While nobody owns it,
 * heartbeat.c reads it under the lock.
 */
struct connection {
  MQHCONN handle;
  struct wire wire;
  bool share_no_block;
  bool share_none;
  pthread_t creator;
  unsigned references;
  struct connection *next;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool busy;
  bool broken;
  bool closed; /* by MQDISC: no verb may start */
  struct buffer request;
  struct buffer reply;

  struct consumer *consumers;
  struct consumer event_handler; /* `function` is NULL when there is none */
  MQPTR connection_area;         /* of MQCTLO, handed to every callback */
  bool has_thread;
  pthread_t thread;
  bool started;
  bool suspended;
  bool consuming;
  bool calling;  /* a callback runs */
  bool notified; /* the loss of the connection has been told to the callbacks */
  struct buffer delivery;
};

/* A verb under way, from verb_begin() to verb_end(). */
struct verb {
  struct connection *connection;
  PMQLONG completion;
  PMQLONG reason;
};

/* ---- connection.c ---- */

void set_result(PMQLONG completion, PMQLONG reason, MQLONG completion_value, MQLONG reason_value);
void fail(PMQLONG completion, PMQLONG reason, MQLONG reason_value);
static inline bool has_identifier(const void *structure, const char *identifier) {
  return structure && memcmp(structure, identifier, 4) == 0;
}

/* Finds the connection and keeps it from being freed until connection_release(). */
struct connection *connection_acquire(MQHCONN handle);
void connection_release(struct connection *connection);
/* Acquires the connection with the lowest handle above this one; NULL when there is none. */
struct connection *connection_acquire_after(MQHCONN handle);
/* Gives the connection up, and lets the queue manager know if it can be reached. Call with the lock held. */
void connection_lose(struct connection *connection);
/* True on the thread that runs this connection's callbacks. */
bool on_consumer_thread(const struct connection *connection);

/*
 * Takes the connection for a verb and starts its request. False, with the reason set, when the handle
 * is not valid (2018), busy and not to be waited for (2219), consuming asynchronously (2500) or gone (2009).
 */
bool verb_begin(struct verb *verb, MQHCONN handle, enum wire_operation operation, PMQLONG completion,
                PMQLONG reason);
/* Sends the request and reads the reply, whose completion and reason codes it sets; false when the connection is lost. */
bool verb_exchange(struct verb *verb);
void verb_end(struct verb *verb);

/* ---- heartbeat.c ---- */

/* Seconds of silence after which a connection with this heartbeat interval is lost. */
int silence_limit(MQLONG interval);
/* Reads the next frame that is no heartbeat, for who owns the connection, and answers heartbeats. Without the lock. */
bool connection_receive(struct connection *connection, struct buffer *frame);
/* Answers the heartbeats of connections that nobody owns, from now on; false when there can be no thread. */
bool heartbeats_start(void);

/* ---- properties.c ---- */

/* Appends the properties of a put's message handles (length-prefixed); 0 or a reason code. */
MQLONG properties_write(struct buffer *frame, MQHMSG original, MQHMSG added, MQLONG action);
/* Replaces the properties of a handle by those of a received message; 0 or a reason code. */
MQLONG properties_read(MQHMSG handle, const unsigned char *bytes, size_t length);
bool message_handle_exists(MQHMSG handle);
/* Deletes the handles that belong to a connection, as MQDISC does. */
void message_handles_drop(MQHCONN connection);

/* ---- verbs.c ---- */

/* The fields a get sends, and those its reply sets; shared by MQGET and MQCB. */
MQLONG get_request_check(const MQMD *descriptor, const MQGMO *options);
void get_request_write(struct buffer *frame, MQHOBJ object, const MQMD *descriptor, const MQGMO *options,
                       MQLONG buffer_length);
struct get_reply {
  MQHOBJ object;
  MQLONG data_length;
  MQLONG returned_length;
  const unsigned char *properties;
  size_t properties_length;
  const unsigned char *data;
};
bool get_reply_read(struct buffer *frame, MQMD *descriptor, MQGMO *options, struct get_reply *reply);

/* ---- consumer.c ---- */

/* MQCTL(MQOP_STOP), and the end of the thread, before a disconnect. Call without the lock. */
void consumers_shut_down(struct connection *connection);
/* Drops the callback of a closed object. Call while a verb owns the connection. */
void consumer_remove(struct connection *connection, MQHOBJ object);

#endif

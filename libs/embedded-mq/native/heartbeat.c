/*
 * Heartbeats. The queue manager sends one on a connection on which it has sent nothing else for the heartbeat
 * interval, and the client answers. Who hears nothing for longer than silence_limit() takes the connection to be
 * lost. A thread that waits for a reply answers while it waits; one thread of the process does so for all connections
 * that no verb uses, however long the program takes between two verbs.
 */
#include "client.h"

#include <time.h>

#define TICK_MILLISECONDS 250

/* As IBM MQ reckons it. */
int silence_limit(MQLONG interval) { return interval < 60 ? 2 * interval : interval + 60; }

bool connection_receive(struct connection *connection, struct buffer *frame) {
  for (;;) {
    if (!wire_receive(&connection->wire, frame)) return false;
    if (wire_operation(frame) != WIRE_HEARTBEAT) return true;
    /* Under the lock, since a cancellation may be sent meanwhile. */
    pthread_mutex_lock(&connection->lock);
    bool sent = wire_send_heartbeat(&connection->wire);
    pthread_mutex_unlock(&connection->lock);
    if (!sent) return false;
  }
}

/* Answers what has come on a connection that nobody reads; false when it is lost. Called with the lock held. */
static bool alive(struct connection *connection) {
  while (wire_readable(&connection->wire)) {
    if (!wire_receive(&connection->wire, &connection->reply)) return false;
    if (wire_operation(&connection->reply) != WIRE_HEARTBEAT) return false;
    if (!wire_send_heartbeat(&connection->wire)) return false;
  }
  return !wire_silent(&connection->wire);
}

static void tend(struct connection *connection) {
  pthread_mutex_lock(&connection->lock);
  bool idle = !connection->busy && !connection->consuming && !connection->broken && !connection->closed;
  if (idle && !alive(connection)) connection_lose(connection);
  pthread_mutex_unlock(&connection->lock);
}

static void *heartbeat_thread(void *argument) {
  const struct timespec tick = {.tv_nsec = TICK_MILLISECONDS * 1000000L};
  for (;;) {
    nanosleep(&tick, NULL);
    struct connection *connection = connection_acquire_after(MQHC_UNUSABLE_HCONN);
    while (connection) {
      MQHCONN handle = connection->handle;
      tend(connection);
      connection_release(connection);
      connection = connection_acquire_after(handle);
    }
  }
  return argument;
}

bool heartbeats_start(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool started;
  pthread_mutex_lock(&lock);
  pthread_t thread;
  if (!started && pthread_create(&thread, NULL, heartbeat_thread, NULL) == 0) {
    pthread_detach(thread);
    started = true;
  }
  bool result = started;
  pthread_mutex_unlock(&lock);
  return result;
}

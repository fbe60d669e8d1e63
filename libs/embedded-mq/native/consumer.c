/*
 * Asynchronous consumption: MQCB registers callbacks, MQCTL starts and stops a thread per connection
 * that takes one message after the other and calls them.
 *
 * There is no read-ahead: the thread asks for a message only while consumption is started and not
 * suspended. A suspension by another thread cancels the request; a message that was already on its way
 * is still delivered, before MQCTL returns.
 */
#include "client.h"

#include <stdlib.h>

static struct consumer *find_consumer(struct connection *connection, MQHOBJ object) {
  struct consumer *consumer = connection->consumers;
  while (consumer && consumer->object != object) consumer = consumer->next;
  return consumer;
}

void consumer_remove(struct connection *connection, MQHOBJ object) {
  pthread_mutex_lock(&connection->lock);
  for (struct consumer **link = &connection->consumers; *link; link = &(*link)->next) {
    if ((*link)->object != object) continue;
    struct consumer *removed = *link;
    *link = removed->next;
    free(removed);
    break;
  }
  pthread_mutex_unlock(&connection->lock);
}

/* ---- the thread ---- */

/* Something to do: a message to ask for, or the loss of the connection to tell. */
static bool may_run(const struct connection *connection) {
  if (!connection->started || connection->suspended || connection->busy) return false;
  return connection->broken ? !connection->notified : connection->consumers != NULL;
}

static MQCBC new_context(MQLONG call_type, MQLONG completion, MQLONG reason) {
  MQCBC context = {.Version = MQCBC_CURRENT_VERSION, .CallType = call_type, .CompCode = completion, .Reason = reason};
  memcpy(context.StrucId, MQCBC_STRUC_ID, sizeof context.StrucId);
  return context;
}

static void call(struct connection *connection, const struct consumer *consumer, MQCBC *context, MQMD *descriptor,
                 MQGMO *options, void *data) {
  context->Hobj = consumer->object;
  context->CallbackArea = consumer->area;
  context->ConnectionArea = connection->connection_area;
  consumer->function(connection->handle, descriptor, options, data, context);
}

static void call_with_event(struct connection *connection, const struct consumer *consumer, MQLONG reason) {
  MQCBC context = new_context(MQCBCT_EVENT_CALL, MQCC_FAILED, reason);
  call(connection, consumer, &context, NULL, NULL, NULL);
}

/* Tells every callback, the event handler first. Called without the lock; callbacks may deregister. */
static void tell_all(struct connection *connection, MQLONG reason) {
  pthread_mutex_lock(&connection->lock);
  size_t count = connection->event_handler.function ? 1 : 0;
  for (struct consumer *consumer = connection->consumers; consumer; consumer = consumer->next) count++;
  struct consumer *copies = calloc(count ? count : 1, sizeof *copies);
  size_t filled = 0;
  if (copies) {
    if (connection->event_handler.function) copies[filled++] = connection->event_handler;
    for (struct consumer *consumer = connection->consumers; consumer; consumer = consumer->next) {
      copies[filled++] = *consumer;
    }
  }
  pthread_mutex_unlock(&connection->lock);
  for (size_t i = 0; i < filled; i++) call_with_event(connection, &copies[i], reason);
  free(copies);
}

/* Calls the consumer a reply is for. Called without the lock. */
static void deliver(struct connection *connection, MQLONG completion, MQLONG reason) {
  struct buffer *frame = &connection->delivery;
  MQMD descriptor = {MQMD_DEFAULT};
  MQGMO options = {MQGMO_DEFAULT};
  struct get_reply reply = {0};
  struct consumer consumer;

  if (completion == MQCC_FAILED) {
    MQHOBJ object = buffer_take_i32(frame);
    pthread_mutex_lock(&connection->lock);
    const struct consumer *found = find_consumer(connection, object);
    if (found) consumer = *found;
    pthread_mutex_unlock(&connection->lock);
    if (found) {
      call_with_event(connection, &consumer, reason);
    } else if (object == MQHO_NONE) {
      tell_all(connection, reason);
    }
    return;
  }

  size_t start = frame->position;
  MQHOBJ object = buffer_take_i32(frame);
  pthread_mutex_lock(&connection->lock);
  const struct consumer *found = find_consumer(connection, object);
  if (found) consumer = *found;
  pthread_mutex_unlock(&connection->lock);
  if (!found) return;

  frame->position = start;
  descriptor.Version = MQMD_VERSION_2;
  options = consumer.options;
  if (!get_reply_read(frame, &descriptor, &options, &reply)) return;
  if (options.Version >= MQGMO_VERSION_4 && options.MsgHandle != MQHM_NONE) {
    MQLONG refusal = properties_read(options.MsgHandle, reply.properties, reply.properties_length);
    if (refusal != MQRC_NONE && completion == MQCC_OK) {
      completion = MQCC_WARNING;
      reason = refusal;
    }
  }
  MQLONG browse = MQGMO_BROWSE_FIRST | MQGMO_BROWSE_NEXT | MQGMO_BROWSE_MSG_UNDER_CURSOR;
  bool removed = !(options.Options & browse) && reason != MQRC_TRUNCATED_MSG_FAILED;
  MQCBC context = new_context(removed ? MQCBCT_MSG_REMOVED : MQCBCT_MSG_NOT_REMOVED, completion, reason);
  context.DataLength = reply.data_length;
  context.BufferLength = reply.returned_length;
  call(connection, &consumer, &context, &descriptor, &options, (void *)reply.data);
}

/* Tells the loss of the connection; consumption is then stopped. Called and returns with the lock held. */
static void deliver_loss(struct connection *connection) {
  connection->notified = true;
  connection->calling = true;
  pthread_mutex_unlock(&connection->lock);
  tell_all(connection, MQRC_CONNECTION_BROKEN);
  pthread_mutex_lock(&connection->lock);
  connection->calling = false;
  connection->started = false;
  pthread_cond_broadcast(&connection->changed);
}

/* Asks for one message, waits for it, and calls. Called and returns with the lock held. */
static void consume_one(struct connection *connection) {
  /* Sent under the lock, so that a cancellation always comes after it. */
  wire_begin(&connection->delivery, WIRE_CONSUME);
  connection->consuming = true;
  bool alive = wire_send(&connection->wire, &connection->delivery);
  pthread_mutex_unlock(&connection->lock);
  alive = alive && connection_receive(connection, &connection->delivery);
  MQLONG completion = alive ? buffer_take_i32(&connection->delivery) : MQCC_FAILED;
  MQLONG reason = alive ? buffer_take_i32(&connection->delivery) : MQRC_CONNECTION_BROKEN;
  bool cancelled = alive && completion == MQCC_FAILED && reason == MQRC_NONE;

  pthread_mutex_lock(&connection->lock);
  connection->consuming = false;
  if (!alive) {
    connection_lose(connection);
  } else if (!cancelled) {
    connection->calling = true;
    pthread_mutex_unlock(&connection->lock);
    deliver(connection, completion, reason);
    pthread_mutex_lock(&connection->lock);
    connection->calling = false;
  }
  pthread_cond_broadcast(&connection->changed);
}

static void *consumer_thread(void *argument) {
  struct connection *connection = argument;
  pthread_mutex_lock(&connection->lock);
  while (!connection->closed) {
    if (!may_run(connection)) {
      pthread_cond_wait(&connection->changed, &connection->lock);
    } else if (connection->broken) {
      deliver_loss(connection);
    } else {
      consume_one(connection);
    }
  }
  pthread_mutex_unlock(&connection->lock);
  connection_release(connection);
  return NULL;
}

/* Called with the lock held. */
static bool ensure_thread(struct connection *connection) {
  if (connection->has_thread) return true;
  connection_acquire(connection->handle);
  if (pthread_create(&connection->thread, NULL, consumer_thread, connection) != 0) {
    pthread_mutex_unlock(&connection->lock);
    connection_release(connection);
    pthread_mutex_lock(&connection->lock);
    return false;
  }
  pthread_detach(connection->thread);
  connection->has_thread = true;
  return true;
}

/* Ends an outstanding request for a message and waits until no callback runs. Called with the lock held. */
static void quiesce(struct connection *connection) {
  if (on_consumer_thread(connection)) return; /* takes effect when the callback returns */
  if (connection->consuming) {
    struct buffer frame = {0};
    wire_begin(&frame, WIRE_CANCEL);
    if (!wire_send(&connection->wire, &frame)) connection_lose(connection);
    buffer_free(&frame);
  }
  while (connection->consuming || connection->calling) {
    pthread_cond_wait(&connection->changed, &connection->lock);
  }
}

void consumers_shut_down(struct connection *connection) {
  pthread_mutex_lock(&connection->lock);
  connection->started = false;
  connection->suspended = false;
  quiesce(connection);
  pthread_cond_broadcast(&connection->changed);
  pthread_mutex_unlock(&connection->lock);
}

/* ---- MQCTL ---- */

static MQLONG control_start(struct connection *connection, const MQCTLO *options) {
  if (connection->suspended) return MQRC_OPERATION_NOT_ALLOWED;
  if (connection->broken && connection->notified) return MQRC_CONNECTION_BROKEN;
  if (!ensure_thread(connection)) return MQRC_RESOURCE_PROBLEM;
  if (options) connection->connection_area = options->ConnectionArea;
  connection->started = true;
  return MQRC_NONE;
}

static MQLONG control_resume(struct connection *connection) {
  if (connection->broken && connection->notified) return MQRC_CONNECTION_BROKEN;
  if (!connection->started) return MQRC_OPERATION_NOT_ALLOWED;
  connection->suspended = false;
  return MQRC_NONE;
}

static MQLONG control_suspend(struct connection *connection) {
  if (!connection->started) return MQRC_OPERATION_NOT_ALLOWED;
  connection->suspended = true;
  quiesce(connection);
  return MQRC_NONE;
}

static MQLONG control_stop(struct connection *connection) {
  connection->started = false;
  connection->suspended = false;
  quiesce(connection);
  return MQRC_NONE;
}

static MQLONG control(struct connection *connection, MQLONG operation, const MQCTLO *options) {
  if (connection->closed) return MQRC_HCONN_ERROR;
  switch (operation) {
    case MQOP_START:
      return control_start(connection, options);
    case MQOP_RESUME:
      return control_resume(connection);
    case MQOP_SUSPEND:
      return control_suspend(connection);
    case MQOP_STOP:
      return control_stop(connection);
    case MQOP_START_WAIT:
      return MQRC_FUNCTION_NOT_SUPPORTED;
    default:
      return MQRC_OPERATION_ERROR;
  }
}

MQI_EXPORT void MQENTRY MQCTL(MQHCONN handle, MQLONG operation, PMQVOID control_options, PMQLONG completion,
                              PMQLONG reason) {
  if (control_options && !has_identifier(control_options, MQCTLO_STRUC_ID)) {
    fail(completion, reason, MQRC_CTLO_ERROR);
    return;
  }
  struct connection *connection = connection_acquire(handle);
  if (!connection) {
    fail(completion, reason, MQRC_HCONN_ERROR);
    return;
  }
  pthread_mutex_lock(&connection->lock);
  MQLONG refusal = control(connection, operation, control_options);
  pthread_cond_broadcast(&connection->changed);
  pthread_mutex_unlock(&connection->lock);
  connection_release(connection);
  set_result(completion, reason, refusal == MQRC_NONE ? MQCC_OK : MQCC_FAILED, refusal);
}

/* ---- MQCB ---- */

static MQLONG check_callback(const MQCBD *callback) {
  if (!has_identifier(callback, MQCBD_STRUC_ID) || callback->Version != MQCBD_VERSION_1) return MQRC_CBD_ERROR;
  if (callback->CallbackType != MQCBT_MESSAGE_CONSUMER && callback->CallbackType != MQCBT_EVENT_HANDLER) {
    return MQRC_CALLBACK_TYPE_ERROR;
  }
  if (!callback->CallbackFunction) return MQRC_CALLBACK_ROUTINE_ERROR; /* nor is one loaded by name */
  if (callback->Options & ~(MQCBDO_FAIL_IF_QUIESCING | MQCBDO_EVENT_CALL)) return MQRC_FUNCTION_NOT_SUPPORTED;
  return MQRC_NONE;
}

/* Remembers the callback of an object, in place of an earlier one. Called with the lock held. */
static bool keep_consumer(struct connection *connection, MQHOBJ object, const MQCBD *callback,
                          const MQGMO *options) {
  struct consumer *consumer = find_consumer(connection, object);
  if (!consumer) {
    consumer = calloc(1, sizeof *consumer);
    if (!consumer) return false;
    consumer->next = connection->consumers;
    connection->consumers = consumer;
  }
  static const size_t lengths[] = {MQGMO_LENGTH_1, MQGMO_LENGTH_2, MQGMO_LENGTH_3, MQGMO_LENGTH_4};
  consumer->object = object;
  consumer->function = (MQCB_FUNCTION *)callback->CallbackFunction;
  consumer->area = callback->CallbackArea;
  consumer->options = (MQGMO){MQGMO_DEFAULT};
  memcpy(&consumer->options, options, lengths[options->Version - 1]);
  return true;
}

static void register_event_handler(MQHCONN handle, MQLONG operation, const MQCBD *callback, PMQLONG completion,
                                   PMQLONG reason) {
  struct connection *connection = connection_acquire(handle);
  if (!connection) {
    fail(completion, reason, MQRC_HCONN_ERROR);
    return;
  }
  pthread_mutex_lock(&connection->lock);
  connection->event_handler = (struct consumer){0};
  if (operation & MQOP_REGISTER) {
    connection->event_handler.function = (MQCB_FUNCTION *)callback->CallbackFunction;
    connection->event_handler.area = callback->CallbackArea;
  }
  pthread_mutex_unlock(&connection->lock);
  connection_release(connection);
  set_result(completion, reason, MQCC_OK, MQRC_NONE);
}

static void register_consumer(MQHCONN handle, const MQCBD *callback, MQHOBJ object, const MQMD *descriptor,
                              const MQGMO *options, PMQLONG completion, PMQLONG reason) {
  MQMD default_descriptor = {MQMD_DEFAULT};
  MQGMO default_options = {MQGMO_DEFAULT};
  if (!descriptor) descriptor = &default_descriptor;
  if (!options) options = &default_options;
  MQLONG refusal = get_request_check(descriptor, options);
  if (refusal == MQRC_NONE && callback->MaxMsgLength < MQCBD_FULL_MSG_LENGTH) refusal = MQRC_MAX_MSG_LENGTH_ERROR;
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  struct verb verb;
  if (!verb_begin(&verb, handle, WIRE_REGISTER, completion, reason)) return;
  get_request_write(&verb.connection->request, object, descriptor, options, callback->MaxMsgLength);
  if (verb_exchange(&verb) && *completion != MQCC_FAILED) {
    pthread_mutex_lock(&verb.connection->lock);
    bool kept = keep_consumer(verb.connection, object, callback, options);
    pthread_mutex_unlock(&verb.connection->lock);
    if (!kept) fail(completion, reason, MQRC_STORAGE_NOT_AVAILABLE);
  }
  verb_end(&verb);
}

static void deregister_consumer(MQHCONN handle, MQHOBJ object, PMQLONG completion, PMQLONG reason) {
  struct verb verb;
  if (!verb_begin(&verb, handle, WIRE_DEREGISTER, completion, reason)) return;
  buffer_put_i32(&verb.connection->request, object);
  if (verb_exchange(&verb) && *completion != MQCC_FAILED) consumer_remove(verb.connection, object);
  verb_end(&verb);
}

MQI_EXPORT void MQENTRY MQCB(MQHCONN handle, MQLONG operation, PMQVOID callback_descriptor, MQHOBJ object,
                             PMQVOID message_descriptor, PMQVOID get_options, PMQLONG completion, PMQLONG reason) {
  const MQCBD *callback = callback_descriptor;
  bool registers = operation == MQOP_REGISTER;
  if (!registers && operation != MQOP_DEREGISTER) {
    /* Suspending a single consumer is not implemented; the whole connection can be, by MQCTL. */
    bool known = operation == MQOP_SUSPEND || operation == MQOP_RESUME ||
                 operation == (MQOP_REGISTER | MQOP_SUSPEND) || operation == (MQOP_REGISTER | MQOP_RESUME);
    fail(completion, reason, known ? MQRC_FUNCTION_NOT_SUPPORTED : MQRC_OPERATION_ERROR);
    return;
  }
  MQLONG refusal = registers ? check_callback(callback) : MQRC_NONE;
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
  } else if (callback && callback->CallbackType == MQCBT_EVENT_HANDLER) {
    register_event_handler(handle, operation, callback, completion, reason);
  } else if (registers) {
    register_consumer(handle, callback, object, message_descriptor, get_options, completion, reason);
  } else {
    deregister_consumer(handle, object, completion, reason);
  }
}

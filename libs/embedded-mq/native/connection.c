/* MQCONN, MQCONNX and MQDISC; the table of connections; how a verb takes a connection. */
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_SECONDS 20
/* For the answer to who we are. */
#define WELCOME_TIMEOUT_SECONDS 10
#define MAX_HEARTBEAT_INTERVAL 999999
#define DEFAULT_PORT "1414"
#define DEFAULT_CHANNEL "SYSTEM.DEF.SVRCONN"
#define CLIENT_ENVIRONMENT "MQSERVER"

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *table;
/* Handles are never used twice, so that a stale one is always found out. */
static MQHCONN last_handle;

void set_result(PMQLONG completion, PMQLONG reason, MQLONG completion_value, MQLONG reason_value) {
  *completion = completion_value;
  *reason = reason_value;
}

void fail(PMQLONG completion, PMQLONG reason, MQLONG reason_value) {
  set_result(completion, reason, MQCC_FAILED, reason_value);
}

struct connection *connection_acquire(MQHCONN handle) {
  pthread_mutex_lock(&table_lock);
  struct connection *connection = table;
  while (connection && connection->handle != handle) connection = connection->next;
  if (connection) connection->references++;
  pthread_mutex_unlock(&table_lock);
  return connection;
}

struct connection *connection_acquire_after(MQHCONN handle) {
  struct connection *next = NULL;
  pthread_mutex_lock(&table_lock);
  for (struct connection *connection = table; connection; connection = connection->next) {
    if (connection->handle > handle && (!next || connection->handle < next->handle)) next = connection;
  }
  if (next) next->references++;
  pthread_mutex_unlock(&table_lock);
  return next;
}

void connection_lose(struct connection *connection) {
  connection->broken = true;
  shutdown(connection->wire.socket, SHUT_RDWR);
  pthread_cond_broadcast(&connection->changed);
}

static void connection_free(struct connection *connection) {
  if (connection->wire.socket >= 0) close(connection->wire.socket);
  for (struct consumer *consumer = connection->consumers; consumer;) {
    struct consumer *next = consumer->next;
    free(consumer);
    consumer = next;
  }
  buffer_free(&connection->request);
  buffer_free(&connection->reply);
  buffer_free(&connection->delivery);
  buffer_free(&connection->wire.ahead);
  pthread_cond_destroy(&connection->changed);
  pthread_mutex_destroy(&connection->lock);
  free(connection);
}

void connection_release(struct connection *connection) {
  pthread_mutex_lock(&table_lock);
  bool last = --connection->references == 0;
  pthread_mutex_unlock(&table_lock);
  if (last) connection_free(connection);
}

static struct connection *connection_create(void) {
  struct connection *connection = calloc(1, sizeof *connection);
  if (!connection) return NULL;
  connection->wire.socket = -1;
  connection->references = 1;
  connection->creator = pthread_self();
  pthread_mutex_init(&connection->lock, NULL);
  pthread_cond_init(&connection->changed, NULL);
  return connection;
}

static void table_add(struct connection *connection) {
  pthread_mutex_lock(&table_lock);
  connection->handle = ++last_handle;
  connection->next = table;
  table = connection;
  pthread_mutex_unlock(&table_lock);
}

/* Takes the connection out of the table and gives up the table's reference. */
static void table_remove(struct connection *connection) {
  pthread_mutex_lock(&table_lock);
  for (struct connection **link = &table; *link; link = &(*link)->next) {
    if (*link != connection) continue;
    *link = connection->next;
    break;
  }
  pthread_mutex_unlock(&table_lock);
  connection_release(connection);
}

bool on_consumer_thread(const struct connection *connection) {
  return connection->has_thread && pthread_equal(connection->thread, pthread_self());
}

/* Waits until the socket is free for a verb; 0, or the reason why the verb may not run. */
static MQLONG take_ownership(struct connection *connection) {
  bool callback = on_consumer_thread(connection);
  if (connection->share_none && !callback && !pthread_equal(connection->creator, pthread_self())) {
    return MQRC_HCONN_ERROR;
  }
  for (;;) {
    if (connection->closed) return MQRC_HCONN_ERROR;
    if (!callback && connection->started && !connection->suspended) return MQRC_HCONN_ASYNC_ACTIVE;
    /* A suspension asked for by the running callback takes effect when it returns. */
    bool delivering = !callback && (connection->consuming || connection->calling);
    if (!connection->busy && !delivering) break;
    if (connection->busy && connection->share_no_block) return MQRC_CALL_IN_PROGRESS;
    pthread_cond_wait(&connection->changed, &connection->lock);
  }
  if (connection->broken) return MQRC_CONNECTION_BROKEN;
  connection->busy = true;
  return MQRC_NONE;
}

bool verb_begin(struct verb *verb, MQHCONN handle, enum wire_operation operation, PMQLONG completion,
                PMQLONG reason) {
  *verb = (struct verb){.completion = completion, .reason = reason};
  struct connection *connection = connection_acquire(handle);
  if (!connection) {
    fail(completion, reason, MQRC_HCONN_ERROR);
    return false;
  }
  pthread_mutex_lock(&connection->lock);
  MQLONG refusal = take_ownership(connection);
  pthread_mutex_unlock(&connection->lock);
  if (refusal != MQRC_NONE) {
    connection_release(connection);
    fail(completion, reason, refusal);
    return false;
  }
  verb->connection = connection;
  wire_begin(&connection->request, operation);
  set_result(completion, reason, MQCC_OK, MQRC_NONE);
  return true;
}

bool verb_exchange(struct verb *verb) {
  struct connection *connection = verb->connection;
  if (connection->request.failed) {
    fail(verb->completion, verb->reason, MQRC_STORAGE_NOT_AVAILABLE);
    return false;
  }
  if (!wire_send(&connection->wire, &connection->request) || !connection_receive(connection, &connection->reply)) {
    pthread_mutex_lock(&connection->lock);
    connection_lose(connection);
    pthread_mutex_unlock(&connection->lock);
    fail(verb->completion, verb->reason, MQRC_CONNECTION_BROKEN);
    return false;
  }
  *verb->completion = buffer_take_i32(&connection->reply);
  *verb->reason = buffer_take_i32(&connection->reply);
  return true;
}

void verb_end(struct verb *verb) {
  struct connection *connection = verb->connection;
  pthread_mutex_lock(&connection->lock);
  connection->busy = false;
  pthread_cond_broadcast(&connection->changed);
  pthread_mutex_unlock(&connection->lock);
  connection_release(connection);
}

/* ---- connecting ---- */

struct target {
  char channel[MQ_CHANNEL_NAME_LENGTH];
  char names[MQ_CONN_NAME_LENGTH + 1]; /* "host(port),host(port)" */
  MQLONG heartbeat; /* the interval that the client asks for, in seconds */
};

static void copy_blank_padded(char *field, size_t size, const char *text, size_t length) {
  memset(field, ' ', size);
  memcpy(field, text, length < size ? length : size);
}

/* The length of an MQ character field without its trailing blanks, or up to a null. */
static size_t field_length(const char *field, size_t size) {
  size_t length = strnlen(field, size);
  while (length > 0 && field[length - 1] == ' ') length--;
  return length;
}

/* MQSERVER=channel/TCP/host(port) */
static bool target_from_environment(struct target *target) {
  const char *value = getenv(CLIENT_ENVIRONMENT);
  const char *transport = value ? strchr(value, '/') : NULL;
  const char *names = transport ? strchr(transport + 1, '/') : NULL;
  if (!names || strlen(names + 1) > MQ_CONN_NAME_LENGTH) return false;
  copy_blank_padded(target->channel, sizeof target->channel, value, (size_t)(transport - value));
  snprintf(target->names, sizeof target->names, "%s", names + 1);
  return true;
}

/* The channel and addresses to use; 0 or a reason code. */
static MQLONG find_target(const MQCNO *options, struct target *target) {
  const MQCD *channel = NULL;
  target->heartbeat = 0;
  if (options && options->Version >= MQCNO_VERSION_2) {
    if (options->ClientConnPtr) {
      channel = options->ClientConnPtr;
    } else if (options->ClientConnOffset) {
      channel = (const MQCD *)((const char *)options + options->ClientConnOffset);
    }
  }
  if (channel) {
    if (channel->TransportType != MQXPT_TCP && channel->TransportType != MQXPT_LU62) return MQRC_CD_ERROR;
    if (channel->Version >= MQCD_VERSION_7 &&
        field_length(channel->SSLCipherSpec, sizeof channel->SSLCipherSpec) > 0) {
      return MQRC_SSL_INITIALIZATION_ERROR; /* no TLS here, and never plain text where TLS was asked for */
    }
    if (channel->Version >= MQCD_VERSION_4) target->heartbeat = channel->HeartbeatInterval;
    if (target->heartbeat < 0 || target->heartbeat > MAX_HEARTBEAT_INTERVAL) return MQRC_CD_ERROR;
    memcpy(target->channel, channel->ChannelName, sizeof target->channel);
    size_t length = field_length(channel->ConnectionName, sizeof channel->ConnectionName);
    memcpy(target->names, channel->ConnectionName, length);
    target->names[length] = '\0';
    if (length > 0) return MQRC_NONE;
  }
  if (options && options->Version >= MQCNO_VERSION_6 && (options->CCDTUrlPtr || options->CCDTUrlOffset)) {
    return MQRC_FUNCTION_NOT_SUPPORTED;
  }
  if (target_from_environment(target)) return MQRC_NONE;
  if (!channel) copy_blank_padded(target->channel, sizeof target->channel, DEFAULT_CHANNEL, strlen(DEFAULT_CHANNEL));
  snprintf(target->names, sizeof target->names, "localhost(" DEFAULT_PORT ")");
  return MQRC_NONE;
}

static int connect_to(const char *host, const char *port) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *addresses;
  if (getaddrinfo(host, port, &hints, &addresses) != 0) return -1;
  int connected = -1;
  for (struct addrinfo *address = addresses; address && connected < 0; address = address->ai_next) {
    int candidate = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (candidate < 0) continue;
    struct timeval limit = {.tv_sec = CONNECT_TIMEOUT_SECONDS};
    int on = 1;
    setsockopt(candidate, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(candidate, address->ai_addr, address->ai_addrlen) == 0) {
      setsockopt(candidate, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      setsockopt(candidate, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#if defined(SO_NOSIGPIPE)
      setsockopt(candidate, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
      connected = candidate;
    } else {
      close(candidate);
    }
  }
  freeaddrinfo(addresses);
  return connected;
}

/* Tries each "host(port)" of a comma-separated list in turn. */
static int connect_to_any(char *names) {
  char *rest = names;
  for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
    while (*name == ' ') name++;
    char *port = strchr(name, '(');
    char *end = port ? strchr(port, ')') : NULL;
    if (end) {
      *port++ = '\0';
      *end = '\0';
    }
    int connected = connect_to(name, end ? port : DEFAULT_PORT);
    if (connected >= 0) return connected;
  }
  return -1;
}

static void put_field(struct buffer *frame, const char *field, size_t size) {
  buffer_put_text(frame, field, field_length(field, size));
}

/* The name that messages carry as PutApplName: what MQCNO says, or the program's. */
static void put_application_name(struct buffer *frame, const MQCNO *options) {
  if (options && options->Version >= MQCNO_VERSION_7 &&
      field_length(options->ApplName, sizeof options->ApplName) > 0) {
    put_field(frame, options->ApplName, sizeof options->ApplName);
    return;
  }
#if defined(__linux__)
  const char *program = program_invocation_name;
#else
  const char *program = getprogname();
#endif
  size_t length = strlen(program);
  if (length > MQ_APPL_NAME_LENGTH) {
    program += length - MQ_APPL_NAME_LENGTH;
    length = MQ_APPL_NAME_LENGTH;
  }
  buffer_put_text(frame, program, length);
}

static void put_user(struct buffer *frame) {
  struct passwd entry;
  struct passwd *found = NULL;
  char text[1024];
  if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) == 0 && found) {
    buffer_put_text(frame, found->pw_name, strlen(found->pw_name));
  } else {
    buffer_put_text(frame, "", 0);
  }
}

/* Whether there are credentials, the user and the password; 0 or a reason code. */
static MQLONG put_credentials(struct buffer *frame, const MQCNO *options) {
  const MQCSP *security = NULL;
  if (options && options->Version >= MQCNO_VERSION_5) {
    if (options->SecurityParmsPtr) {
      security = options->SecurityParmsPtr;
    } else if (options->SecurityParmsOffset) {
      security = (const MQCSP *)((const char *)options + options->SecurityParmsOffset);
    }
  }
  if (security && !has_identifier(security, MQCSP_STRUC_ID)) return MQRC_CSP_ERROR;
  if (!security || security->AuthenticationType == MQCSP_AUTH_NONE) {
    buffer_put_u16(frame, 0);
    return MQRC_NONE;
  }
  if (security->AuthenticationType != MQCSP_AUTH_USER_ID_AND_PWD) return MQRC_FUNCTION_NOT_SUPPORTED;
  const char *base = (const char *)security;
  const char *user = security->CSPUserIdPtr ? security->CSPUserIdPtr : base + security->CSPUserIdOffset;
  const char *password = security->CSPPasswordPtr ? security->CSPPasswordPtr : base + security->CSPPasswordOffset;
  if (security->CSPUserIdLength < 0 || security->CSPPasswordLength < 0) return MQRC_CSP_ERROR;
  buffer_put_u16(frame, 1);
  buffer_put_text(frame, user, (size_t)security->CSPUserIdLength);
  buffer_put_text(frame, password, (size_t)security->CSPPasswordLength);
  return MQRC_NONE;
}

static MQLONG check_connect_options(const MQCNO *options) {
  if (!options) return MQRC_NONE;
  if (!has_identifier(options, MQCNO_STRUC_ID)) return MQRC_CNO_ERROR;
  if (options->Version < MQCNO_VERSION_1 || options->Version > MQCNO_CURRENT_VERSION) return MQRC_CNO_ERROR;
  if (options->Options & (MQCNO_RECONNECT | MQCNO_RECONNECT_Q_MGR)) return MQRC_FUNCTION_NOT_SUPPORTED;
  MQLONG sharing =
      options->Options & (MQCNO_HANDLE_SHARE_NONE | MQCNO_HANDLE_SHARE_BLOCK | MQCNO_HANDLE_SHARE_NO_BLOCK);
  return (sharing & (sharing - 1)) ? MQRC_OPTIONS_ERROR : MQRC_NONE;
}

/* Sends who we are and where we want to go; 0 or a reason code. */
static MQLONG introduce(struct connection *connection, PMQCHAR queue_manager, const MQCNO *options,
                        const struct target *target) {
  struct buffer *frame = &connection->request;
  wire_begin(frame, WIRE_CONNECT);
  buffer_put_i32(frame, (int32_t)WIRE_MAGIC);
  buffer_put_i32(frame, WIRE_VERSION);
  buffer_put_i32(frame, (int32_t)getpid());
  buffer_put_i32(frame, target->heartbeat);
  put_field(frame, queue_manager, MQ_Q_MGR_NAME_LENGTH);
  put_field(frame, target->channel, sizeof target->channel);
  put_application_name(frame, options);
  put_user(frame);
  MQLONG refusal = put_credentials(frame, options);
  if (refusal != MQRC_NONE) return refusal;
  wire_limit(&connection->wire, WELCOME_TIMEOUT_SECONDS);
  errno = 0;
  if (!wire_send(&connection->wire, frame) || !wire_receive(&connection->wire, &connection->reply)) {
    return errno == EAGAIN ? MQRC_CONNECTION_BROKEN : MQRC_CHANNEL_NOT_AVAILABLE;
  }
  /* The request holds a password. */
  memset(frame->bytes, 0, frame->capacity);
  MQLONG completion = buffer_take_i32(&connection->reply);
  MQLONG reason = buffer_take_i32(&connection->reply);
  if (completion == MQCC_FAILED) return reason;
  wire_limit(&connection->wire, silence_limit(buffer_take_i32(&connection->reply)));
  return connection->reply.failed ? MQRC_CHANNEL_NOT_AVAILABLE : MQRC_NONE;
}

MQI_EXPORT void MQENTRY MQCONNX(PMQCHAR queue_manager, PMQCNO options, PMQHCONN handle, PMQLONG completion,
                                PMQLONG reason) {
  struct target target;
  *handle = MQHC_UNUSABLE_HCONN;
  MQLONG refusal = check_connect_options(options);
  if (refusal == MQRC_NONE) refusal = find_target(options, &target);
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  struct connection *connection = connection_create();
  if (!connection) {
    fail(completion, reason, MQRC_STORAGE_NOT_AVAILABLE);
    return;
  }
  MQLONG sharing = options ? options->Options : MQCNO_NONE;
  connection->share_no_block = (sharing & MQCNO_HANDLE_SHARE_NO_BLOCK) != 0;
  connection->share_none = !(sharing & (MQCNO_HANDLE_SHARE_BLOCK | MQCNO_HANDLE_SHARE_NO_BLOCK));
  connection->wire.socket = connect_to_any(target.names);
  refusal = connection->wire.socket < 0 ? MQRC_HOST_NOT_AVAILABLE
                                   : introduce(connection, queue_manager, options, &target);
  if (refusal == MQRC_NONE && !heartbeats_start()) refusal = MQRC_RESOURCE_PROBLEM;
  if (refusal != MQRC_NONE) {
    connection_release(connection);
    fail(completion, reason, refusal);
    return;
  }
  table_add(connection);
  *handle = connection->handle;
  set_result(completion, reason, MQCC_OK, MQRC_NONE);
}

MQI_EXPORT void MQENTRY MQCONN(PMQCHAR queue_manager, PMQHCONN handle, PMQLONG completion, PMQLONG reason) {
  MQCONNX(queue_manager, NULL, handle, completion, reason);
}

MQI_EXPORT void MQENTRY MQDISC(PMQHCONN handle, PMQLONG completion, PMQLONG reason) {
  struct connection *connection = connection_acquire(*handle);
  if (!connection) {
    fail(completion, reason, MQRC_HCONN_ERROR);
    return;
  }
  consumers_shut_down(connection);
  connection_release(connection);

  struct verb verb;
  bool owned = verb_begin(&verb, *handle, WIRE_DISCONNECT, completion, reason);
  if (owned) {
    /* The queue manager commits the unit of work and may have to say that it could not. */
    verb_exchange(&verb);
  } else if (*reason != MQRC_CONNECTION_BROKEN) {
    return;
  } else {
    verb.connection = connection_acquire(*handle);
    if (!verb.connection) return;
  }
  connection = verb.connection;
  pthread_mutex_lock(&connection->lock);
  connection->closed = true;
  pthread_mutex_unlock(&connection->lock);
  table_remove(connection);
  message_handles_drop(*handle);
  *handle = MQHC_UNUSABLE_HCONN;
  if (owned) {
    verb_end(&verb);
  } else {
    connection_release(connection);
  }
}

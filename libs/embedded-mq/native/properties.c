/*
 * Message handles and their properties. They live in this process alone; MQPUT sends them along with the
 * message, and MQGET or a consumer fills a handle with those of the message.
 *
 * On the wire the properties of a message are a 32-bit length and, for each: name (16-bit length), type,
 * support, context and copy options, value (32-bit length).
 */
#include "client.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define MAX_NAME_LENGTH MQ_MAX_PROPERTY_NAME_LENGTH
#define MAX_PROPERTIES_LENGTH (100 * 1024 * 1024)
#define USER_FOLDER "usr."

struct property {
  char *name;
  size_t name_length;
  MQLONG type;
  MQLONG support;
  MQLONG context;
  MQLONG copy;
  unsigned char *value;
  size_t length;
};

struct message_handle {
  MQHMSG handle;
  MQHCONN owner;
  bool validates;
  struct property *properties;
  size_t count;
  size_t capacity;
  size_t cursor; /* one past the property that was inquired last; 0 when there is none */
  struct message_handle *next;
};

#define BUCKETS 64
static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;
static struct message_handle *buckets[BUCKETS];
static MQHMSG last_handle;

/* ---- handles ---- */

static struct message_handle *find_handle(MQHMSG handle) {
  struct message_handle *found = handle > 0 ? buckets[handle % BUCKETS] : NULL;
  while (found && found->handle != handle) found = found->next;
  return found;
}

bool message_handle_exists(MQHMSG handle) {
  pthread_mutex_lock(&handles_lock);
  bool exists = find_handle(handle) != NULL;
  pthread_mutex_unlock(&handles_lock);
  return exists;
}

static void clear_properties(struct message_handle *handle) {
  for (size_t i = 0; i < handle->count; i++) {
    free(handle->properties[i].name);
    free(handle->properties[i].value);
  }
  handle->count = 0;
  handle->cursor = 0;
}

static void free_handle(struct message_handle *handle) {
  clear_properties(handle);
  free(handle->properties);
  free(handle);
}

void message_handles_drop(MQHCONN connection) {
  pthread_mutex_lock(&handles_lock);
  for (size_t i = 0; i < BUCKETS; i++) {
    for (struct message_handle **link = &buckets[i]; *link;) {
      struct message_handle *handle = *link;
      if (handle->owner == connection) {
        *link = handle->next;
        free_handle(handle);
      } else {
        link = &handle->next;
      }
    }
  }
  pthread_mutex_unlock(&handles_lock);
}

/*
 * Whether the connection may be used for a verb that stays in this process. These do not wait for a verb
 * that is under way on another thread.
 */
static MQLONG check_connection(MQHCONN handle) {
  if (handle == MQHC_UNASSOCIATED_HCONN) return MQRC_NONE;
  struct connection *connection = connection_acquire(handle);
  if (!connection) return MQRC_HCONN_ERROR;
  pthread_mutex_lock(&connection->lock);
  bool refused = connection->started && !connection->suspended && !on_consumer_thread(connection);
  pthread_mutex_unlock(&connection->lock);
  connection_release(connection);
  return refused ? MQRC_HCONN_ASYNC_ACTIVE : MQRC_NONE;
}

MQI_EXPORT void MQENTRY MQCRTMH(MQHCONN connection, PMQVOID create_options, PMQHMSG handle, PMQLONG completion,
                                PMQLONG reason) {
  const MQCMHO *options = create_options;
  *handle = MQHM_UNUSABLE_HMSG;
  MQLONG refusal = has_identifier(options, MQCMHO_STRUC_ID) ? check_connection(connection) : MQRC_CMHO_ERROR;
  if (refusal == MQRC_NONE && (options->Options & ~(MQCMHO_NO_VALIDATION | MQCMHO_VALIDATE))) {
    refusal = MQRC_OPTIONS_ERROR;
  }
  struct message_handle *created = refusal == MQRC_NONE ? calloc(1, sizeof *created) : NULL;
  if (refusal == MQRC_NONE && !created) refusal = MQRC_STORAGE_NOT_AVAILABLE;
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  created->owner = connection;
  created->validates = !(options->Options & MQCMHO_NO_VALIDATION);
  pthread_mutex_lock(&handles_lock);
  created->handle = ++last_handle;
  struct message_handle **bucket = &buckets[created->handle % BUCKETS];
  created->next = *bucket;
  *bucket = created;
  *handle = created->handle;
  pthread_mutex_unlock(&handles_lock);
  set_result(completion, reason, MQCC_OK, MQRC_NONE);
}

MQI_EXPORT void MQENTRY MQDLTMH(MQHCONN connection, PMQHMSG handle, PMQVOID delete_options, PMQLONG completion,
                                PMQLONG reason) {
  MQLONG refusal = has_identifier(delete_options, MQDMHO_STRUC_ID) ? check_connection(connection) : MQRC_DMHO_ERROR;
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  pthread_mutex_lock(&handles_lock);
  struct message_handle *found = find_handle(*handle);
  if (found) {
    struct message_handle **link = &buckets[found->handle % BUCKETS];
    while (*link != found) link = &(*link)->next;
    *link = found->next;
    free_handle(found);
  }
  pthread_mutex_unlock(&handles_lock);
  if (!found) {
    fail(completion, reason, MQRC_HMSG_ERROR);
    return;
  }
  *handle = MQHM_UNUSABLE_HMSG;
  set_result(completion, reason, MQCC_OK, MQRC_NONE);
}

/* ---- names ---- */

struct text {
  const char *bytes;
  size_t length;
};

/* The characters of an MQCHARV; 0 or a reason code. */
static MQLONG text_of(const MQCHARV *string, struct text *text) {
  if (!string) return MQRC_PROPERTY_NAME_ERROR;
  text->bytes = string->VSPtr ? string->VSPtr : (const char *)string + string->VSOffset;
  if (string->VSLength == MQVS_NULL_TERMINATED) {
    text->length = strlen(text->bytes);
  } else if (string->VSLength < 0) {
    return MQRC_PROPERTY_NAME_LENGTH_ERR;
  } else {
    text->length = (size_t)string->VSLength;
  }
  if (text->length > MAX_NAME_LENGTH) return MQRC_PROPERTY_NAME_LENGTH_ERR;
  /* A name without a folder means the folder "usr": both spellings are one property. */
  size_t folder = strlen(USER_FOLDER);
  if (text->length > folder && memcmp(text->bytes, USER_FOLDER, folder) == 0) {
    text->bytes += folder;
    text->length -= folder;
  }
  return MQRC_NONE;
}

static bool begins_with(const struct text *name, const char *prefix) {
  size_t length = strlen(prefix);
  return name->length >= length && memcmp(name->bytes, prefix, length) == 0;
}

/* Names that are set aside: those of JMS, the operators of selection strings, and parts of a message. */
static bool reserved_name(const struct text *name) {
  static const char *const keywords[] = {"NULL", "TRUE", "FALSE", "NOT", "AND", "OR",
                                         "BETWEEN", "LIKE", "IN", "IS", "ESCAPE"};
  for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
    if (name->length == strlen(keywords[i]) && strncasecmp(name->bytes, keywords[i], name->length) == 0) return true;
  }
  if (begins_with(name, "Root")) return !begins_with(name, "Root.MQMD.");
  return begins_with(name, "JMS") || begins_with(name, "Body");
}

/* Java identifiers separated by dots, and none that is reserved. */
static bool valid_name(const struct text *name) {
  bool start = true;
  for (size_t i = 0; i < name->length; i++) {
    unsigned char c = (unsigned char)name->bytes[i];
    if (c == '.') {
      if (start) return false;
      start = true;
    } else if (isalpha(c) || c == '_' || c == '$' || c >= 0x80) {
      start = false;
    } else if (!start && isdigit(c)) {
      continue;
    } else {
      return false;
    }
  }
  return !start && !reserved_name(name);
}

/* A trailing % stands for any characters. */
static bool matches(const struct property *property, const struct text *name) {
  bool wildcard = name->length > 0 && name->bytes[name->length - 1] == '%';
  size_t length = wildcard ? name->length - 1 : name->length;
  if (wildcard ? property->name_length < length : property->name_length != length) return false;
  return length == 0 || memcmp(property->name, name->bytes, length) == 0;
}

static struct property *find_property(struct message_handle *handle, const struct text *name) {
  for (size_t i = 0; i < handle->count; i++) {
    if (matches(&handle->properties[i], name)) return &handle->properties[i];
  }
  return NULL;
}

/* ---- setting and deleting ---- */

/* Room for one more property, or NULL. */
static struct property *add_property(struct message_handle *handle) {
  if (handle->count == handle->capacity) {
    size_t capacity = handle->capacity ? handle->capacity * 2 : 8;
    struct property *grown = realloc(handle->properties, capacity * sizeof *grown);
    if (!grown) return NULL;
    handle->properties = grown;
    handle->capacity = capacity;
  }
  struct property *property = &handle->properties[handle->count++];
  memset(property, 0, sizeof *property);
  return property;
}

static void *copy_of(const void *bytes, size_t length) {
  void *copy = malloc(length ? length : 1);
  if (copy && length) memcpy(copy, bytes, length);
  return copy;
}

/* The length that a type prescribes, or -1 when any will do. */
static int fixed_length(MQLONG type) {
  switch (type) {
    case MQTYPE_NULL:
      return 0;
    case MQTYPE_INT8:
      return 1;
    case MQTYPE_INT16:
      return 2;
    case MQTYPE_BOOLEAN:
    case MQTYPE_INT32:
    case MQTYPE_FLOAT32:
      return 4;
    case MQTYPE_INT64:
    case MQTYPE_FLOAT64:
      return 8;
    default:
      return -1;
  }
}

static MQLONG check_value(MQLONG type, MQLONG length, const void *value) {
  int fixed = fixed_length(type);
  if (fixed < 0 && type != MQTYPE_STRING && type != MQTYPE_BYTE_STRING) return MQRC_PROPERTY_TYPE_ERROR;
  if (fixed >= 0 && type != MQTYPE_NULL && length != fixed) return MQRC_BUFFER_LENGTH_ERROR;
  if (length < 0 && !(length == MQVL_NULL_TERMINATED && type == MQTYPE_STRING)) return MQRC_BUFFER_LENGTH_ERROR;
  if (length > MAX_PROPERTIES_LENGTH) return MQRC_PROPERTY_VALUE_TOO_BIG;
  return length != 0 && !value ? MQRC_BUFFER_ERROR : MQRC_NONE;
}

static void remove_property(struct message_handle *handle, struct property *property) {
  size_t index = (size_t)(property - handle->properties);
  free(property->name);
  free(property->value);
  memmove(property, property + 1, (handle->count - index - 1) * sizeof *property);
  handle->count--;
  if (handle->cursor > index) handle->cursor--;
}

/* The property that MQSETMP writes: one that is there, or a new one with its name; NULL when memory ran out. */
static struct property *property_to_set(struct message_handle *handle, const struct text *name, MQLONG options) {
  struct property *property = NULL;
  if (options & MQSMPO_SET_PROP_UNDER_CURSOR) {
    if (handle->cursor > 0) property = &handle->properties[handle->cursor - 1];
  } else if (!(options & MQSMPO_APPEND_PROPERTY)) {
    property = find_property(handle, name);
  }
  if (property) return property;
  char *copy = copy_of(name->bytes, name->length);
  property = copy ? add_property(handle) : NULL;
  if (!property) {
    free(copy);
    return NULL;
  }
  property->name = copy;
  property->name_length = name->length;
  return property;
}

static MQLONG set_property(MQHMSG handle_value, const struct text *name, MQLONG options, const MQPD *descriptor,
                           MQLONG type, size_t length, const void *value) {
  struct message_handle *handle = find_handle(handle_value);
  if (!handle) return MQRC_HMSG_ERROR;
  if (handle->validates && !valid_name(name)) return MQRC_PROPERTY_NAME_ERROR;
  unsigned char *copy = copy_of(value, length);
  struct property *property = copy ? property_to_set(handle, name, options) : NULL;
  if (!property) {
    free(copy);
    return MQRC_STORAGE_NOT_AVAILABLE;
  }
  free(property->value);
  property->value = copy;
  property->length = length;
  property->type = type;
  property->support = descriptor->Support;
  property->context = descriptor->Context;
  property->copy = descriptor->CopyOptions;
  return MQRC_NONE;
}

MQI_EXPORT void MQENTRY MQSETMP(MQHCONN connection, MQHMSG handle, PMQVOID set_options, PMQVOID property_name,
                                PMQVOID property_descriptor, MQLONG type, MQLONG value_length, PMQVOID value,
                                PMQLONG completion, PMQLONG reason) {
  const MQSMPO *options = set_options;
  struct text name;
  MQLONG refusal = MQRC_NONE;
  if (!has_identifier(options, MQSMPO_STRUC_ID)) {
    refusal = MQRC_SMPO_ERROR;
  } else if (!has_identifier(property_descriptor, MQPD_STRUC_ID)) {
    refusal = MQRC_PD_ERROR;
  } else if (options->Options & ~(MQSMPO_SET_PROP_UNDER_CURSOR | MQSMPO_APPEND_PROPERTY)) {
    refusal = MQRC_FUNCTION_NOT_SUPPORTED;
  }
  if (refusal == MQRC_NONE) refusal = check_connection(connection);
  if (refusal == MQRC_NONE) refusal = text_of(property_name, &name);
  if (refusal == MQRC_NONE) refusal = check_value(type, value_length, value);
  if (refusal == MQRC_NONE) {
    size_t length = value_length == MQVL_NULL_TERMINATED ? strlen(value) : (size_t)value_length;
    if (type == MQTYPE_NULL) length = 0;
    pthread_mutex_lock(&handles_lock);
    refusal = set_property(handle, &name, options->Options, property_descriptor, type, length, value);
    pthread_mutex_unlock(&handles_lock);
  }
  set_result(completion, reason, refusal == MQRC_NONE ? MQCC_OK : MQCC_FAILED, refusal);
}

static MQLONG delete_property(MQHMSG handle_value, const struct text *name, MQLONG options) {
  struct message_handle *handle = find_handle(handle_value);
  if (!handle) return MQRC_HMSG_ERROR;
  struct property *property = NULL;
  if (!(options & MQDMPO_DEL_PROP_UNDER_CURSOR)) {
    property = find_property(handle, name);
  } else if (handle->cursor > 0) {
    property = &handle->properties[handle->cursor - 1];
  }
  if (!property) return MQRC_PROPERTY_NOT_AVAILABLE;
  remove_property(handle, property);
  return MQRC_NONE;
}

MQI_EXPORT void MQENTRY MQDLTMP(MQHCONN connection, MQHMSG handle, PMQVOID delete_options, PMQVOID property_name,
                                PMQLONG completion, PMQLONG reason) {
  const MQDMPO *options = delete_options;
  struct text name;
  MQLONG refusal = has_identifier(options, MQDMPO_STRUC_ID) ? check_connection(connection) : MQRC_DMPO_ERROR;
  if (refusal == MQRC_NONE) refusal = text_of(property_name, &name);
  if (refusal == MQRC_NONE) {
    pthread_mutex_lock(&handles_lock);
    refusal = delete_property(handle, &name, options->Options);
    pthread_mutex_unlock(&handles_lock);
  }
  bool absent = refusal == MQRC_PROPERTY_NOT_AVAILABLE;
  set_result(completion, reason, refusal == MQRC_NONE ? MQCC_OK : absent ? MQCC_WARNING : MQCC_FAILED, refusal);
}

/* ---- inquiring ---- */

static bool is_integer(MQLONG type) {
  return type == MQTYPE_INT8 || type == MQTYPE_INT16 || type == MQTYPE_INT32 || type == MQTYPE_INT64;
}

static int64_t integer_of(const struct property *property) {
  int8_t i8;
  int16_t i16;
  int32_t i32;
  int64_t i64 = 0;
  switch (property->type) {
    case MQTYPE_INT8:
      memcpy(&i8, property->value, sizeof i8);
      return i8;
    case MQTYPE_INT16:
      memcpy(&i16, property->value, sizeof i16);
      return i16;
    case MQTYPE_BOOLEAN:
    case MQTYPE_INT32:
      memcpy(&i32, property->value, sizeof i32);
      return i32;
    default:
      memcpy(&i64, property->value, sizeof i64);
      return i64;
  }
}

/* A value of another type than asked for, converted; `room` holds at least 64 bytes. */
struct converted {
  const void *bytes;
  size_t length;
  unsigned char room[64];
};

static MQLONG convert_to_string(const struct property *property, struct converted *result) {
  char *text = (char *)result->room;
  float f32;
  double f64;
  if (is_integer(property->type)) {
    snprintf(text, sizeof result->room, "%" PRId64, integer_of(property));
  } else if (property->type == MQTYPE_BOOLEAN) {
    snprintf(text, sizeof result->room, "%s", integer_of(property) ? "TRUE" : "FALSE");
  } else if (property->type == MQTYPE_FLOAT32) {
    memcpy(&f32, property->value, sizeof f32);
    snprintf(text, sizeof result->room, "%.9g", (double)f32);
  } else if (property->type == MQTYPE_FLOAT64) {
    memcpy(&f64, property->value, sizeof f64);
    snprintf(text, sizeof result->room, "%.17g", f64);
  } else {
    return MQRC_PROP_CONV_NOT_SUPPORTED;
  }
  result->bytes = text;
  result->length = strlen(text);
  return MQRC_NONE;
}

static MQLONG convert_to_integer(const struct property *property, MQLONG type, struct converted *result) {
  int64_t value;
  if (is_integer(property->type) || property->type == MQTYPE_BOOLEAN) {
    value = integer_of(property);
  } else if (property->type == MQTYPE_STRING) {
    char text[32];
    char *end;
    if (property->length == 0 || property->length >= sizeof text) return MQRC_PROP_NUMBER_FORMAT_ERROR;
    memcpy(text, property->value, property->length);
    text[property->length] = '\0';
    value = strtoll(text, &end, 10);
    if (*end != '\0') return MQRC_PROP_NUMBER_FORMAT_ERROR;
  } else {
    return MQRC_PROP_CONV_NOT_SUPPORTED;
  }
  result->length = (size_t)fixed_length(type);
  int64_t limit = result->length == 8 ? INT64_MAX : ((int64_t)1 << (8 * result->length - 1)) - 1;
  if (value > limit || value < -limit - 1) return MQRC_PROP_CONV_NOT_SUPPORTED;
  memcpy(result->room, &value, result->length); /* little-endian: the low bytes come first */
  result->bytes = result->room;
  return MQRC_NONE;
}

static MQLONG convert_property(const struct property *property, MQLONG type, struct converted *result) {
  if (type == MQTYPE_AS_SET || type == property->type) {
    result->bytes = property->value;
    result->length = property->length;
    return MQRC_NONE;
  }
  if (type == MQTYPE_STRING) return convert_to_string(property, result);
  if (is_integer(type)) return convert_to_integer(property, type, result);
  return MQRC_PROP_CONV_NOT_SUPPORTED;
}

/* The property an MQINQMP means, and moves the cursor to it; NULL when there is none. */
static struct property *inquired_property(struct message_handle *handle, const struct text *name, MQLONG options) {
  if (options & MQIMPO_INQ_PROP_UNDER_CURSOR) {
    return handle->cursor > 0 ? &handle->properties[handle->cursor - 1] : NULL;
  }
  for (size_t i = options & MQIMPO_INQ_NEXT ? handle->cursor : 0; i < handle->count; i++) {
    if (!matches(&handle->properties[i], name)) continue;
    handle->cursor = i + 1;
    return &handle->properties[i];
  }
  return NULL;
}

static MQLONG return_name(MQCHARV *target, const struct property *property) {
  if (!target->VSPtr && target->VSOffset == 0) return MQRC_NONE;
  size_t length = property->name_length;
  size_t room = target->VSBufSize > 0 ? (size_t)target->VSBufSize : 0;
  target->VSLength = (MQLONG)length;
  target->VSCCSID = 1208;
  char *bytes = target->VSPtr ? target->VSPtr : (char *)target + target->VSOffset;
  if (length > 0) memcpy(bytes, property->name, length < room ? length : room);
  return length > room ? MQRC_PROPERTY_NAME_TOO_BIG : MQRC_NONE;
}

static const char *type_name(MQLONG type) {
  switch (type) {
    case MQTYPE_BOOLEAN:
      return "boolean ";
    case MQTYPE_BYTE_STRING:
      return "bin.hex ";
    case MQTYPE_INT8:
      return "i1      ";
    case MQTYPE_INT16:
      return "i2      ";
    case MQTYPE_INT32:
      return "i4      ";
    case MQTYPE_INT64:
      return "i8      ";
    case MQTYPE_FLOAT32:
      return "r4      ";
    case MQTYPE_FLOAT64:
      return "r8      ";
    case MQTYPE_STRING:
      return "string  ";
    default:
      return "        ";
  }
}

struct inquiry {
  MQIMPO *options;
  MQPD *descriptor;
  PMQLONG type;
  MQLONG room;
  void *value;
  PMQLONG length;
};

static MQLONG inquire_property(MQHMSG handle_value, const struct text *name, const struct inquiry *inquiry) {
  struct message_handle *handle = find_handle(handle_value);
  if (!handle) return MQRC_HMSG_ERROR;
  const struct property *property = inquired_property(handle, name, inquiry->options->Options);
  if (!property) return MQRC_PROPERTY_NOT_AVAILABLE;
  bool converts = (inquiry->options->Options & MQIMPO_CONVERT_TYPE) != 0;
  struct converted value;
  MQLONG refusal = convert_property(property, converts ? *inquiry->type : MQTYPE_AS_SET, &value);
  if (refusal != MQRC_NONE) return refusal;

  if (!converts || *inquiry->type == MQTYPE_AS_SET) *inquiry->type = property->type;
  *inquiry->length = (MQLONG)value.length;
  inquiry->options->ReturnedEncoding = MQENC_NATIVE;
  inquiry->options->ReturnedCCSID = 1208;
  memcpy(inquiry->options->TypeString, type_name(*inquiry->type), sizeof inquiry->options->TypeString);
  inquiry->descriptor->Support = property->support;
  inquiry->descriptor->Context = property->context;
  inquiry->descriptor->CopyOptions = property->copy;
  refusal = return_name(&inquiry->options->ReturnedName, property);
  if (refusal != MQRC_NONE || (inquiry->options->Options & MQIMPO_QUERY_LENGTH)) return refusal;
  if (value.length > (size_t)inquiry->room) return MQRC_PROPERTY_VALUE_TOO_BIG;
  if (value.length > 0) memcpy(inquiry->value, value.bytes, value.length);
  return MQRC_NONE;
}

MQI_EXPORT void MQENTRY MQINQMP(MQHCONN connection, MQHMSG handle, PMQVOID inquire_options, PMQVOID property_name,
                                PMQVOID property_descriptor, PMQLONG type, MQLONG value_length, PMQVOID value,
                                PMQLONG data_length, PMQLONG completion, PMQLONG reason) {
  struct inquiry inquiry = {inquire_options, property_descriptor, type, value_length, value, data_length};
  struct text name;
  MQLONG refusal = MQRC_NONE;
  *data_length = 0;
  if (!has_identifier(inquire_options, MQIMPO_STRUC_ID)) {
    refusal = MQRC_IMPO_ERROR;
  } else if (!has_identifier(property_descriptor, MQPD_STRUC_ID)) {
    refusal = MQRC_PD_ERROR;
  } else if (value_length < 0) {
    refusal = MQRC_BUFFER_LENGTH_ERROR;
  }
  if (refusal == MQRC_NONE) refusal = check_connection(connection);
  if (refusal == MQRC_NONE) refusal = text_of(property_name, &name);
  if (refusal == MQRC_NONE) {
    pthread_mutex_lock(&handles_lock);
    refusal = inquire_property(handle, &name, &inquiry);
    pthread_mutex_unlock(&handles_lock);
  }
  set_result(completion, reason, refusal == MQRC_NONE ? MQCC_OK : MQCC_FAILED, refusal);
}

/* ---- with a message ---- */

static void property_write(struct buffer *frame, const struct property *property) {
  buffer_put_text(frame, property->name, property->name_length);
  buffer_put_i32(frame, property->type);
  buffer_put_i32(frame, property->support);
  buffer_put_i32(frame, property->context);
  buffer_put_i32(frame, property->copy);
  buffer_put_i32(frame, (MQLONG)property->length);
  buffer_put(frame, property->value, property->length);
}

/* Whether an action takes a property of the original message along. */
static bool is_copied(const struct property *property, MQLONG action) {
  switch (action) {
    case MQACTP_FORWARD:
      return property->copy & (MQCOPY_ALL | MQCOPY_FORWARD);
    case MQACTP_REPLY:
      return property->copy & (MQCOPY_ALL | MQCOPY_REPLY);
    case MQACTP_REPORT:
      return property->copy & (MQCOPY_ALL | MQCOPY_REPORT);
    default:
      return true;
  }
}

/* The original handle's properties, overridden and completed by the new handle's. */
MQLONG properties_write(struct buffer *frame, MQHMSG original_handle, MQHMSG new_handle, MQLONG action) {
  if (action < MQACTP_NEW || action > MQACTP_REPORT) return MQRC_ACTION_ERROR;
  size_t start = frame->length;
  buffer_put_i32(frame, 0);
  if (original_handle == MQHM_NONE && new_handle == MQHM_NONE) return MQRC_NONE;
  pthread_mutex_lock(&handles_lock);
  struct message_handle *original = find_handle(original_handle);
  struct message_handle *added = find_handle(new_handle);
  bool valid = (original || original_handle == MQHM_NONE) && (added || new_handle == MQHM_NONE);
  for (size_t i = 0; valid && original && i < original->count; i++) {
    const struct property *property = &original->properties[i];
    struct text name = {property->name, property->name_length};
    if (is_copied(property, action) && !(added && find_property(added, &name))) property_write(frame, property);
  }
  for (size_t i = 0; valid && added && i < added->count; i++) property_write(frame, &added->properties[i]);
  pthread_mutex_unlock(&handles_lock);
  if (!valid) return MQRC_HMSG_ERROR;
  if (frame->failed) return MQRC_STORAGE_NOT_AVAILABLE;
  uint32_t length = (uint32_t)(frame->length - start - sizeof length);
  if (length > MAX_PROPERTIES_LENGTH) return MQRC_PROPERTIES_TOO_BIG;
  memcpy(frame->bytes + start, &length, sizeof length);
  return MQRC_NONE;
}

/* Reads one property to the end of a handle. */
static bool property_read(struct buffer *source, struct message_handle *handle) {
  size_t name_length = buffer_take_u16(source);
  const unsigned char *name = buffer_take(source, name_length);
  MQLONG fields[5];
  buffer_take_into(source, fields, sizeof fields);
  size_t length = (size_t)fields[4];
  const unsigned char *value = buffer_take(source, length);
  struct property *property = source->failed ? NULL : add_property(handle);
  if (!property) return false;
  property->name = copy_of(name, name_length);
  property->name_length = name_length;
  property->type = fields[0];
  property->support = fields[1];
  property->context = fields[2];
  property->copy = fields[3];
  property->value = copy_of(value, length);
  property->length = length;
  return property->name && property->value;
}

MQLONG properties_read(MQHMSG handle_value, const unsigned char *bytes, size_t length) {
  struct buffer source = {.bytes = (unsigned char *)bytes, .length = length};
  MQLONG refusal = MQRC_NONE;
  pthread_mutex_lock(&handles_lock);
  struct message_handle *handle = find_handle(handle_value);
  if (handle) {
    clear_properties(handle);
    while (refusal == MQRC_NONE && source.position < source.length) {
      if (!property_read(&source, handle)) refusal = MQRC_STORAGE_NOT_AVAILABLE;
    }
  } else {
    refusal = MQRC_HMSG_ERROR;
  }
  pthread_mutex_unlock(&handles_lock);
  return refusal;
}

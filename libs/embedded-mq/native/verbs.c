/* The MQI verbs on queues and units of work. Each is one request and one reply. */
#include "client.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#define MD_LENGTH_1 ((size_t)MQMD_LENGTH_1)
#define MD_LENGTH_2 ((size_t)MQMD_LENGTH_2)
#define MAX_SELECTORS 256

_Static_assert(sizeof(MQMD) == MQMD_LENGTH_2, "the MQMD has no padding");

/* ---- structures on the wire ---- */

static bool valid_descriptor(const MQMD *descriptor) {
  return has_identifier(descriptor, MQMD_STRUC_ID) && descriptor->Version >= MQMD_VERSION_1 &&
         descriptor->Version <= MQMD_VERSION_2;
}

/* A message descriptor travels as a version 2 one. */
static void descriptor_write(struct buffer *frame, const MQMD *descriptor) {
  MQMD full = {MQMD_DEFAULT};
  memcpy(&full, descriptor, descriptor->Version >= MQMD_VERSION_2 ? MD_LENGTH_2 : MD_LENGTH_1);
  buffer_put(frame, &full, MD_LENGTH_2);
}

static void descriptor_read(struct buffer *frame, MQMD *descriptor) {
  MQLONG version = descriptor->Version;
  const unsigned char *received = buffer_take(frame, MD_LENGTH_2);
  if (!received) return;
  memcpy(descriptor, received, version >= MQMD_VERSION_2 ? MD_LENGTH_2 : MD_LENGTH_1);
  descriptor->Version = version;
}

/* What MQPUT sets in the caller's descriptor: identifiers and context. */
static void put_descriptor_read(struct buffer *frame, MQMD *descriptor) {
  const unsigned char *received = buffer_take(frame, MD_LENGTH_2);
  if (!received) return;
  MQMD stored;
  memcpy(&stored, received, sizeof stored);
  memcpy(descriptor->MsgId, stored.MsgId, sizeof stored.MsgId);
  memcpy(descriptor->CorrelId, stored.CorrelId, sizeof stored.CorrelId);
  /* UserIdentifier to ApplOriginData lie side by side. */
  size_t from = offsetof(MQMD, UserIdentifier);
  memcpy((char *)descriptor + from, (char *)&stored + from, MD_LENGTH_1 - from);
}

static void object_name_write(struct buffer *frame, const MQOD *object) {
  buffer_put_i32(frame, object->ObjectType);
  buffer_put(frame, object->ObjectName, MQ_Q_NAME_LENGTH);
  buffer_put(frame, object->ObjectQMgrName, MQ_Q_MGR_NAME_LENGTH);
}

static bool valid_object(const MQOD *object) {
  return has_identifier(object, MQOD_STRUC_ID) && object->Version >= MQOD_VERSION_1 &&
         object->Version <= MQOD_CURRENT_VERSION;
}

static size_t string_length(const MQCHARV *string, const char *text) {
  return string->VSLength == MQVS_NULL_TERMINATED ? strlen(text) : (size_t)string->VSLength;
}

/* The selection string of an object, as a 16-bit length and bytes. */
static void selection_write(struct buffer *frame, const MQOD *object) {
  const MQCHARV *selection = object->Version >= MQOD_VERSION_4 ? &object->SelectionString : NULL;
  if (!selection || selection->VSLength == 0 || (!selection->VSPtr && selection->VSOffset == 0)) {
    buffer_put_text(frame, "", 0);
    return;
  }
  const char *text = selection->VSPtr ? selection->VSPtr : (const char *)object + selection->VSOffset;
  buffer_put_text(frame, text, string_length(selection, text));
}

static void resolved_object_read(struct buffer *frame, MQOD *object) {
  MQCHAR48 queue, queue_manager;
  buffer_take_into(frame, queue, sizeof queue);
  buffer_take_into(frame, queue_manager, sizeof queue_manager);
  MQLONG type = buffer_take_i32(frame);
  if (object->Version >= MQOD_VERSION_3) {
    memcpy(object->ResolvedQName, queue, sizeof queue);
    memcpy(object->ResolvedQMgrName, queue_manager, sizeof queue_manager);
  }
  if (object->Version >= MQOD_VERSION_4) object->ResolvedType = type;
}

/* ---- opening and closing ---- */

MQI_EXPORT void MQENTRY MQOPEN(MQHCONN handle, PMQVOID descriptor, MQLONG options, PMQHOBJ object_handle,
                               PMQLONG completion, PMQLONG reason) {
  MQOD *object = descriptor;
  struct verb verb;
  *object_handle = MQHO_UNUSABLE_HOBJ;
  if (!valid_object(object)) {
    fail(completion, reason, MQRC_OD_ERROR);
    return;
  }
  if (!verb_begin(&verb, handle, WIRE_OPEN, completion, reason)) return;
  struct buffer *request = &verb.connection->request;
  object_name_write(request, object);
  buffer_put_i32(request, options);
  selection_write(request, object);
  if (verb_exchange(&verb) && *completion != MQCC_FAILED) {
    struct buffer *reply = &verb.connection->reply;
    *object_handle = buffer_take_i32(reply);
    resolved_object_read(reply, object);
  }
  verb_end(&verb);
}

MQI_EXPORT void MQENTRY MQCLOSE(MQHCONN handle, PMQHOBJ object_handle, MQLONG options, PMQLONG completion,
                                PMQLONG reason) {
  struct verb verb;
  if (!verb_begin(&verb, handle, WIRE_CLOSE, completion, reason)) return;
  buffer_put_i32(&verb.connection->request, *object_handle);
  buffer_put_i32(&verb.connection->request, options);
  if (verb_exchange(&verb) && *completion != MQCC_FAILED) {
    consumer_remove(verb.connection, *object_handle);
    *object_handle = MQHO_UNUSABLE_HOBJ;
  }
  verb_end(&verb);
}

/* ---- putting ---- */

static bool valid_put_options(const MQPMO *options) {
  return has_identifier(options, MQPMO_STRUC_ID) && options->Version >= MQPMO_VERSION_1 &&
         options->Version <= MQPMO_CURRENT_VERSION;
}

static MQLONG check_put(const MQMD *descriptor, const MQPMO *options, MQLONG length, const void *data) {
  if (!valid_descriptor(descriptor)) return MQRC_MD_ERROR;
  if (!valid_put_options(options)) return MQRC_PMO_ERROR;
  if (length < 0) return MQRC_BUFFER_LENGTH_ERROR;
  if (length > 0 && !data) return MQRC_BUFFER_ERROR;
  return MQRC_NONE;
}

/* Options, context handle, descriptor, properties and data; 0 or a reason code. */
static MQLONG put_request_write(struct buffer *frame, const MQMD *descriptor, const MQPMO *options,
                                MQLONG length, const void *data) {
  bool handles = options->Version >= MQPMO_VERSION_3;
  buffer_put_i32(frame, options->Options);
  buffer_put_i32(frame, options->Context);
  descriptor_write(frame, descriptor);
  MQLONG refusal = properties_write(frame, handles ? options->OriginalMsgHandle : MQHM_NONE,
                                    handles ? options->NewMsgHandle : MQHM_NONE,
                                    handles ? options->Action : MQACTP_NEW);
  if (refusal == MQRC_NONE) buffer_put(frame, data, (size_t)length);
  return refusal;
}

static void put_reply_read(struct verb *verb, MQMD *descriptor, MQPMO *options) {
  struct buffer *reply = &verb->connection->reply;
  if (*verb->completion == MQCC_FAILED) return;
  put_descriptor_read(reply, descriptor);
  buffer_take_into(reply, options->ResolvedQName, MQ_Q_NAME_LENGTH);
  buffer_take_into(reply, options->ResolvedQMgrName, MQ_Q_MGR_NAME_LENGTH);
}

MQI_EXPORT void MQENTRY MQPUT(MQHCONN handle, MQHOBJ object, PMQVOID message_descriptor, PMQVOID put_options,
                              MQLONG length, PMQVOID data, PMQLONG completion, PMQLONG reason) {
  struct verb verb;
  MQLONG refusal = check_put(message_descriptor, put_options, length, data);
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  if (!verb_begin(&verb, handle, WIRE_PUT, completion, reason)) return;
  buffer_put_i32(&verb.connection->request, object);
  refusal = put_request_write(&verb.connection->request, message_descriptor, put_options, length, data);
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
  } else if (verb_exchange(&verb)) {
    put_reply_read(&verb, message_descriptor, put_options);
  }
  verb_end(&verb);
}

MQI_EXPORT void MQENTRY MQPUT1(MQHCONN handle, PMQVOID object_descriptor, PMQVOID message_descriptor,
                               PMQVOID put_options, MQLONG length, PMQVOID data, PMQLONG completion,
                               PMQLONG reason) {
  struct verb verb;
  MQLONG refusal = valid_object(object_descriptor) ? check_put(message_descriptor, put_options, length, data)
                                                   : MQRC_OD_ERROR;
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  if (!verb_begin(&verb, handle, WIRE_PUT1, completion, reason)) return;
  object_name_write(&verb.connection->request, object_descriptor);
  refusal = put_request_write(&verb.connection->request, message_descriptor, put_options, length, data);
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
  } else if (verb_exchange(&verb)) {
    put_reply_read(&verb, message_descriptor, put_options);
    if (*completion != MQCC_FAILED) resolved_object_read(&verb.connection->reply, object_descriptor);
  }
  verb_end(&verb);
}

/* ---- getting ---- */

MQLONG get_request_check(const MQMD *descriptor, const MQGMO *options) {
  if (!valid_descriptor(descriptor)) return MQRC_MD_ERROR;
  if (!has_identifier(options, MQGMO_STRUC_ID) || options->Version < MQGMO_VERSION_1 ||
      options->Version > MQGMO_CURRENT_VERSION) {
    return MQRC_GMO_ERROR;
  }
  if (options->Version < MQGMO_VERSION_4) return MQRC_NONE;
  if (options->MsgHandle != MQHM_NONE && !message_handle_exists(options->MsgHandle)) return MQRC_HMSG_ERROR;
  /* The properties have nowhere to go. */
  if ((options->Options & MQGMO_PROPERTIES_IN_HANDLE) && options->MsgHandle == MQHM_NONE) return MQRC_HMSG_ERROR;
  return MQRC_NONE;
}

void get_request_write(struct buffer *frame, MQHOBJ object, const MQMD *descriptor, const MQGMO *options,
                       MQLONG buffer_length) {
  static const MQBYTE16 no_token;
  bool handle = options->Version >= MQGMO_VERSION_4 && options->MsgHandle != MQHM_NONE;
  MQLONG match = MQMO_MATCH_MSG_ID | MQMO_MATCH_CORREL_ID;
  if (options->Version >= MQGMO_VERSION_2) match = options->MatchOptions;
  buffer_put_i32(frame, object);
  buffer_put_i32(frame, options->Options);
  buffer_put_i32(frame, options->WaitInterval);
  buffer_put_i32(frame, match);
  buffer_put_i32(frame, handle);
  buffer_put_i32(frame, buffer_length);
  buffer_put(frame, options->Version >= MQGMO_VERSION_3 ? options->MsgToken : no_token, sizeof no_token);
  descriptor_write(frame, descriptor);
}

bool get_reply_read(struct buffer *frame, MQMD *descriptor, MQGMO *options, struct get_reply *reply) {
  MQCHAR48 queue;
  MQBYTE16 token;
  reply->object = buffer_take_i32(frame);
  reply->data_length = buffer_take_i32(frame);
  buffer_take_into(frame, token, sizeof token);
  buffer_take_into(frame, queue, sizeof queue);
  descriptor_read(frame, descriptor);
  reply->properties_length = (size_t)buffer_take_i32(frame);
  reply->properties = buffer_take(frame, reply->properties_length);
  if (frame->failed) return false;
  reply->returned_length = (MQLONG)(frame->length - frame->position);
  reply->data = buffer_take(frame, (size_t)reply->returned_length);

  memcpy(options->ResolvedQName, queue, sizeof queue);
  if (options->Version >= MQGMO_VERSION_2) {
    options->GroupStatus = MQGS_NOT_IN_GROUP;
    options->SegmentStatus = MQSS_NOT_A_SEGMENT;
    options->Segmentation = MQSEG_INHIBITED;
  }
  if (options->Version >= MQGMO_VERSION_3) {
    memcpy(options->MsgToken, token, sizeof token);
    options->ReturnedLength = reply->returned_length;
  }
  return true;
}

MQI_EXPORT void MQENTRY MQGET(MQHCONN handle, MQHOBJ object, PMQVOID message_descriptor, PMQVOID get_options,
                              MQLONG length, PMQVOID data, PMQLONG data_length, PMQLONG completion,
                              PMQLONG reason) {
  struct verb verb;
  MQGMO *options = get_options;
  *data_length = 0;
  MQLONG refusal = get_request_check(message_descriptor, options);
  if (refusal == MQRC_NONE && length < 0) refusal = MQRC_BUFFER_LENGTH_ERROR;
  if (refusal == MQRC_NONE && length > 0 && !data) refusal = MQRC_BUFFER_ERROR;
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  if (!verb_begin(&verb, handle, WIRE_GET, completion, reason)) return;
  get_request_write(&verb.connection->request, object, message_descriptor, options, length);
  if (verb_exchange(&verb) && *completion != MQCC_FAILED) {
    struct get_reply reply;
    if (!get_reply_read(&verb.connection->reply, message_descriptor, options, &reply) ||
        reply.returned_length > length) {
      fail(completion, reason, MQRC_UNEXPECTED_ERROR);
    } else {
      *data_length = reply.data_length;
      if (reply.returned_length > 0) memcpy(data, reply.data, (size_t)reply.returned_length);
      if (options->Version >= MQGMO_VERSION_4 && options->MsgHandle != MQHM_NONE) {
        refusal = properties_read(options->MsgHandle, reply.properties, reply.properties_length);
        if (refusal != MQRC_NONE && *completion == MQCC_OK) {
          set_result(completion, reason, MQCC_WARNING, refusal);
        }
      }
    }
  }
  verb_end(&verb);
}

/* ---- attributes ---- */

static void selectors_write(struct buffer *frame, MQHOBJ object, MQLONG count, const MQLONG *selectors,
                            MQLONG integers, MQLONG characters) {
  buffer_put_i32(frame, object);
  buffer_put_i32(frame, count);
  buffer_put(frame, selectors, (size_t)count * sizeof *selectors);
  buffer_put_i32(frame, integers);
  buffer_put_i32(frame, characters);
}

static MQLONG check_selectors(MQLONG count, const MQLONG *selectors, MQLONG integers, MQLONG characters) {
  if (count < 0) return MQRC_SELECTOR_COUNT_ERROR;
  if (count > MAX_SELECTORS) return MQRC_SELECTOR_LIMIT_EXCEEDED;
  if (count > 0 && !selectors) return MQRC_SELECTOR_ERROR;
  if (integers < 0) return MQRC_INT_ATTR_COUNT_ERROR;
  if (characters < 0) return MQRC_CHAR_ATTR_LENGTH_ERROR;
  return MQRC_NONE;
}

MQI_EXPORT void MQENTRY MQINQ(MQHCONN handle, MQHOBJ object, MQLONG count, PMQLONG selectors,
                              MQLONG integer_count, PMQLONG integers, MQLONG character_length,
                              PMQCHAR characters, PMQLONG completion, PMQLONG reason) {
  struct verb verb;
  MQLONG refusal = check_selectors(count, selectors, integer_count, character_length);
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  if (!verb_begin(&verb, handle, WIRE_INQUIRE, completion, reason)) return;
  selectors_write(&verb.connection->request, object, count, selectors, integer_count, character_length);
  if (verb_exchange(&verb) && *completion != MQCC_FAILED) {
    struct buffer *reply = &verb.connection->reply;
    MQLONG returned_integers = buffer_take_i32(reply);
    MQLONG returned_characters = buffer_take_i32(reply);
    if (returned_integers < 0 || returned_integers > integer_count || returned_characters < 0 ||
        returned_characters > character_length) {
      fail(completion, reason, MQRC_UNEXPECTED_ERROR);
    } else {
      if (returned_integers > 0) buffer_take_into(reply, integers, (size_t)returned_integers * sizeof *integers);
      if (returned_characters > 0) buffer_take_into(reply, characters, (size_t)returned_characters);
    }
  }
  verb_end(&verb);
}

MQI_EXPORT void MQENTRY MQSET(MQHCONN handle, MQHOBJ object, MQLONG count, PMQLONG selectors,
                              MQLONG integer_count, PMQLONG integers, MQLONG character_length,
                              PMQCHAR characters, PMQLONG completion, PMQLONG reason) {
  struct verb verb;
  MQLONG refusal = check_selectors(count, selectors, integer_count, character_length);
  if (refusal != MQRC_NONE) {
    fail(completion, reason, refusal);
    return;
  }
  if (!verb_begin(&verb, handle, WIRE_SET, completion, reason)) return;
  struct buffer *request = &verb.connection->request;
  selectors_write(request, object, count, selectors, integer_count, character_length);
  buffer_put(request, integers, (size_t)integer_count * sizeof *integers);
  buffer_put(request, characters, (size_t)character_length);
  verb_exchange(&verb);
  verb_end(&verb);
}

/* ---- units of work ---- */

static void end_unit_of_work(MQHCONN handle, enum wire_operation operation, PMQLONG completion, PMQLONG reason) {
  struct verb verb;
  if (!verb_begin(&verb, handle, operation, completion, reason)) return;
  verb_exchange(&verb);
  verb_end(&verb);
}

MQI_EXPORT void MQENTRY MQCMIT(MQHCONN handle, PMQLONG completion, PMQLONG reason) {
  end_unit_of_work(handle, WIRE_COMMIT, completion, reason);
}

MQI_EXPORT void MQENTRY MQBACK(MQHCONN handle, PMQLONG completion, PMQLONG reason) {
  end_unit_of_work(handle, WIRE_BACKOUT, completion, reason);
}

/*
 * Global units of work need a transaction manager, which a client connection does not have (2012).
 * `ibmmq` 2.1.9 calls this with three arguments, without the options: the pointers are then one place early.
 */
MQI_EXPORT void MQENTRY MQBEGIN(MQHCONN handle, PMQVOID options, PMQLONG completion, PMQLONG reason) {
  (void)handle;
  if (options && !has_identifier(options, MQBO_STRUC_ID)) {
    reason = completion;
    completion = options;
  }
  fail(completion, reason, MQRC_ENVIRONMENT_ERROR);
}

/* ---- what this library does not have ---- */

MQI_EXPORT void MQENTRY MQSTAT(MQHCONN handle, MQLONG type, PMQVOID status, PMQLONG completion, PMQLONG reason) {
  (void)handle;
  (void)type;
  (void)status;
  fail(completion, reason, MQRC_FUNCTION_NOT_SUPPORTED);
}

MQI_EXPORT void MQENTRY MQSUB(MQHCONN handle, PMQVOID descriptor, PMQHOBJ object, PMQHOBJ subscription,
                              PMQLONG completion, PMQLONG reason) {
  (void)handle;
  (void)descriptor;
  (void)object;
  *subscription = MQHO_UNUSABLE_HOBJ;
  fail(completion, reason, MQRC_FUNCTION_NOT_SUPPORTED);
}

MQI_EXPORT void MQENTRY MQSUBRQ(MQHCONN handle, MQHOBJ subscription, MQLONG action, PMQVOID options,
                                PMQLONG completion, PMQLONG reason) {
  (void)handle;
  (void)subscription;
  (void)action;
  (void)options;
  fail(completion, reason, MQRC_FUNCTION_NOT_SUPPORTED);
}

/* Looked up by `ibmmq` among the verbs, though the MQI has no function of this name. */
MQI_EXPORT void MQENTRY MQCALLBACK(MQHCONN handle, PMQVOID descriptor, PMQVOID options, PMQVOID data,
                                   PMQCBC context) {
  (void)handle;
  (void)descriptor;
  (void)options;
  (void)data;
  (void)context;
}

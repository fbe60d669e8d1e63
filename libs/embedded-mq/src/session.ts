import { DESCRIPTOR_LENGTH } from './message-descriptor.js';
import { Completion, ObjectType, OpenOption, PutOption, QueueType, Reason } from './mqi-constants.js';
import type { Faults } from './faults.js';
import { GetRequest } from './get-request.js';
import { Getter } from './getter.js';
import {
  inquire,
  inquiredAlias,
  type Inquired,
  inquiredQueue,
  inquiredQueueManager,
  inquiryCompletion,
  setAttributes,
} from './inquiry.js';
import { NONE } from './message-index.js';
import { MqiError } from './mqi-error.js';
import { checkQueueManagerOptions, checkQueueOptions, OpenObject, type Selector } from './open-object.js';
import { failure, Operation, PayloadReader, ReplyWriter } from './protocol.js';
import {
  checkPutOptions,
  type IdentifierSource,
  type Origin,
  preparePut,
  type SavedContext,
} from './put-request.js';
import type { QueueManager } from './queue-manager.js';
import type { Queue, Waiter } from './queue.js';
import { parseSelector, SelectorSyntaxError } from './selector.js';
import { UnitOfWork } from './unit-of-work.js';
import { Wait } from './wait.js';

const NAME_LENGTH = 48;
const MAX_HANDLE = 0x7fffffff;

/** @throws MqiError when it is no selector (2459) */
function readSelection(text: string): Selector | undefined {
  if (text.trim() === '') return undefined;
  try {
    return parseSelector(text);
  } catch (error) {
    if (!(error instanceof SelectorSyntaxError)) throw error;
    throw new MqiError(Reason.SELECTOR_SYNTAX_ERROR);
  }
}

/**
 * What one connection has open and under way, and its verbs. Requests come one at a time; each is answered
 * by one frame, which may take until the journal is on the disk or a message arrives.
 */
export class Session {
  private readonly objects = new Map<number, OpenObject>();
  private readonly consumers = new Map<number, Getter>();
  private readonly unitOfWork: UnitOfWork;
  private lastHandle = 0;
  private lastServed = 0;
  private wait: Wait | undefined;
  private ended = false;

  constructor(
    private readonly queueManager: QueueManager,
    private readonly identifiers: IdentifierSource,
    private readonly origin: Origin,
    private readonly faults: Faults,
    /** Sends a reply; the next request may come after it. */
    private readonly send: (frame: Buffer) => void,
  ) {
    this.unitOfWork = new UnitOfWork(queueManager.store, queueManager.queueOf);
  }

  /** Whether the client has disconnected properly. */
  get disconnected(): boolean {
    return this.ended;
  }

  /**
   * Carries out one request.
   *
   * @throws ProtocolError when the payload is not what the operation needs
   */
  receive(operation: number, payload: Buffer): void {
    try {
      this.dispatch(operation, new PayloadReader(payload));
    } catch (error) {
      if (!(error instanceof MqiError)) throw error;
      this.refuse(operation, error);
    }
  }

  private refuse(operation: number, error: MqiError): void {
    this.send(new ReplyWriter(operation, error.completion, error.reason).done());
  }

  private dispatch(operation: number, request: PayloadReader): void {
    switch (operation) {
      case Operation.OPEN:
        this.open(request);
        break;
      case Operation.CLOSE:
        this.close(request);
        break;
      case Operation.PUT:
        this.put(request);
        break;
      case Operation.PUT1:
        this.put1(request);
        break;
      case Operation.GET:
        this.get(request);
        break;
      case Operation.COMMIT:
        this.commit(operation);
        break;
      case Operation.BACKOUT:
        this.unitOfWork.backout(() => this.succeed(operation));
        break;
      case Operation.INQUIRE:
        this.inquire(request);
        break;
      case Operation.SET:
        this.set(request);
        break;
      case Operation.REGISTER:
        this.register(request);
        break;
      case Operation.DEREGISTER:
        this.deregister(request);
        break;
      case Operation.CONSUME:
        this.consume();
        break;
      case Operation.DISCONNECT:
        this.ended = true;
        this.commit(operation);
        break;
      default:
        this.send(failure(operation, Reason.FUNCTION_NOT_SUPPORTED));
    }
  }

  private succeed(operation: number): void {
    this.send(new ReplyWriter(operation, Completion.OK, Reason.NONE).done());
  }

  private commit(operation: number): void {
    if (this.faults.commitFails()) {
      const failed = new MqiError(Reason.BACKED_OUT, Completion.WARNING);
      this.unitOfWork.backout(() => this.refuse(operation, failed));
      return;
    }
    this.unitOfWork.commit((error) => {
      if (error) this.refuse(operation, error);
      else this.succeed(operation);
    });
  }

  private object(handle: number): OpenObject {
    const object = this.objects.get(handle);
    if (!object) throw new MqiError(Reason.HOBJ_ERROR);
    return object;
  }

  // ---- opening and closing ----

  private open(request: PayloadReader): void {
    const type = request.int32();
    const name = request.name(NAME_LENGTH);
    const queueManagerName = request.name(NAME_LENGTH);
    const options = request.int32();
    const selection = request.text();
    if (this.objects.size >= (this.queueManager.attributes.MAXHANDS as number)) {
      throw new MqiError(Reason.HANDLE_NOT_AVAILABLE);
    }
    const object = this.newObject(type, name, queueManagerName, options, selection);
    object.acquire();
    this.objects.set(object.handle, object);
    this.send(
      new ReplyWriter(Operation.OPEN, Completion.OK, Reason.NONE, 4 + 2 * NAME_LENGTH + 4)
        .int32(object.handle)
        .name(object.queue?.name ?? '', NAME_LENGTH)
        .name(this.queueManager.name, NAME_LENGTH)
        .int32(object.queue ? QueueType.LOCAL : ObjectType.Q_MGR)
        .done(),
    );
  }

  private newObject(
    type: number,
    name: string,
    queueManagerName: string,
    options: number,
    selection: string,
  ): OpenObject {
    if (this.lastHandle === MAX_HANDLE) throw new MqiError(Reason.HANDLE_NOT_AVAILABLE);
    if (type === ObjectType.Q_MGR) {
      checkQueueManagerOptions(options);
      if (name !== '' && name !== this.queueManager.name) throw new MqiError(Reason.UNKNOWN_OBJECT_NAME);
      return new OpenObject(++this.lastHandle, options, undefined, undefined, undefined);
    }
    checkQueueOptions(options);
    const { queue, named } = this.queueManager.resolve(type, name, queueManagerName);
    return new OpenObject(++this.lastHandle, options, queue, named, readSelection(selection));
  }

  private close(request: PayloadReader): void {
    const object = this.object(request.int32());
    const deletes = 0x3;
    if (request.int32() & deletes) throw new MqiError(Reason.OPTION_NOT_VALID_FOR_TYPE);
    this.objects.delete(object.handle);
    this.consumers.delete(object.handle);
    object.release();
    this.succeed(Operation.CLOSE);
  }

  // ---- putting ----

  private put(request: PayloadReader): void {
    const object = this.object(request.int32());
    const queue = object.queueFor(OpenOption.OUTPUT, Reason.NOT_OPEN_FOR_OUTPUT);
    this.putMessage(Operation.PUT, queue, object, request);
  }

  private put1(request: PayloadReader): void {
    const type = request.int32();
    const name = request.name(NAME_LENGTH);
    const { queue, named } = this.queueManager.resolve(type, name, request.name(NAME_LENGTH));
    // MQPUT1 opens the queue with whatever context its options need.
    const object = new OpenObject(0, -1, queue, named, undefined);
    this.putMessage(Operation.PUT1, queue, object, request);
  }

  private putMessage(operation: number, queue: Queue, object: OpenObject, request: PayloadReader): void {
    const { queueManager, unitOfWork } = this;
    const options = request.int32();
    const contextHandle = request.int32();
    checkPutOptions(options);
    const saved = this.contextFor(options, object, contextHandle);
    const given = request.bytes(DESCRIPTOR_LENGTH);
    const properties = request.bytes(request.int32());
    const data = request.rest();
    const maximum = queueManager.attributes.MAXMSGL as number;
    const refusal = object.aliasInhibits('PUT') ? Reason.PUT_INHIBITED : queue.refusal(data.length, maximum);
    if (refusal !== Reason.NONE) throw new MqiError(refusal);
    const syncpoint = (options & PutOption.SYNCPOINT) !== 0;
    if (syncpoint) unitOfWork.check(queueManager.attributes.MAXUMSGS as number);
    const ccsid = queueManager.attributes.CCSID as number;
    const attributes = object.named!.attributes;
    const prepared = preparePut(given, options, attributes, ccsid, this.origin, saved, this.identifiers);

    const identifier = syncpoint ? unitOfWork.identifier() : 0;
    const message = { ...prepared, queue: queue.id, properties, data };
    const reply = this.putReply(operation, prepared.descriptor, prepared.warning, queue);
    const row = queueManager.store.put(message, identifier, (error) => {
      if (syncpoint) {
        if (error) unitOfWork.fail(identifier);
      } else if (error) {
        queue.depth--;
        queueManager.store.release(row);
        this.send(failure(operation, Reason.RESOURCE_PROBLEM));
      } else {
        queue.link(row);
        queue.wake();
        this.send(reply);
      }
    });
    queue.depth++;
    if (syncpoint) unitOfWork.addPut(row);
    if (!syncpoint && prepared.persistent) return;
    if (!syncpoint) queue.link(row);
    this.send(reply);
    if (!syncpoint) queue.wake();
  }

  private putReply(operation: number, descriptor: Buffer, warning: number, queue: Queue): Buffer {
    const completion = warning === Reason.NONE ? Completion.OK : Completion.WARNING;
    const resolved = operation === Operation.PUT1 ? 2 * NAME_LENGTH + 4 : 0;
    const reply = new ReplyWriter(
      operation,
      completion,
      warning,
      DESCRIPTOR_LENGTH + 2 * NAME_LENGTH + resolved,
    )
      .bytes(descriptor)
      .name(queue.name, NAME_LENGTH)
      .name(this.queueManager.name, NAME_LENGTH);
    if (resolved > 0) {
      reply.name(queue.name, NAME_LENGTH).name(this.queueManager.name, NAME_LENGTH).int32(QueueType.LOCAL);
    }
    return reply.done();
  }

  /** The context to pass on. @throws MqiError when the handles are not open for what the options ask */
  private contextFor(options: number, object: OpenObject, contextHandle: number): SavedContext {
    const needs: [number, number, number][] = [
      [PutOption.SET_IDENTITY_CONTEXT, OpenOption.SET_IDENTITY_CONTEXT, Reason.NOT_OPEN_FOR_SET_IDENT],
      [PutOption.SET_ALL_CONTEXT, OpenOption.SET_ALL_CONTEXT, Reason.NOT_OPEN_FOR_SET_ALL],
      [PutOption.PASS_IDENTITY_CONTEXT, OpenOption.PASS_IDENTITY_CONTEXT, Reason.NOT_OPEN_FOR_PASS_IDENT],
      [PutOption.PASS_ALL_CONTEXT, OpenOption.PASS_ALL_CONTEXT, Reason.NOT_OPEN_FOR_PASS_ALL],
    ];
    // The wider permission to set or pass all includes the identity.
    const includes = (open: number) =>
      object.has(open) ||
      (open === OpenOption.SET_IDENTITY_CONTEXT && object.has(OpenOption.SET_ALL_CONTEXT)) ||
      (open === OpenOption.PASS_IDENTITY_CONTEXT && object.has(OpenOption.PASS_ALL_CONTEXT));
    for (const [put, open, refusal] of needs) {
      if (options & put && !includes(open)) throw new MqiError(refusal);
    }
    if (!(options & (PutOption.PASS_IDENTITY_CONTEXT | PutOption.PASS_ALL_CONTEXT))) return undefined;
    const source = this.objects.get(contextHandle);
    if (!source?.has(OpenOption.SAVE_ALL_CONTEXT)) throw new MqiError(Reason.CONTEXT_HANDLE_ERROR);
    if (!source.savedContext) throw new MqiError(Reason.CONTEXT_NOT_AVAILABLE);
    return source.savedContext;
  }

  // ---- getting ----

  private get(request: PayloadReader): void {
    const read = GetRequest.read(request, DESCRIPTOR_LENGTH);
    const getter = new Getter(this.queueManager, this.object(read.object), read, this.unitOfWork);
    if (getter.refusal !== Reason.NONE) throw new MqiError(getter.refusal);
    const row = getter.find();
    if (row !== NONE) {
      getter.take(row, Operation.GET, this.send);
      return;
    }
    if (!getter.waits || getter.waitLimit === 0) throw new MqiError(Reason.NO_MSG_AVAILABLE);
    this.startWait(Operation.GET, [getter]);
  }

  /** Waits for a message for any of the getters. */
  private startWait(operation: number, getters: readonly Getter[]): void {
    const wait = new Wait();
    this.wait = wait;
    const end = () => {
      wait.end();
      if (this.wait === wait) this.wait = undefined;
    };
    for (const getter of getters) {
      const waiter: Waiter = { poll: () => this.poll(operation, getter, end) };
      const limit = getter.waits ? getter.waitLimit : undefined;
      wait.add(getter.waitsOn, waiter, limit, () => {
        end();
        this.answer(operation, getter.handle, Reason.NO_MSG_AVAILABLE);
      });
    }
    wait.onCancel((reason) => {
      end();
      this.answer(operation, 0, reason);
    });
  }

  private poll(operation: number, getter: Getter, end: () => void): boolean {
    if (getter.refusal !== Reason.NONE) {
      if (getter.refusalTold) return false;
      end();
      this.tellRefusal(operation, getter);
      return true;
    }
    return this.tryServe(operation, getter, end);
  }

  /**
   * Answers with a message, or with why it cannot be had; false when there is none.
   *
   * @param answering called first if there is an answer
   */
  private tryServe(operation: number, getter: Getter, answering: () => void): boolean {
    try {
      const row = getter.find();
      if (row === NONE) return false;
      answering();
      getter.take(row, operation, this.send);
    } catch (error) {
      if (!(error instanceof MqiError)) throw error;
      answering();
      this.answer(operation, getter.handle, error.reason);
    }
    return true;
  }

  private tellRefusal(operation: number, getter: Getter): void {
    getter.refusalTold = true;
    this.answer(operation, getter.handle, getter.refusal);
  }

  /** A failure that names the object it is about. */
  private answer(operation: number, handle: number, reason: number): void {
    this.send(new ReplyWriter(operation, Completion.FAILED, reason, 4).int32(handle).done());
  }

  // ---- consuming ----

  private register(request: PayloadReader): void {
    const read = GetRequest.read(request, DESCRIPTOR_LENGTH);
    const getter = new Getter(this.queueManager, this.object(read.object), read, this.unitOfWork);
    this.consumers.set(getter.handle, getter);
    this.succeed(Operation.REGISTER);
  }

  private deregister(request: PayloadReader): void {
    if (!this.consumers.delete(this.object(request.int32()).handle)) {
      throw new MqiError(Reason.CALLBACK_NOT_REGISTERED);
    }
    this.succeed(Operation.DEREGISTER);
  }

  /** The next message for any of the consumers, taking turns. */
  private consume(): void {
    const getters = [...this.consumers.values()];
    const turn = getters.findIndex((getter) => getter.handle > this.lastServed);
    const inTurn = turn > 0 ? [...getters.slice(turn), ...getters.slice(0, turn)] : getters;
    for (const getter of inTurn) {
      if (getter.refusal !== Reason.NONE) {
        if (getter.refusalTold) continue;
        this.tellRefusal(Operation.CONSUME, getter);
        return;
      }
      getter.refusalTold = false;
      const served = this.tryServe(Operation.CONSUME, getter, () => {
        this.lastServed = getter.handle;
      });
      if (served) return;
    }
    this.startWait(Operation.CONSUME, inTurn);
  }

  /** Ends an outstanding wait without a message; nothing happens when there is none. */
  cancel(reason: number = Reason.NONE): void {
    this.wait?.cancel(reason);
  }

  // ---- attributes ----

  private inquired(object: OpenObject): Inquired {
    if (!object.queue || !object.named)
      return inquiredQueueManager(this.queueManager.name, this.queueManager.objects);
    return object.named.type === 'QALIAS' ? inquiredAlias(object.named) : inquiredQueue(object.queue);
  }

  private inquire(request: PayloadReader): void {
    const object = this.object(request.int32());
    if (!object.has(OpenOption.INQUIRE)) throw new MqiError(Reason.NOT_OPEN_FOR_INQUIRE);
    const selectors = request.int32s(request.int32());
    const result = inquire(this.inquired(object), selectors, request.int32(), request.int32());
    const { integers, characters, reason } = result;
    const reply = new ReplyWriter(
      Operation.INQUIRE,
      inquiryCompletion(reason),
      reason,
      8 + integers.length * 4 + characters.length,
    );
    reply.int32(integers.length).int32(characters.length);
    for (const value of integers) reply.int32(value);
    this.send(reply.bytes(characters).done());
  }

  private set(request: PayloadReader): void {
    const object = this.object(request.int32());
    const queue = object.queueFor(OpenOption.SET, Reason.NOT_OPEN_FOR_SET);
    const selectors = request.int32s(request.int32());
    const integerCount = request.int32();
    const characterLength = request.int32();
    const integers = request.int32s(integerCount);
    setAttributes(this.inquired(object), selectors, integers, request.bytes(characterLength));
    this.queueManager.objects.save();
    this.succeed(Operation.SET);
    queue.wake();
  }

  /** The connection is gone: backs out, and gives back what was open. */
  end(): void {
    this.wait?.end();
    this.wait = undefined;
    this.consumers.clear();
    this.unitOfWork.backout(() => {});
    for (const object of this.objects.values()) object.release();
    this.objects.clear();
  }
}

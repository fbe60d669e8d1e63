import { type GetRequest, ANY_LENGTH, messageToken, TOKEN_LENGTH, WAIT_UNLIMITED } from './get-request.js';
import { prepareDelivery, propertyLookup } from './delivery.js';
import { DESCRIPTOR_LENGTH, Field } from './message-descriptor.js';
import { State } from './message-index.js';
import { Completion, GetOption, OpenOption, Reason } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';
import type { OpenObject } from './open-object.js';
import { ReplyWriter } from './protocol.js';
import { contextOf } from './put-request.js';
import type { QueueManager } from './queue-manager.js';
import type { Match, Queue } from './queue.js';
import type { UnitOfWork } from './unit-of-work.js';

const NAME_LENGTH = 48;

/** A message on its way to the caller. */
interface Delivery {
  completion: number;
  reason: number;
  dataLength: number;
  token: Buffer;
  descriptor: Buffer;
  properties: Buffer;
  data: Buffer;
}

/** Finds and takes messages for one get or one consumer. */
export class Getter {
  private readonly queue: Queue;
  private readonly matches: Match;
  /** Whether a consumer has been told why it gets nothing at present. */
  refusalTold = false;

  /** @throws MqiError when the request or the way the object is open does not allow the get */
  constructor(
    private readonly queueManager: QueueManager,
    private readonly object: OpenObject,
    private readonly request: GetRequest,
    private readonly unitOfWork: UnitOfWork,
  ) {
    request.check();
    this.queue = this.checkedQueue();
    const { store } = queueManager;
    const wanted = request.matcher(store.index, (row) => store.message(row).descriptor);
    const { selector } = object;
    const selected = (row: number) => !selector || selector(propertyLookup(store.message(row)));
    this.matches = (row) => !queueManager.expire(row) && wanted(row) && selected(row);
  }

  get waits(): boolean {
    return this.request.waits;
  }

  /** ms; undefined when there is no limit. */
  get waitLimit(): number | undefined {
    return this.request.waitInterval === WAIT_UNLIMITED ? undefined : this.request.waitInterval;
  }

  get handle(): number {
    return this.object.handle;
  }

  get waitsOn(): Queue {
    return this.queue;
  }

  private checkedQueue(): Queue {
    const { object, request } = this;
    if (request.browses) return object.queueFor(OpenOption.BROWSE, Reason.NOT_OPEN_FOR_BROWSE);
    if (!object.queue || !object.forInput) throw new MqiError(Reason.NOT_OPEN_FOR_INPUT);
    if (request.has(GetOption.MSG_UNDER_CURSOR))
      object.queueFor(OpenOption.BROWSE, Reason.NOT_OPEN_FOR_BROWSE);
    return object.queue;
  }

  /** Why nothing can be got at present, or NONE. */
  get refusal(): number {
    return this.queue.getInhibited || this.object.aliasInhibits('GET') ? Reason.GET_INHIBITED : Reason.NONE;
  }

  /**
   * The message to take, or NONE when there is none.
   *
   * @throws MqiError when there is no message under the cursor
   */
  find(): number {
    const { cursor } = this.object;
    const { request } = this;
    if (request.has(GetOption.MSG_UNDER_CURSOR) || request.has(GetOption.BROWSE_MSG_UNDER_CURSOR)) {
      if (!this.object.hasCursor || !this.queue.isAt(cursor) || this.queueManager.expire(cursor.row)) {
        throw new MqiError(Reason.NO_MSG_UNDER_CURSOR);
      }
      return cursor.row;
    }
    const continues = request.has(GetOption.BROWSE_NEXT) && this.object.hasCursor;
    return continues ? this.queue.after(cursor, this.matches) : this.queue.first(this.matches);
  }

  /**
   * Takes a message that find() has found: in the unit of work, for good, or for reading only.
   *
   * @param operation what to reply to
   * @param reply receives the frame, at once or when the removal is on the disk
   * @throws MqiError when the unit of work is full or has failed
   */
  take(row: number, operation: number, reply: (frame: Buffer) => void): void {
    const { index } = this.queueManager.store;
    const persistent = index.persistent[row] === 1;
    const syncpoint = this.request.inSyncpoint(persistent);
    if (syncpoint) this.unitOfWork.check(this.queueManager.attributes.MAXUMSGS as number);
    const delivery = this.deliveryOf(row);
    const removes = !this.request.browses && delivery.reason !== Reason.TRUNCATED_MSG_FAILED;
    if (this.request.browses && delivery.reason !== Reason.TRUNCATED_MSG_FAILED) this.moveCursor(row);
    if (removes && this.object.has(OpenOption.SAVE_ALL_CONTEXT)) {
      this.object.savedContext = contextOf(delivery.descriptor);
    }
    const frame = this.frameOf(delivery, operation);
    if (!removes) {
      reply(frame);
    } else if (syncpoint) {
      this.unitOfWork.addGet(row);
      reply(frame);
    } else {
      this.remove(row, persistent, operation, () => reply(frame), reply);
    }
  }

  private moveCursor(row: number): void {
    const { index } = this.queueManager.store;
    const { cursor } = this.object;
    this.object.hasCursor = true;
    cursor.row = row;
    cursor.sequence = index.sequence[row]!;
    cursor.priority = index.priority[row]!;
  }

  private remove(
    row: number,
    persistent: boolean,
    operation: number,
    removed: () => void,
    reply: (frame: Buffer) => void,
  ): void {
    const { queue } = this;
    const { store } = this.queueManager;
    queue.unlink(row, State.LEAVING);
    queue.depth--;
    if (!persistent) {
      store.release(row);
      removed();
      return;
    }
    store.commit(0, [row], (error) => {
      if (!error) {
        store.release(row);
        removed();
        return;
      }
      queue.depth++;
      queue.link(row);
      queue.wake();
      reply(
        new ReplyWriter(operation, Completion.FAILED, Reason.RESOURCE_PROBLEM, 4).int32(this.handle).done(),
      );
    });
  }

  private deliveryOf(row: number): Delivery {
    const { index } = this.queueManager.store;
    const message = this.queueManager.store.message(row);
    const descriptor = Buffer.from(message.descriptor);
    descriptor.writeInt32LE(index.backoutCount[row]!, Field.BackoutCount);
    const expiry = index.expiry[row]!;
    if (expiry !== 0)
      descriptor.writeInt32LE(Math.max(1, Math.ceil((expiry - Date.now()) / 100)), Field.Expiry);
    const { bufferLength } = this.request;
    const room = bufferLength === ANY_LENGTH ? Infinity : bufferLength;
    const prepared = prepareDelivery(
      { ...message, descriptor },
      {
        options: this.request.options,
        hasHandle: this.request.hasHandle,
        propertyControl: this.object.named!.attributes.PROPCTL as number,
        targetCcsid: this.request.targetCcsid,
        queueManagerCcsid: this.queueManager.attributes.CCSID as number,
        room,
      },
    );
    const { properties, data } = prepared;
    const reason = data.length <= room ? prepared.reason : this.truncation;
    return {
      completion: reason === Reason.NONE ? Completion.OK : Completion.WARNING,
      reason,
      dataLength: data.length,
      token: messageToken(index.sequence[row]!),
      descriptor,
      properties,
      data: data.subarray(0, Math.min(data.length, room)),
    };
  }

  private get truncation(): number {
    const accepts = this.request.has(GetOption.ACCEPT_TRUNCATED_MSG);
    return accepts ? Reason.TRUNCATED_MSG_ACCEPTED : Reason.TRUNCATED_MSG_FAILED;
  }

  private frameOf(delivery: Delivery, operation: number): Buffer {
    const { completion, reason, dataLength, token, descriptor, properties, data } = delivery;
    const length =
      4 + 4 + TOKEN_LENGTH + NAME_LENGTH + DESCRIPTOR_LENGTH + 4 + properties.length + data.length;
    return new ReplyWriter(operation, completion, reason, length)
      .int32(this.handle)
      .int32(dataLength)
      .bytes(token)
      .name(this.queue.name, NAME_LENGTH)
      .bytes(descriptor)
      .int32(properties.length)
      .bytes(properties)
      .bytes(data)
      .done();
  }
}

import { randomUUID } from 'node:crypto';
import { status, type ServerWritableStream, type ServiceError } from '@grpc/grpc-js';
import { InvalidPosition, type LoggedEvent } from './log.ts';
import type { Server } from './server.ts';
import {
  identifier, nameOf, positionText, readEvent, refusal, revisionText, streamDeleted, streams, thrownByHandler, Timestamp, wantsStructuredIds, type ReadReq, type ReadResp,
} from './wire.ts';

type Call = ServerWritableStream<ReadReq, ReadResp>;
type Options = NonNullable<ReturnType<ReadReq['getOptions']>>;

/** Streams.Read: a stream or all of them, forward or backward, a number of events or all that ever come. */
export function read(server: Server, call: Call): void {
  void server.take(call, async () => {
    try {
      const refused = server.refuses(call);
      if (refused) throw refused;
      const outlet = new Outlet(server, call);
      const options = call.request.getOptions()!;
      if (options.hasSubscription()) await (options.hasAll() ? subscribeToAll(server, outlet, options) : subscribeToStream(server, outlet, options));
      else await (options.hasAll() ? readAll(server, outlet, options) : readStream(server, outlet, options));
      call.end();
    } catch (error) {
      if (!call.cancelled) call.emit('error', error instanceof Error && 'code' in error ? error : thrownByHandler());
    }
  });
}

/** Where a read's answers go: no faster than its client takes them, and none when it has gone. */
class Outlet {
  /** Events are held back by the client at this moment, or were since this was last set to false. */
  waited = false;
  private wake: () => void = () => {};

  constructor(private readonly server: Server, private readonly call: Call) {
    for (const event of ['cancelled', 'close', 'drain']) call.on(event, () => this.wake());
  }

  get open(): boolean {
    return !this.call.cancelled && !this.call.destroyed;
  }

  async send(response: ReadResp): Promise<void> {
    if (this.server.paused) await this.server.paused;
    if (!this.open || this.call.write(response)) return;
    this.waited = true;
    while (this.open && this.call.writableNeedDrain) await this.woken();
  }

  /** Waits until there may be more in the log than so many records, or the client has gone. */
  async more(than: number): Promise<void> {
    const stop = this.server.log.watch(() => this.wake());
    while (this.open && this.server.log.visible <= than) await this.woken();
    stop();
  }

  private async woken(): Promise<void> {
    await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

/** KurrentDB: src/KurrentDB.Core/Services/Transport/Enumerators/Enumerator.ReadAllForwards.cs and its three sisters. */
async function readAll(server: Server, outlet: Outlet, options: Options): Promise<void> {
  const { log } = server;
  const from = fromOf(options);
  const backward = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const matches = filterOf(options);
  const structured = wantsStructuredIds(options);
  let left = Number(options.getCount());
  let index: number;
  try {
    if (from === 'start' || from === 'end') index = from === 'start' ? 0 : log.visible;
    else index = backward ? log.indexBackward(from) : log.indexForward(from);
  } catch (error) {
    throw error instanceof InvalidPosition ? invalidRead(server, error, options.hasFilter()) : error;
  }
  for (; left > 0 && outlet.open && (backward ? index > 0 : index < log.visible); index += backward ? -1 : 1) {
    const record = log.records[backward ? index - 1 : index]!;
    if (!record.event || !matches(record.event)) continue;
    await outlet.send(readEvent(record, record.event, structured));
    left -= 1;
  }
}

/** KurrentDB: src/KurrentDB.Core/Services/Transport/Enumerators/Enumerator.ReadStreamForwards.cs and ...Backwards.cs. */
async function readStream(server: Server, outlet: Outlet, options: Options): Promise<void> {
  const name = nameOf(options.getStream()!.getStreamIdentifier());
  const stream = server.log.stream(name);
  if (stream === 'deleted') throw streamDeleted(name);
  if (stream === 'not-found') return outlet.send(new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier(name))));
  const { records, from } = stream;
  const asked = revisionOf(options);
  const backward = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const count = Number(options.getCount());
  const last = records.length - 1;
  const tells = (options.getControlOption()?.getCompatibility() ?? 0) >= 1;
  if (!backward && asked === 'end') throw refusal(status.UNKNOWN, 'Unexpected ReadStreamResult: Error');
  const start = asked === 'end' ? last : backward ? Math.min(asked, last) : Math.max(asked, from);
  if (tells && !backward) {
    const first = (asked as number) + Math.min(PAGE, count) - 1 < from ? from : start > last ? last + 1 : undefined;
    if (first !== undefined && first !== asked) await outlet.send(new streams.ReadResp().setFirstStreamPosition(String(first)));
  }
  const step = backward ? -1 : 1;
  for (let revision = start, left = count; left > 0 && outlet.open && revision >= from && revision < records.length; revision += step, left--)
    await outlet.send(readEvent(records[revision]!, records[revision]!.event!, wantsStructuredIds(options)));
  if (tells) await outlet.send(new streams.ReadResp().setLastStreamPosition(String(last)));
}

/** KurrentDB: src/KurrentDB.Core/Services/Transport/Enumerators/Enumerator.AllSubscription.cs and ...AllSubscriptionFiltered.cs. */
async function subscribeToAll(server: Server, outlet: Outlet, options: Options): Promise<void> {
  const { log } = server;
  const from = fromOf(options);
  const matches = filterOf(options);
  const structured = wantsStructuredIds(options);
  const checkpoints = options.hasFilter() ? new Checkpoints(server, outlet, options) : undefined;
  // 23.10 reads what it starts behind before it confirms; 26 when it has confirmed. So they fail in different ways.
  if (server.version === 26) await outlet.send(confirmation());
  const { first, behind } = startOfSubscription(server, from);
  if (server.version === 23) await outlet.send(confirmation());
  let index = first;
  let live = false;
  let last = from === 'end' ? log.lastEventPosition : behind;
  while (outlet.open) {
    for (; index < log.visible && outlet.open; index++) {
      const record = log.records[index]!;
      if (!record.event || record.position <= behind) continue;
      last = record.position;
      if (matches(record.event)) await outlet.send(readEvent(record, record.event, structured));
      await checkpoints?.considered(record.position);
      if (live && fellBehind(server, outlet, log.visible - index)) {
        live = false;
        if (server.tellsFellBehind) await outlet.send(new streams.ReadResp().setFellBehind(at(new streams.ReadResp.FellBehind(), last)));
      }
    }
    if (!live) {
      live = true;
      if (server.version === 26) await checkpoints?.tell(last);
      await outlet.send(new streams.ReadResp().setCaughtUp(server.version === 26 ? at(new streams.ReadResp.CaughtUp(), last) : new streams.ReadResp.CaughtUp()));
    }
    await outlet.more(index);
  }
}

/** KurrentDB: src/KurrentDB.Core/Services/Transport/Enumerators/Enumerator.StreamSubscription.cs. */
async function subscribeToStream(server: Server, outlet: Outlet, options: Options): Promise<void> {
  const { log } = server;
  const name = nameOf(options.getStream()!.getStreamIdentifier());
  const asked = options.getStream()!.hasStart() ? -1 : revisionOf(options);
  const structured = wantsStructuredIds(options);
  const now = log.stream(name);
  let next = asked === 'end' ? (typeof now === 'string' ? 0 : now.records.length) : asked + 1;
  let live = false;
  await outlet.send(confirmation());
  while (outlet.open) {
    const seen = log.visible;
    const stream = log.stream(name);
    if (stream === 'deleted') throw streamDeleted(name);
    if (stream !== 'not-found') {
      for (next = Math.max(next, stream.from); next < stream.records.length && outlet.open; next++) {
        await outlet.send(readEvent(stream.records[next]!, stream.records[next]!.event!, structured));
        if (live && fellBehind(server, outlet, stream.records.length - next)) live = false;
      }
    }
    if (!live) {
      live = true;
      const caughtUp = new streams.ReadResp.CaughtUp();
      if (server.version === 26) caughtUp.setTimestamp(timestamp());
      if (server.version === 26 && next > 0) caughtUp.setStreamRevision(revisionText(next - 1));
      await outlet.send(new streams.ReadResp().setCaughtUp(caughtUp));
    }
    await outlet.more(seen);
  }
}

/** Events that the server reads from its log at a time (KurrentDB: src/KurrentDB.Core/Services/Transport/Enumerators/Enumerator.cs). */
const PAGE = 32;
/** Live events that wait for a client at most: so many in each of two queues. */
const LIVE_BACKLOG_MAX = 64;

/** Index of the first record that may be given, and the position above which a record must be. */
function startOfSubscription({ log, version }: Server, from: number | 'start' | 'end'): { first: number; behind: number } {
  if (from === 'start') return { first: 0, behind: -1 };
  if (from === 'end') return { first: log.visible, behind: -1 };
  if (version === 26) {
    if (from >= log.lastEventPosition) return { first: log.visible, behind: from };
    try {
      return { first: log.indexForward(from), behind: from };
    } catch (error) {
      throw error instanceof InvalidPosition ? refusal(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.') : error;
    }
  }
  // EventStoreDB 23.10: src/EventStore.Core/Services/Transport/Grpc/Enumerators.AllSubscription.cs (Subscribe) starts behind the first event at or
  // above the position: from one that is no event's, that event is never given.
  let index = log.indexForward(from);
  while (index < log.visible && !log.records[index]!.event) index++;
  return { first: Math.min(index + 1, log.visible), behind: -1 };
}

/**
 * Whether a client took live events too slowly. KurrentDB 26 reads the log again, from where the client is, and tells nobody
 * (src/KurrentDB.Core/Services/Transport/Grpc/Streams.Read.cs: "currently not sent to clients").
 * @throws what EventStoreDB 23.10 ends the subscription with (Enumerators.AllSubscription.cs, ConsumerTooSlow)
 */
function fellBehind(server: Server, outlet: Outlet, backlog: number): boolean {
  const waited = outlet.waited;
  outlet.waited = false;
  if (!waited || backlog <= LIVE_BACKLOG_MAX) return false;
  if (server.version === 26) return true;
  throw refusal(status.ABORTED, 'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.');
}

/** A filtered subscription's word on how far it has looked, though nothing matched: after so many events, and in 26 when it goes live. */
class Checkpoints {
  private count = 0;
  private told = -1;
  private readonly interval: number;

  constructor(private readonly server: Server, private readonly outlet: Outlet, options: Options) {
    const filter = options.getFilter()!;
    this.interval = (filter.hasMax() ? filter.getMax() : PAGE) * filter.getCheckpointintervalmultiplier();
    if (this.interval === 0) throw thrownByHandler();
  }

  async considered(position: number): Promise<void> {
    this.count += 1;
    if (this.count < this.interval) return;
    this.count = 0;
    await this.tell(position);
  }

  async tell(position: number): Promise<void> {
    if (position <= this.told) return;
    this.told = position;
    const checkpoint = new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position));
    if (this.server.version === 26) checkpoint.setTimestamp(timestamp());
    await this.outlet.send(new streams.ReadResp().setCheckpoint(checkpoint));
  }
}

function fromOf(options: Options): number | 'start' | 'end' {
  const all = options.getAll()!;
  if (all.hasStart()) return 'start';
  if (all.hasEnd()) return 'end';
  const commit = all.getPosition()!.getCommitPosition();
  const prepare = all.getPosition()!.getPreparePosition();
  // KurrentDB: src/KurrentDB.Core/Services/Transport/Common/Position.cs refuses to be made of these.
  if (BigInt(commit) < BigInt(prepare)) throw thrownByHandler();
  return positionText(commit);
}

function revisionOf(options: Options): number | 'end' {
  const stream = options.getStream()!;
  if (stream.hasStart()) return 0;
  return stream.hasEnd() ? 'end' : positionText(stream.getRevision());
}

function filterOf(options: Options): (event: LoggedEvent) => boolean {
  const filter = options.getFilter();
  if (!filter) return () => true;
  const expression = filter.getEventType() ?? filter.getStreamIdentifier()!;
  const textOf = filter.hasEventType() ? (event: LoggedEvent) => event.type : (event: LoggedEvent) => event.stream;
  if (expression.getRegex() !== '') {
    const regex = new RegExp(expression.getRegex());
    return (event) => regex.test(textOf(event));
  }
  const prefixes = expression.getPrefixList();
  return (event) => prefixes.some((prefix) => textOf(event).startsWith(prefix));
}

function invalidRead(server: Server, error: Error, filtered: boolean): ServiceError {
  const result = filtered ? 'FilteredReadAllResult' : 'ReadAllResult';
  return refusal(status.UNKNOWN, server.version === 26 ? `Unexpected ${result}: InvalidPosition >> ${error.message}` : `Unexpected ${result}: Error`);
}

function confirmation(): ReadResp {
  return new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID()));
}

type At = InstanceType<typeof streams.ReadResp.CaughtUp> | InstanceType<typeof streams.ReadResp.FellBehind>;

function at<Word extends At>(word: Word, position: number): Word {
  word.setTimestamp(timestamp());
  if (position >= 0) word.setPosition(new streams.ReadResp.Position().setCommitPosition(String(position)).setPreparePosition(String(position)));
  return word;
}

function timestamp(): InstanceType<typeof Timestamp> {
  return Timestamp.fromDate(new Date());
}


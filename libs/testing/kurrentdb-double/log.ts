import { randomUUID } from 'node:crypto';
import { LogFile } from './log-file.ts';

/** An event as it is asked to be written. */
export interface ProposedEvent {
  id: string;
  type: string;
  isJson: boolean;
  data: Uint8Array;
  metadata: Uint8Array;
}

/** An event as it stands in the log. `revision` counts from 0; that of a tombstone is DELETED. */
export interface LoggedEvent extends ProposedEvent {
  stream: string;
  revision: number;
  createdMs: number;
}

/** What stands from `position` to `end` (bytes) in the log. One that is no event is a record of the server's own. */
export interface LogRecord {
  position: number;
  end: number;
  event?: LoggedEvent;
}

/** The server's 2^63-1: revision of a tombstone, and what `$tb` is set to by a soft deletion. Here any number above all others. */
export const DELETED = Number.MAX_SAFE_INTEGER;

/** A revision from 0, or one of these (KurrentDB: src/KurrentDB.Core/Data/ExpectedVersion.cs). */
export const NO_STREAM = -1;
export const ANY = -2;
export const STREAM_EXISTS = -4;

export type Verdict =
  /** `position` is null where the repeated event was truncated away since. */
  | { outcome: 'appended' | 'repeated'; revision: number; position: number | null }
  | { outcome: 'wrong-version'; current: number }
  | { outcome: 'deleted' };

/** A read of all from a position that is no boundary of a record. */
export class InvalidPosition extends Error {}

interface Stream {
  /** By revision: nothing is ever scavenged. */
  records: LogRecord[];
  tombstoned: boolean;
  truncateBefore: number;
  maxCount: number;
}

/** Bytes of ids that are remembered for appends at any revision (KurrentDB: src/KurrentDB.Core/Settings/ESConsts.cs). */
const RECENT_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The log of one server or of a cluster: records in the order of their positions, the streams by name, and the rules by which a write
 * is taken, found to be a repeat, or refused.
 */
export class Log {
  /** In order of position. Those from `visible` on are not safe in the file yet: no reader may see them. */
  readonly records: LogRecord[] = [];
  visible = 0;
  private readonly streams = new Map<string, Stream>();
  private readonly watchers = new Set<() => void>();
  private recent = new RecentIds(RECENT_BYTES_MAX);
  private readonly file: LogFile | undefined;

  constructor(options: { file?: string; recentIdsBytesMax?: number } = {}) {
    if (options.recentIdsBytesMax !== undefined) this.recent = new RecentIds(options.recentIdsBytesMax);
    if (options.file === undefined) return;
    for (const written of LogFile.read(options.file)) this.take(written);
    this.recent.clear();
    this.file = new LogFile(options.file);
    this.visible = this.records.length;
  }

  /** Where the next record will stand. */
  get end(): number {
    return this.records.at(-1)?.end ?? 0;
  }

  /** Position of the last event that readers may see; -1 where there is none. The server's own records don't count. */
  get lastEventPosition(): number {
    for (let index = this.visible - 1; index >= 0; index--) if (this.records[index]!.event) return this.records[index]!.position;
    return -1;
  }

  /** What a server does when it starts: an epoch record, of which this gives the position, and the first time events of its own; ids are remembered no more. */
  begin(): number {
    this.recent.clear();
    const { position } = this.write([{ position: this.end, end: this.end + EPOCH_BYTES }]);
    if (this.streams.size > 0) return position;
    for (const user of ['admin', 'ops']) {
      this.append('$users', ANY, [ownEvent('$User', JSON.stringify(user))]);
      this.append(`$user-${user}`, ANY, [ownEvent('$UserCreated', JSON.stringify({ loginName: user, disabled: false }))]);
    }
    return position;
  }

  forgetRecentIds(): void {
    this.recent.clear();
  }

  /** Takes the events in, all or none. The answer may be given, and readers may see them, when `written` says so. */
  append(stream: string, expected: number, events: readonly ProposedEvent[]): Verdict {
    const verdict = this.check(stream, expected, events.map((event) => event.id));
    if (verdict.outcome !== 'appended') return verdict;
    const wasSoftDeleted = this.streams.get(stream)?.truncateBefore === DELETED;
    const first = this.lastRevision(stream) + 1;
    const now = Date.now();
    const records = events.map((event, index) => ({ ...event, stream, revision: first + index, createdMs: now }));
    // Also a write of no events has its record.
    const last = this.write(events.length > 0 ? this.placed(records) : [{ position: this.end, end: this.end + EPOCH_BYTES }]);
    if (wasSoftDeleted) this.setMetadata(stream, { $tb: first });
    const original = originalOf(stream);
    // KurrentDB: src/KurrentDB.Core/Services/Storage/StorageWriterService.cs (SoftUndeleteMetastream).
    if (original !== undefined && this.streams.get(original)?.truncateBefore === DELETED) this.setMetadata(original, { $tb: this.lastRevision(original) + 1 });
    return { outcome: 'appended', revision: first + events.length - 1, position: last.position };
  }

  /** Deletes a stream: for good, or so that it goes on, when written to again, where it ended. */
  delete(stream: string, expected: number, forGood: boolean): Verdict {
    const verdict = this.check(stream, expected, [randomUUID()]);
    if (verdict.outcome !== 'appended') return verdict;
    if (forGood) {
      const last = this.write(this.placed([{ ...ownEvent('$streamDeleted', ''), stream, revision: DELETED, createdMs: Date.now() }]));
      return { outcome: 'appended', revision: DELETED, position: last.position };
    }
    if (this.lastRevision(stream) < 0 && this.lastRevision(`$$${stream}`) < 0) return { outcome: 'wrong-version', current: NO_STREAM };
    return this.setMetadata(stream, { $tb: DELETED }, false);
  }

  /** Sets some of a stream's metadata; the others stay unless told. `$tb` DELETED is written as the server writes it. */
  setMetadata(stream: string, changes: { $tb?: number; $maxCount?: number }, keepOthers = true): Verdict {
    const meta = this.streams.get(`$$${stream}`)?.records.at(-1)?.event;
    const others = meta && keepOthers ? (JSON.parse(Buffer.from(meta.data).toString()) as object) : {};
    const text = JSON.stringify({ ...others, ...changes }).replace(String(DELETED), '9223372036854775807');
    const revision = this.lastRevision(`$$${stream}`) + 1;
    const last = this.write(this.placed([{ ...ownEvent('$metadata', text), stream: `$$${stream}`, revision, createdMs: Date.now() }]));
    return { outcome: 'appended', revision, position: last.position };
  }

  /** Resolves when all that was taken in is where a crash can't take it away, and visible. */
  async written(): Promise<void> {
    await this.file?.flushed();
  }

  /** Calls back whenever more has become visible, until the function that it gives is called. */
  watch(more: () => void): () => void {
    this.watchers.add(more);
    return () => this.watchers.delete(more);
  }

  /** Records of a stream that readers may see, and the lowest revision that may be read; or why there are none. */
  stream(name: string): { records: readonly LogRecord[]; from: number } | 'not-found' | 'deleted' {
    const stream = this.streams.get(name);
    if (stream?.tombstoned) return 'deleted';
    if (!stream || stream.truncateBefore === DELETED) return 'not-found';
    const records = this.visible === this.records.length ? stream.records : stream.records.filter(({ position }) => position < this.records[this.visible]!.position);
    // KurrentDB: src/KurrentDB.Core/Services/Storage/ReaderIndex/IndexReader.cs (minEventNumber). Stream reads tell nobody of it.
    return records.length === 0 ? 'not-found' : { records, from: Math.max(0, stream.truncateBefore, records.length - stream.maxCount) };
  }

  /**
   * Index of the first record to be read forward from a position, itself included.
   *
   * KurrentDB: src/KurrentDB.Core/Services/Storage/ReaderIndex/AllReader.cs: above the last event's position there is nothing, whatever the
   * position; below, what stands at the position is taken for a record, and fails to be one (TransactionLog/Chunks/TFChunk/TFChunkReadSide.cs).
   * @throws InvalidPosition
   */
  indexForward(position: number): number {
    if (position > this.lastEventPosition) return this.visible;
    return this.boundary(position);
  }

  /**
   * Index behind the last record to be read backward from a position, which is that of the record's end.
   * @throws InvalidPosition
   */
  indexBackward(position: number): number {
    return position <= 0 ? 0 : this.boundary(position);
  }

  private boundary(position: number): number {
    if (position === this.end) return this.records.length;
    const index = this.indexAtOrAbove(position);
    if (this.records[index]?.position !== position) throw new InvalidPosition(`Error while reading log record forwards at actual position ${position}.`);
    return index;
  }

  /** Index of the first record at or above a position. */
  indexAtOrAbove(position: number): number {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Last revision of a stream, read or not; -1 where it has none. */
  private lastRevision(name: string): number {
    return (this.streams.get(name)?.records.length ?? 0) - 1;
  }

  /** KurrentDB: src/KurrentDB.Core/Services/Storage/ReaderIndex/IndexWriter.cs (CheckCommit); EventStoreDB 23.10 has the same rules. */
  private check(name: string, expected: number, ids: readonly string[]): Verdict {
    const stream = this.streams.get(name);
    const current = this.lastRevision(name);
    const ok: Verdict = { outcome: 'appended', revision: current + ids.length, position: null };
    const wrong: Verdict = { outcome: 'wrong-version', current };
    if (stream?.tombstoned) return { outcome: 'deleted' };
    const softDeleted = stream?.truncateBefore === DELETED;
    if (expected === STREAM_EXISTS) {
      if (softDeleted) return { outcome: 'deleted' };
      if (current < 0 && this.lastRevision(`$$${name}`) < 0) return wrong;
    }
    if (expected === ANY || expected === STREAM_EXISTS) {
      // Only what the server happens to remember is a repeat, and only where all of it is.
      const known = ids.map((id) => this.recent.revision(id, name));
      if (known.length === 0 || known[0] === undefined) return ok;
      return known.includes(undefined) ? wrong : this.repeat(name, known.at(-1)!);
    }
    if (expected < current) {
      const repeats = ids.findIndex((id, index) => stream?.records[expected + 1 + index]?.event?.id !== id);
      if (repeats === -1 && ids.length > 0) return this.repeat(name, expected + ids.length);
      // Ids of which only the first are known ("corrupted idempotency") are answered as a wrong version too.
      return repeats <= 0 && expected === NO_STREAM && softDeleted ? ok : wrong;
    }
    // At the right revision nobody looks whether the ids were written before: they are written again.
    return expected === current ? ok : wrong;
  }

  private repeat(name: string, revision: number): Verdict {
    const stream = this.streams.get(name)!;
    const truncated = stream.truncateBefore > revision || stream.records.length - stream.maxCount > revision;
    return { outcome: 'repeated', revision, position: truncated ? null : stream.records[revision]!.position };
  }

  private placed(events: readonly LoggedEvent[]): LogRecord[] {
    let position = this.end;
    return events.map((event) => {
      const record = { position, end: position + bytesOf(event), event };
      position = record.end;
      return record;
    });
  }

  /** Gives the last of the records. */
  private write(records: LogRecord[]): LogRecord {
    this.take(records);
    const behind = this.records.length;
    if (this.file) this.file.append(records, () => this.show(behind));
    else this.show(behind);
    return records.at(-1)!;
  }

  private show(visible: number): void {
    this.visible = visible;
    for (const more of this.watchers) more();
  }

  private take(records: readonly LogRecord[]): void {
    for (const record of records) {
      this.records.push(record);
      if (!record.event) continue;
      const { stream: name, revision, id } = record.event;
      const stream = this.streamOf(name);
      if (revision === DELETED) stream.tombstoned = true;
      else stream.records.push(record);
      this.recent.add(id, name, revision);
      const original = originalOf(name);
      if (original !== undefined) this.obey(this.streamOf(original), record.event);
    }
  }

  private streamOf(name: string): Stream {
    let stream = this.streams.get(name);
    // Of a stream of metadata only the last event is read.
    if (!stream) this.streams.set(name, (stream = { records: [], tombstoned: false, truncateBefore: 0, maxCount: originalOf(name) === undefined ? DELETED : 1 }));
    return stream;
  }

  private obey(stream: Stream, metadata: LoggedEvent): void {
    let read: { $tb?: number; $maxCount?: number } = {};
    try {
      read = JSON.parse(Buffer.from(metadata.data).toString()) as typeof read;
    } catch {
      // As the server does: metadata that can't be read is none.
    }
    stream.truncateBefore = Math.min(read.$tb ?? 0, DELETED);
    stream.maxCount = read.$maxCount ?? DELETED;
  }
}

/** Ids written lately, with the place of the first time (KurrentDB: src/KurrentDB.Core/Services/Storage/ReaderIndex/BoundedCache.cs). */
class RecentIds {
  private readonly places = new Map<string, { stream: string; revision: number; bytes: number }>();
  private bytes = 0;

  constructor(private readonly bytesMax: number) {}

  revision(id: string, stream: string): number | undefined {
    const place = this.places.get(id);
    return place?.stream === stream ? place.revision : undefined;
  }

  add(id: string, stream: string, revision: number): void {
    for (const [oldest, place] of this.places) {
      if (this.bytes <= this.bytesMax) break;
      this.places.delete(oldest);
      this.bytes -= place.bytes;
    }
    if (this.places.has(id)) return;
    const bytes = 50 + 2 * stream.length;
    this.places.set(id, { stream, revision, bytes });
    this.bytes += bytes;
  }

  clear(): void {
    this.places.clear();
    this.bytes = 0;
  }
}

function ownEvent(type: string, json: string): ProposedEvent {
  return { id: randomUUID(), type, isJson: json !== '', data: Buffer.from(json), metadata: new Uint8Array() };
}

function originalOf(stream: string): string | undefined {
  return stream.startsWith('$$') ? stream.slice(2) : undefined;
}

/** Bytes of a record that holds no event. */
const EPOCH_BYTES = 162;

/** KurrentDB: src/KurrentDB.Core/TransactionLog/LogRecords/PrepareLogRecord.cs (ComputeSizeOnDisk). */
function bytesOf(event: LoggedEvent): number {
  const text = (value: string): number => {
    const bytes = Buffer.byteLength(value);
    return bytes + (bytes < 128 ? 1 : bytes < 16_384 ? 2 : 3);
  };
  return 88 + text(event.stream) + text(event.type) + event.data.length + event.metadata.length;
}

import { createHash } from 'node:crypto';
import type { CloudEvent } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import type { LogKind } from '#event-store/log-url.ts';
import { until } from '#testing/until.ts';
import type { Acknowledged } from './workload.ts';

/** What must be so and is not. `lost` and `doubled` count events and commands; everything else is told in words. */
export class Violation extends Error {
  override name = 'Violation';

  constructor(message: string, readonly counts: { lost?: number; doubled?: number } = {}, options?: ErrorOptions) {
    super(message, options);
  }
}

const PAGE = 1_000;
const LOG_MS = 60_000;

/** The log, as read so far, and what must hold of it. */
export class LogReading {
  position = 0;
  count = 0;
  hash = '';
  private readonly revisions = new Map<string, number>();
  private readonly commands = new Map<string, { stream: string; revision: number; position: number; acknowledged: boolean }>();
  /** Command by the position of its last event. */
  private readonly commandAt = new Map<number, string>();
  private readonly eventIds = new Set<string>();
  private recordedAt = '';

  /** PostgreSQL's positions have no gap; those of other stores only rise. */
  constructor(private readonly store: LogKind = 'PostgreSQL') {}

  /** @returns what has come since @throws Violation */
  async readOn(store: EventStore): Promise<RecordedEvent[]> {
    const read: RecordedEvent[] = [];
    // The log may be away for a moment.
    const page = () => until(() => store.readAll(this.position, PAGE), { deadlineMs: LOG_MS, intervalMs: 100 });
    for (let events = await page(); events.length > 0; events = await page()) {
      for (const event of events) this.take(event);
      read.push(...events);
    }
    return read;
  }

  /** Whether an answer tells of a command that is here, once and whole. */
  holds({ position, revision }: { position: number; revision: number }): boolean {
    const command = this.commands.get(this.commandAt.get(position) ?? '');
    return command !== undefined && command.position === position && command.revision === revision;
  }

  /** @throws Violation where two answers tell of one command, or a command is here that nobody was told of */
  acknowledge(acknowledged: readonly Acknowledged[]): void {
    for (const { answer } of acknowledged) {
      const command = this.commands.get(this.commandAt.get(answer.position)!)!;
      if (command.acknowledged) throw new Violation(`two commands were answered with position ${answer.position}`);
      command.acknowledged = true;
    }
    // Every client has its answer by now, so what nobody was told of is the second time of something.
    const untold = [...this.commands.values()].filter((command) => !command.acknowledged);
    if (untold.length > 0) throw new Violation(`the log holds ${untold.length} commands that no client was told of, such as ${JSON.stringify(untold[0])}`, { doubled: untold.length });
  }

  /** @throws Violation */
  take(event: RecordedEvent): void {
    const { id, position, revision, stream, recordedAt, metadata } = event;
    if (position <= this.position) throw new Violation(`position ${position} follows ${this.position}`);
    if (this.store === 'PostgreSQL' && position !== this.position + 1) throw new Violation(`position ${position} follows ${this.position}`, { lost: position - this.position - 1 });
    const before = this.revisions.get(stream) ?? 0;
    if (revision !== before + 1) throw new Violation(`revision ${revision} of ${stream} follows ${before}`);
    if (recordedAt < this.recordedAt) throw new Violation(`position ${position} was recorded at ${recordedAt}, the one before at ${this.recordedAt}`);
    if (this.eventIds.has(id)) throw new Violation(`event ${id} stands in the log twice`, { doubled: 1 });
    const { commandId } = metadata;
    const command = this.commands.get(commandId);
    if (command && (command.stream !== stream || command.revision !== revision - 1 || command.position !== this.position)) throw new Violation(`command ${commandId} stands in the log twice, the second time at ${position}`, { doubled: 1 });
    if (command) this.commandAt.delete(command.position);
    // What another program enters (an import) is counted by its own report.
    const ours = !metadata.actor.id.startsWith('cstd-secretariat');
    this.commands.set(commandId, { stream, revision, position, acknowledged: command?.acknowledged ?? !ours });
    this.commandAt.set(position, commandId);
    this.eventIds.add(id);
    this.revisions.set(stream, revision);
    this.position = position;
    this.count += 1;
    this.recordedAt = recordedAt;
    this.hash = createHash('sha256').update(this.hash).update(JSON.stringify(event)).digest('hex');
  }
}

/** A partition as read so far, by the subscriber's rule, against the log. */
export class PartitionReading {
  readonly expected: { id: string; sequence: string }[] = [];
  next = 0;
  private seen = 0;
  private highest = '';
  private wrong: string | undefined;

  constructor(readonly topic: string, readonly partition: number) {}

  /** @returns 1 for a record that a subscriber drops, else 0 */
  take(offset: number, key: string, event: CloudEvent): number {
    this.next = offset + 1;
    if (event.sequence <= this.highest) return 1;
    const wanted = this.expected[this.seen];
    if (wanted?.id !== event.id || wanted.sequence !== event.sequence || key !== event.partitionkey)
      this.wrong ??= `offset ${offset} of ${this.topic}, partition ${this.partition}, holds ${event.sequence} where ${wanted?.sequence ?? 'nothing'} comes`;
    this.highest = event.sequence;
    this.seen += 1;
    return 0;
  }

  isComplete(): boolean {
    return this.seen >= this.expected.length || this.wrong !== undefined;
  }

  get missing(): number {
    return this.expected.length - this.seen;
  }

  /** @throws Violation */
  throwIfWrong(): void {
    if (this.wrong) throw new Violation(this.wrong);
  }

  beginAgain(): void {
    this.next = 0;
    this.seen = 0;
    this.highest = '';
  }

  toString(): string {
    return `${this.topic}, partition ${this.partition}: ${this.seen} of ${this.expected.length}, next is ${this.expected[this.seen]?.sequence}`;
  }
}

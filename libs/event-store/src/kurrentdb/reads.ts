import { setTimeout as sleep } from 'node:timers/promises';
import { convertToCommandError, END, START, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import service from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import { EventStoreError } from '../event-store.ts';
import type { Inner } from './connection.ts';
import { DeadlineError, isPassing, unavailable } from './kurrentdb-errors.ts';

/** An event as the server has it: data and metadata are the bytes that were written. */
export interface ServerEvent {
  id: string;
  type: string;
  /** The server's name of its stream. */
  streamId: string;
  /** From 0, as the server counts. */
  revision: number;
  position: number;
  data: Uint8Array;
  metadata: Uint8Array;
}

/** Events of one stream from a revision of the server's (its first is 0), of 'end' backwards. */
export interface StreamRange {
  stream: string;
  from: number | typeof END;
  count: number;
  backwards?: boolean;
}

/** Events of the log's streams in $all, beginning with the event at `from`, which must be one. */
export interface LogRange {
  from: number | typeof START | typeof END;
  count: number;
  backwards?: boolean;
}

/**
 * Reads of the server, each bounded in events and in time, over the connection that the client appends by. The client's own
 * reads go through a native reader, which parses all JSON where we want the text, never looks for another node when its own is
 * gone, waits for ever for a node that is silent, and half of the time for 40 ms: it sends a request in two pieces, the second
 * only when the server's system has acknowledged the first.
 */
export class Reads {
  private underWay = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly client: KurrentDBClient,
    private readonly streamPrefix: string,
    /** A read of another node than the leader may be behind it. */
    private readonly requiresLeader: boolean,
  ) {}

  /** None for a stream that does not exist, or was deleted softly. */
  stream({ stream, from, count, backwards = false }: StreamRange): Promise<ServerEvent[]> {
    const options = new Options.StreamOptions().setStreamIdentifier(new shared.StreamIdentifier().setStreamName(new TextEncoder().encode(stream)));
    if (from === END) options.setEnd(new shared.Empty());
    else options.setRevision(String(from));
    return this.read(request(count, backwards).setStream(options).setNoFilter(new shared.Empty()));
  }

  log({ from, count, backwards = false }: LogRange): Promise<ServerEvent[]> {
    const options = new Options.AllOptions();
    if (from === START) options.setStart(new shared.Empty());
    else if (from === END) options.setEnd(new shared.Empty());
    else options.setPosition(new Options.Position().setCommitPosition(String(from)).setPreparePosition(String(from)));
    const prefix = new Options.FilterOptions.Expression().setPrefixList([this.streamPrefix]);
    const filter = new Options.FilterOptions().setStreamIdentifier(prefix).setMax(SEARCH_WINDOW).setCheckpointintervalmultiplier(1);
    return this.read(request(count, backwards).setAll(options).setFilter(filter));
  }

  /** @throws EventStoreError */
  private async read(options: InstanceType<typeof Options>): Promise<ServerEvent[]> {
    await this.turn();
    const giveUpAt = performance.now() + READ_MS;
    try {
      for (const ms of [...REREAD_PAUSES_MS, undefined]) {
        try {
          return await this.readOnce(new streams.ReadReq().setOptions(options), giveUpAt - performance.now());
        } catch (error) {
          if (ms === undefined || !isPassing(error) || performance.now() + ms > giveUpAt) throw unavailable(error);
          await sleep(ms);
        }
      }
      throw new Error('unreachable');
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.underWay -= 1;
    }
  }

  private async readOnce(message: InstanceType<typeof streams.ReadReq>, deadline: number): Promise<ServerEvent[]> {
    const { requiresLeader } = this;
    const inner = this.client as unknown as Inner;
    const open = inner.GRPCStreamCreator(service.StreamsClient, 'read', (client) => client.read(message, ...inner.callArguments({ requiresLeader, deadline })));
    try {
      const events: ServerEvent[] = [];
      for await (const answer of await open()) {
        const event = (answer as InstanceType<typeof streams.ReadResp>).getEvent()?.getEvent();
        if (event) events.push(toServerEvent(event));
      }
      return events;
    } catch (error) {
      throw convertToCommandError(error as Error);
    }
  }

  /** A server takes 100 calls of a connection at once; those beyond wait here, where they can be counted. */
  private async turn(): Promise<void> {
    if (this.underWay >= READS_MAX) {
      if (this.waiting.length >= READS_WAITING_MAX) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'too many reads are waiting for the event log');
      // Whoever is done hands its place over.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.underWay += 1;
  }
}

/** Of events of a page; a page of the largest then takes 64 MiB at most. */
export const READ_EVENTS_MAX = 256;
/** Events of others that the server looks at in one go; 32 unless told. */
const SEARCH_WINDOW = 500;
const READS_MAX = 64;
/** Reads that may wait: some for each of the commands that an API has at work at once. */
const READS_WAITING_MAX = 2_000;
/** A connection may have been lost a moment ago; reading again is harmless. */
const REREAD_PAUSES_MS = [50, 200, 500, 1_000];
/** Of a read with all its repeats. */
const READ_MS = 5_000;

const { Options } = streams.ReadReq;

function request(count: number, backwards: boolean): InstanceType<typeof Options> {
  return new Options()
    .setReadDirection(backwards ? Options.ReadDirection.BACKWARDS : Options.ReadDirection.FORWARDS)
    .setCount(String(count))
    .setUuidOption(new Options.UUIDOption().setString(new shared.Empty()));
}

function toServerEvent(event: InstanceType<typeof streams.ReadResp.ReadEvent.RecordedEvent>): ServerEvent {
  return {
    id: event.getId()!.getString(),
    type: event.getMetadataMap().get('type')!,
    streamId: Buffer.from(event.getStreamIdentifier()!.getStreamName_asU8()).toString(),
    revision: Number(event.getStreamRevision()),
    position: Number(event.getCommitPosition()),
    data: event.getData_asU8(),
    metadata: event.getCustomMetadata_asU8(),
  };
}

/** @throws DeadlineError. What was asked goes on by itself; its answer is lost. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(ms)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

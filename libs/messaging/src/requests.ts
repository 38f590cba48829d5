import { publishedText, topicOf, UnmappableEventError } from '#contracts/published.ts';
import type { RecordedText } from '#domain/event.ts';
import { categoryOf } from '#event-store/event-store.ts';
import { PublisherRefusal } from './checkpoint.ts';
import type { OutgoingRecord, PartitionBatch } from './kafka.ts';
import { partitionOf } from './partitions.ts';
import type { Resumed } from './resume.ts';

/** What a page of the log is to Kafka. */
export interface Page {
  /** To be sent one after the other; each holds at most one batch for a partition. */
  requests: Batch[][];
  /** All events up to here are in the requests, are not public, or stood in their partition when the publisher resumed. */
  mappedTo: number;
  /** Why the event after that can't be published. */
  unmappable?: PublisherRefusal;
}

/** Records for one partition, in order of the log. */
export interface Batch extends PartitionBatch {
  records: OutgoingRecord[];
  bytes: number;
  /** Position of the last record's event. */
  position: number;
}

/** Of one batch. A broker refuses one above 1 MiB; one event is at most a quarter of that. */
const BATCH_BYTES_MAX = 900_000;
/** What a record takes beside key and value: headers, lengths. */
const RECORD_OVERHEAD_BYTES = 120;

/** Maps pages of a log to requests, leaving out what partitions held when the publisher resumed. */
export class PageMapper {
  private readonly heldUpTo: ReadonlyMap<string, number>;
  private mappedTo: number;

  constructor(private readonly resumed: Resumed) {
    this.heldUpTo = new Map(resumed.tails.map((tail) => [`${tail.topic} ${tail.partition}`, tail.position]));
    this.mappedTo = resumed.position;
  }

  page(events: readonly RecordedText[]): Page {
    const requests: Batch[][] = [];
    const open = new Map<string, { batch: Batch; request: number }>();
    for (const event of events) {
      try {
        this.add(event, requests, open);
      } catch (error) {
        if (!(error instanceof UnmappableEventError)) throw error;
        return { requests, mappedTo: this.mappedTo, unmappable: new PublisherRefusal(error.message, { cause: error }) };
      }
      this.mappedTo = event.position;
    }
    return { requests, mappedTo: this.mappedTo };
  }

  private add(event: RecordedText, requests: Batch[][], open: Map<string, { batch: Batch; request: number }>): void {
    const value = publishedText(event);
    if (value === undefined) return;
    const topic = topicOf(categoryOf(event.stream));
    const partition = this.partitionFor(topic, event.stream);
    const key = `${topic} ${partition}`;
    if (event.position <= (this.heldUpTo.get(key) ?? 0)) return;
    const record = { key: event.stream, value };
    const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES;

    let place = open.get(key);
    if (!place || place.batch.bytes + bytes > BATCH_BYTES_MAX) {
      // A full partition goes on in the next request.
      place = { batch: { topic, partition, records: [], bytes: 0, position: 0 }, request: place ? place.request + 1 : 0 };
      open.set(key, place);
      (requests[place.request] ??= []).push(place.batch);
    }
    place.batch.records.push(record);
    place.batch.bytes += bytes;
    place.batch.position = event.position;
  }

  private partitionFor(topic: string, key: string): number {
    const partitions = this.resumed.partitions.get(topic);
    if (partitions === undefined) throw new Error(`no such topic: ${topic}`);
    return partitionOf(key, partitions);
  }
}

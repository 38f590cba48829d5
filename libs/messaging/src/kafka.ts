/** What the publisher needs of Kafka, so that the client library can be replaced. One send in flight at a time. */
export interface Kafka {
  /** Makes a topic that keeps every record for ever; nothing happens where it exists. */
  createTopic(name: string, partitions: number): Promise<void>;
  /** By name; topics that don't exist are left out. */
  describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>>;
  /** Of every partition of a topic, in order. */
  offsets(topic: string): Promise<PartitionOffsets[]>;
  /**
   * Hands over every record of the ranges, in order within a partition. The callback must not fail.
   * @throws KafkaUnavailableError also when nothing arrives for a minute
   */
  read(ranges: readonly PartitionRange[], onRecord: (record: StoredRecord) => void): Promise<void>;
  /**
   * Appends batches to their partitions, each all or none; no two for the same partition. Those whose partitions one
   * broker leads go in one request. Never call it again before it has answered. After KafkaUnavailableError those that
   * were not yet told as stored, sent again as the same objects to this same object, are stored once.
   * @param onStored told of each batch that is stored, with the offset of its first record
   * @throws KafkaUnavailableError, RecordsRefusedError, ProducerLostError, and what `onStored` throws
   */
  send<Batch extends PartitionBatch>(batches: readonly Batch[], onStored: (batch: Batch, offset: number) => void): Promise<void>;
  /** Lets go of every connection, also in the midst of a call. */
  close(): Promise<void>;
}

export interface TopicDescription {
  partitions: number;
  /** Settings by name: `retention.ms`. */
  settings: Record<string, string>;
}

export interface PartitionOffsets {
  partition: number;
  /** Offset of the oldest record that is still there; equal to `next` in an empty partition. */
  first: number;
  /** Offset that the next record gets: the high watermark. */
  next: number;
}

/** Offsets from (included) to (excluded); not empty. */
export interface PartitionRange {
  topic: string;
  partition: number;
  from: number;
  to: number;
}

export interface StoredRecord {
  topic: string;
  partition: number;
  offset: number;
  key: string;
  value: string;
}

export interface PartitionBatch {
  topic: string;
  partition: number;
  records: readonly OutgoingRecord[];
}

export interface OutgoingRecord {
  key: string;
  value: string;
}

/** It did not work, or whether it did is unknown. The same again may succeed. */
export class KafkaUnavailableError extends Error {
  override name = 'KafkaUnavailableError';
}

/** The broker will never take these records. */
export class RecordsRefusedError extends Error {
  override name = 'RecordsRefusedError';
}

/** The broker and this producer no longer agree on what was sent: begin again from what the topics hold. */
export class ProducerLostError extends Error {
  override name = 'ProducerLostError';
}

/** Where a line about what happens goes; Nest's Logger fits. */
export interface Log {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

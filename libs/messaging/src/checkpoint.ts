/** How far the publisher is: what survives it. */
export interface Checkpoint {
  /** Every public event up to here was acknowledged. */
  position: number;
  /** Number of partitions by topic, as the topic was made. */
  topics: Map<string, number>;
  /** Only partitions that have a record. */
  partitions: PartitionCheckpoint[];
}

/** The last acknowledged record of a partition. */
export interface PartitionCheckpoint {
  topic: string;
  partition: number;
  offset: number;
  /** Position in the log of the event in it. */
  position: number;
}

/** The publisher must not go on until a person has looked: it would break what subscribers rely on. */
export class PublisherRefusal extends Error {
  override name = 'PublisherRefusal';
}

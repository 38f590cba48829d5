import { setTimeout as delay } from 'node:timers/promises';
import { faultPoint } from '#platform/fault-point.ts';
import type { PartitionCheckpoint } from './checkpoint.ts';
import { type Kafka, ProducerLostError } from './kafka.ts';
import type { PublisherSession } from './postgres/publisher-session.ts';
import type { Batch } from './requests.ts';
import type { Resumed } from './resume.ts';

/** While it sends, it saves how far it is so often: what a kill leaves unsaved is found in the topics. */
const SAVE_MS = 25;

/** What a leader knows of the partitions: where each ends, and what of that the checkpoint does not say yet. */
export class Leader {
  private readonly tails: Map<string, PartitionCheckpoint>;
  private readonly unsaved = new Set<string>();
  private position: number;
  private savedPosition: number;
  private saving: Promise<void> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly session: PublisherSession,
    resumed: Resumed,
  ) {
    this.tails = new Map(resumed.tails.map((tail) => [`${tail.topic} ${tail.partition}`, tail]));
    this.position = this.savedPosition = resumed.position;
  }

  holds({ topic, partition, position }: Batch): boolean {
    return (this.tails.get(`${topic} ${partition}`)?.position ?? 0) >= position;
  }

  /**
   * Sends what of the request is not acknowledged yet.
   * @throws ProducerLostError when a partition no longer ends where it did: its records are gone
   */
  async send(request: readonly Batch[]): Promise<true> {
    this.session.assertLeads();
    faultPoint('publisher.sending');
    await this.kafka.send(request.filter((batch) => !this.holds(batch)), (batch, offset) => this.acknowledge(batch, offset));
    return true;
  }

  /** Every public event up to here was acknowledged. Saved soon, without holding up the next send. */
  moveTo(position: number): void {
    this.position = position;
    this.save();
  }

  /** Returns when everything acknowledged is saved, or the session is lost, which tells so itself. */
  async saved(): Promise<void> {
    this.save();
    await this.saving;
  }

  private acknowledge({ topic, partition, records, position }: Batch, offset: number): void {
    const key = `${topic} ${partition}`;
    const expected = (this.tails.get(key)?.offset ?? -1) + 1;
    if (offset < expected)
      throw new ProducerLostError(`topic ${topic}, partition ${partition}, ended at offset ${offset} and not ${expected}: it has lost records`);
    this.tails.set(key, { topic, partition, offset: offset + records.length - 1, position });
    this.unsaved.add(key);
    faultPoint('publisher.acknowledged');
  }

  private save(): void {
    // A save that fails loses the session: whoever sends next hears of it.
    this.saving ??= this.saveAll().catch(() => undefined).finally(() => (this.saving = undefined));
  }

  private async saveAll(): Promise<void> {
    while (this.unsaved.size > 0 || this.savedPosition < this.position) {
      const { position } = this;
      const tails = [...this.unsaved].map((key) => this.tails.get(key)!);
      this.unsaved.clear();
      await this.session.save(position, tails);
      this.savedPosition = position;
      await delay(SAVE_MS);
    }
  }
}

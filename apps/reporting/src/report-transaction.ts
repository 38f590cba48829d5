import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { CloudEvent } from '#contracts/published.ts';
import type { PartitionProgress, SubscriberTransaction } from '#messaging/subscriber.ts';
import { ActionLineRow, CommitmentRow, PartitionRow, UpdateRow } from './tables.ts';

/** What the reports need of the events; whatever else is in them, now or later, is left alone. */
const Content = z.object({ title: z.object({ text: z.string() }), actionLines: z.array(z.string()) });
const Registered = z.object({ commitmentId: z.uuid(), lead: z.string(), content: Content });
const Amended = z.object({ content: Content });
const Published = z.object({
  updateId: z.uuid(), version: z.number(), agency: z.string(), content: z.object({ from: z.iso.date(), to: z.iso.date() }),
});
const Retracted = z.object({ updateId: z.uuid() });
const LineDefined = z.object({ titles: z.object({ en: z.string() }) });

const STATUS_AFTER: Readonly<Record<string, string>> = {
  'wsis.commitment.CommitmentStarted.v1': 'active',
  'wsis.commitment.CommitmentSuspended.v1': 'suspended',
  'wsis.commitment.CommitmentResumed.v1': 'active',
  'wsis.commitment.CompletionClaimed.v1': 'completion-claimed',
  'wsis.commitment.CompletionDeclined.v1': 'active',
  'wsis.commitment.CommitmentClosed.v1': 'closed',
  'wsis.commitment.CommitmentWithdrawn.v1': 'withdrawn',
  'wsis.commitment.CommitmentSuperseded.v1': 'superseded',
};

/** One event's changes to the tables, and how far its partition was read: all or nothing. */
export class ReportTransaction implements SubscriberTransaction {
  constructor(private readonly manager: EntityManager) {}

  async progress(topic: string, partition: number): Promise<PartitionProgress> {
    const [row] = await this.manager.query<PartitionProgress[]>(LOCK_PROGRESS, [topic, partition]);
    return row!;
  }

  async save(topic: string, partition: number, { nextOffset, sequence, count }: PartitionProgress): Promise<void> {
    await this.manager.update(PartitionRow, { topic, partition }, { nextOffset, sequence, count });
  }

  /** Types that the reports do not need are counted and otherwise left alone, as are types that come later. */
  async handle(event: CloudEvent): Promise<void> {
    switch (event.type) {
      case 'wsis.actionLine.ActionLineDefined.v1':
      case 'wsis.actionLine.ActionLineRetitled.v1':
        return this.lineTitled(idOf(event), LineDefined.parse(event.data));
      case 'wsis.commitment.CommitmentRegistered.v1':
        return this.registered(Registered.parse(event.data));
      case 'wsis.commitment.CommitmentAmended.v1':
        return this.changed(idOf(event), contentColumns(Amended.parse(event.data).content));
      case 'wsis.commitment.ProgressPublished.v1':
        return this.published(event, Published.parse(event.data));
      case 'wsis.commitment.ProgressRetracted.v1':
        await this.manager.update(UpdateRow, { id: Retracted.parse(event.data).updateId }, { retracted: true });
        return;
      default: {
        const status = STATUS_AFTER[event.type];
        if (status !== undefined) await this.changed(idOf(event), { status });
      }
    }
  }

  private async lineTitled(code: string, { titles }: z.output<typeof LineDefined>): Promise<void> {
    await this.manager.upsert(ActionLineRow, { code, title: titles.en }, ['code']);
  }

  private async registered({ commitmentId, lead, content }: z.output<typeof Registered>): Promise<void> {
    // Once more where the log lost it and somebody entered it again: the same request makes the same id.
    await this.manager.upsert(CommitmentRow, { id: commitmentId, lead, status: 'registered', ...contentColumns(content) }, ['id']);
  }

  private async changed(id: string, change: Partial<CommitmentRow>): Promise<void> {
    const { affected } = await this.manager.update(CommitmentRow, { id }, change);
    if (affected !== 1) throw new Error(`commitment ${id} changed before it was registered`);
  }

  private async published(event: CloudEvent, { updateId, version, agency, content: { from, to } }: z.output<typeof Published>): Promise<void> {
    const row = { id: updateId, commitmentId: idOf(event), version, agency, from, to, sequence: Number(event.sequence), retracted: false };
    await this.manager.upsert(UpdateRow, row, ['id']);
  }
}

/** Makes the row where there is none; in one step, as it runs for every record. */
const LOCK_PROGRESS = `
insert into reporting.partition as here (topic, partition, "nextOffset", sequence, count) values ($1, $2, 0, 0, 0)
on conflict (topic, partition) do update set partition = here.partition
returning "nextOffset"::float8, sequence::float8, count::float8`;

function contentColumns({ title, actionLines }: z.output<typeof Content>): Pick<CommitmentRow, 'title' | 'actionLines'> {
  return { title: title.text, actionLines };
}

/** `commitment-{uuid}` -> the uuid; `actionLine-C7-eGov` -> `C7-eGov`. */
function idOf({ subject }: CloudEvent): string {
  return subject.slice(subject.indexOf('-') + 1);
}

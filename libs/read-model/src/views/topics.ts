import { sequenceOf, topicOf } from '#contracts/published.ts';
import { requireKnown } from '#domain/events.ts';
import { defineView } from '../view.ts';
import { count, instant, position, text } from './columns.ts';
import type { LedgerRow } from './ledger-view.ts';

/** By topic (`wsis.commitment.v1`): what a subscriber reconciles with. */
export interface TopicRow extends LedgerRow {
  /** Published events so far. */
  count: number;
  /** Position of the last one, 16 digits. */
  lastSequence: string;
}

/** Every public event counts, whatever it says. */
export const topics = defineView<TopicRow>({
  name: 'topics',
  version: 1,
  history: false,
  columns: { count, lastSequence: text, updatedAt: instant, updatedPosition: position },
  keys(event) {
    const type = requireKnown(event);
    return type.public ? [topicOf(type.category)] : [];
  },
  evolve: (row, event, id) => ({
    id,
    count: (row?.count ?? 0) + 1,
    lastSequence: sequenceOf(event.position),
    updatedAt: event.recordedAt,
    updatedPosition: event.position,
  }),
});

import type { EntityManager } from 'typeorm';
import { topics } from '../views/topics.ts';

/** Published events and the last sequence, by topic; a topic without any is not there. */
export async function topicCounts(manager: EntityManager): Promise<Map<string, { count: number; lastSequence: string }>> {
  const rows = await manager.getRepository(topics.entity).find({ select: { id: true, count: true, lastSequence: true } });
  return new Map(rows.map(({ id, count, lastSequence }) => [id, { count, lastSequence }]));
}

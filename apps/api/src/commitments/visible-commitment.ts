import { publicPart, type CommitmentState } from '#domain/commitment/state.ts';
import type { Actor } from '#domain/event.ts';
import { Problem } from '#platform/problem.ts';
import { maySeeDraft } from '../commands/command-access.ts';
import type { QuerySources } from '../queries/query-sources.ts';

/** A commitment as far as somebody may see it. */
export interface VisibleCommitment {
  state: CommitmentState;
  /** True for parties, reviewers and the secretariat: versions that wait, with their authors, are in `state`. */
  seesAll: boolean;
  /** Of the stream, also the ETag. */
  revision: number;
  /** Of the stream's latest event. */
  position: number;
}

/**
 * The commitment now, or as it stood at a position. Who may see what waits is decided by who the parties are now.
 * @throws Problem COMMITMENT.UNKNOWN (404), also for a draft that the caller may not see
 */
export async function visibleCommitment({ streams }: QuerySources, id: string, actor: Actor | undefined, position?: number): Promise<VisibleCommitment> {
  const stream = `commitment-${id}` as const;
  const now = await streams.load(stream);
  const seesAll = maySeeDraft(actor, now.state);
  const then = position === undefined ? now : await streams.asOf(stream, position);
  const state = seesAll ? then.state : publicPart(then.state);
  if (then.revision === 0 || !state) throw new Problem(404, 'COMMITMENT.UNKNOWN', 'there is no such commitment');
  return { state, seesAll, revision: then.revision, position: then.position };
}

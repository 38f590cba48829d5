import { z } from 'zod';
import type { Actor } from '../event.ts';
import type { Context } from '../use-case.ts';
import { refuse } from '../refusal.ts';
import { Text } from '../values.ts';

/**
 * The one rule of approval: content is proposed by one person and approved by another. A commitment, each of its
 * targets and each of its progress updates has content in versions 1..n; an approved version stays public until
 * the next is approved.
 */

/** Why a version is proposed. */
export const Change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('new') }),
  /** The world changed. */
  z.strictObject({ kind: z.literal('revision'), reason: Text }),
  /** The record was wrong: which approved version, and why. */
  z.strictObject({ kind: z.literal('correction'), corrects: z.int().min(1), reason: Text }),
]);
export type Change = z.infer<typeof Change>;

/** Most versions of one content. */
export const VERSIONS_MAX = 100;

/** Version numbers in paths arrive as text. */
export const VersionNumber = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, { error: 'must be the number of a version, such as 2', abort: true })
  .transform(Number)
  .pipe(z.int().min(1).max(VERSIONS_MAX))
  .meta({ type: 'integer', minimum: 1, maximum: VERSIONS_MAX, pattern: undefined });

export interface Version<Content> {
  version: number;
  change: Change;
  content: Content;
  status: 'proposed' | 'returned' | 'approved';
  /** Who proposed it, and in which role; absent where only public events were folded. */
  author?: string;
  authorRole?: Actor['role'];
  /** When it was approved or returned. */
  decidedOn?: string;
  /** Why it was returned. */
  reason?: Text;
}

export type Versions<Content> = readonly Version<Content>[];

export function pendingOf<Content>(versions: Versions<Content>): Version<Content> | undefined {
  const last = versions.at(-1);
  return last?.status === 'proposed' ? last : undefined;
}

/** The version that is public now. */
export function approvedOf<Content>(versions: Versions<Content>): Version<Content> | undefined {
  return versions.findLast((version) => version.status === 'approved');
}

/** Refuses what can't be proposed; returns the number that the proposed version gets. */
export function nextVersion<Content>(versions: Versions<Content>, change: Change): number {
  if (pendingOf(versions)) refuse('VERSION.PENDING');
  const approved = approvedOf(versions);
  if (!approved && change.kind !== 'new') refuse('VERSION.FIRST_IS_NEW', '/change/kind');
  if (approved && change.kind === 'new') refuse('VERSION.REASON_NEEDED', '/change/kind');
  if (change.kind === 'correction' && !versions.some((v) => v.version === change.corrects && v.status === 'approved'))
    refuse('VERSION.CORRECTS_UNKNOWN', '/change/corrects');
  const next = (versions.at(-1)?.version ?? 0) + 1;
  if (next > VERSIONS_MAX) refuse('COMMITMENT.LIMIT', '', `${VERSIONS_MAX} versions`);
  return next;
}

/** The pending version, when it is the one named and the actor may decide on it: not its author, nor the secretariat in place of an agency. */
export function decidable<Content>(versions: Versions<Content>, version: number, { actor }: Context): Version<Content> {
  const pending = pendingOf(versions);
  if (pending?.version !== version) refuse('VERSION.NOT_PENDING', '', pending && `version ${pending.version} is`);
  if (pending.author === actor.id) refuse('VERSION.AUTHOR_APPROVES');
  if (actor.role === 'secretariat' && pending.authorRole !== 'secretariat') refuse('VERSION.NOT_TRANSCRIBED');
  return pending;
}

export function proposed<Content>(
  versions: Versions<Content>,
  data: { version: number; change: Change; content: Content },
  author: Actor,
): Versions<Content> {
  const { version, change, content } = data;
  return [...versions, { version, change, content, status: 'proposed', author: author.id, authorRole: author.role }];
}

/** Takes the content from the approving event, which alone proves what the approver saw. */
export function approved<Content>(
  versions: Versions<Content>,
  data: { version: number; change: Change; content: Content },
  decidedOn: string,
): Versions<Content> {
  const { version, change, content } = data;
  const { author, authorRole } = versions.find((one) => one.version === version) ?? {};
  return [
    ...versions.filter((one) => one.version !== version),
    { version, change, content, status: 'approved', decidedOn, ...(author && { author }), ...(authorRole && { authorRole }) },
  ];
}

export function returned<Content>(
  versions: Versions<Content>,
  data: { version: number; reason: Text },
  decidedOn: string,
): Versions<Content> {
  return versions.map((one) =>
    one.version === data.version ? { ...one, status: 'returned' as const, decidedOn, reason: data.reason } : one,
  );
}

/** What everyone may see of the versions. */
export function publicVersions<Content>(versions: Versions<Content>): Versions<Content> {
  return versions
    .filter((one) => one.status === 'approved')
    .map(({ version, change, content, status, decidedOn }) => ({ version, change, content, status, ...(decidedOn !== undefined && { decidedOn }) }));
}

import type { Actor } from '../event.ts';
import { DomainError } from '../refusal.ts';
import type { Context } from '../use-case.ts';
import { approved, approvedOf, decidable, nextVersion, pendingOf, proposed, publicVersions, returned, VersionNumber, VERSIONS_MAX, type Versions } from './versions.ts';

const NEW = { kind: 'new' } as const;
const reason = { text: 'The world changed', language: 'en' };
const revision = { kind: 'revision', reason } as const;
const none: Versions<string> = [];
const person = (id: string, role: Actor['role'] = 'focal-point'): Actor => ({ id, agency: 'UNDP', role });
const first = proposed(none, { version: 1, change: NEW, content: 'a' }, person('ann'));
const firstReturned = returned(first, { version: 1, reason }, '2022-01-01');
const firstApproved = approved(first, { version: 1, change: NEW, content: 'a' }, '2022-01-02');
const second = proposed(firstApproved, { version: 2, change: revision, content: 'b' }, person('ben'));
const secondApproved = approved(second, { version: 2, change: revision, content: 'b' }, '2022-02-02');
const by = (id: string, role: Actor['role'] = 'approver') => ({ actor: person(id, role) }) as Context;
const refusedAs = (decide: () => unknown) => {
  try {
    return decide();
  } catch (error) {
    return (error as DomainError).code;
  }
};

test('the number of a version in a path is read in one way', () => {
  expect(['1', '42', '100'].map((text) => VersionNumber.parse(text))).toEqual([1, 42, 100]);
  for (const text of ['', '0', '101', '-1', ' 1', '01', '1.0', '1e0', '0x1', '9007199254740993', 1, null]) expect({ text, taken: VersionNumber.safeParse(text).success }).toEqual({ text, taken: false });
});

test('one is proposed, then returned, or approved and public until the next is approved', () => {
  expect([pendingOf(none), approvedOf(none)]).toEqual([undefined, undefined]);
  expect([pendingOf(first)?.content, approvedOf(first)]).toEqual(['a', undefined]);
  expect([pendingOf(firstReturned), approvedOf(firstReturned)]).toEqual([undefined, undefined]);
  expect([pendingOf(firstApproved), approvedOf(firstApproved)?.content]).toEqual([undefined, 'a']);
  expect([pendingOf(second)?.content, approvedOf(second)?.content]).toEqual(['b', 'a']);
  expect([pendingOf(secondApproved), approvedOf(secondApproved)?.content]).toEqual([undefined, 'b']);
});

test.each([
  [none, NEW, 1],
  [none, revision, 'VERSION.FIRST_IS_NEW'],
  [first, NEW, 'VERSION.PENDING'],
  [firstReturned, NEW, 2],
  [firstReturned, revision, 'VERSION.FIRST_IS_NEW'],
  [firstApproved, NEW, 'VERSION.REASON_NEEDED'],
  [firstApproved, revision, 2],
  [firstApproved, { kind: 'correction', corrects: 1, reason } as const, 2],
  [firstApproved, { kind: 'correction', corrects: 2, reason } as const, 'VERSION.CORRECTS_UNKNOWN'],
  [second, revision, 'VERSION.PENDING'],
  [secondApproved, { kind: 'correction', corrects: 1, reason } as const, 3],
])('%# what is proposed next gets a number, or a reason why not', (versions, change, expected) => {
  expect(refusedAs(() => nextVersion(versions, change))).toBe(expected);
});

test('versions are bounded', () => {
  const last = approved(none, { version: VERSIONS_MAX, change: NEW, content: 'z' }, '2022-01-01');
  expect(refusedAs(() => nextVersion(last, revision))).toBe('COMMITMENT.LIMIT');
});

test('only the pending version is decided on, and not by its author', () => {
  expect(decidable(second, 2, by('ann'))).toMatchObject({ version: 2, content: 'b', author: 'ben' });
  expect(refusedAs(() => decidable(second, 2, by('ben')))).toBe('VERSION.AUTHOR_APPROVES');
  expect(refusedAs(() => decidable(second, 1, by('cem')))).toBe('VERSION.NOT_PENDING');
  expect(refusedAs(() => decidable(firstApproved, 1, by('cem')))).toBe('VERSION.NOT_PENDING');
  expect(refusedAs(() => decidable(none, 1, by('cem')))).toBe('VERSION.NOT_PENDING');
});

test('the secretariat decides on what the secretariat transcribed, and on nothing else', () => {
  const transcribed = proposed(none, { version: 1, change: NEW, content: 'a' }, person('sue', 'secretariat'));
  expect(decidable(transcribed, 1, by('tom', 'secretariat'))).toMatchObject({ version: 1 });
  expect(refusedAs(() => decidable(transcribed, 1, by('sue', 'secretariat')))).toBe('VERSION.AUTHOR_APPROVES');
  expect(decidable(transcribed, 1, by('cem'))).toMatchObject({ version: 1 });
  expect(refusedAs(() => decidable(first, 1, by('tom', 'secretariat')))).toBe('VERSION.NOT_TRANSCRIBED');
});

test('an approval alone tells all that is public', () => {
  const fromPublicEvents = approved(approved(none, { version: 1, change: NEW, content: 'a' }, '2022-01-02'), { version: 2, change: revision, content: 'b' }, '2022-02-02');
  expect(publicVersions(secondApproved)).toEqual(fromPublicEvents);
  expect(publicVersions(second)).toEqual(fromPublicEvents.slice(0, 1));
  expect(publicVersions(firstReturned)).toEqual([]);
});

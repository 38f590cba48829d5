import { commitmentStream, type CommitmentEvent } from '#domain/commitment/commitment.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { by, logOf, the, type History } from '#testing/given.ts';
import { amendmentProposed, content, correctionSubmitted, evidenceAttached, findingAnswered, joined, progressRetracted, registered, returned, targetApproved, text, undesa } from '#testing/scenes.ts';
import { changesBetween, changesOf, type FieldChange } from './history-changes.ts';

const id = the('commitment');

test('fields that differ are told by pointer, as deep as both sides are objects; a list is told as a whole', () => {
  expect(changesBetween({ a: 1, b: { c: [1], d: 'x' }, same: [{ y: 1 }] }, { b: { c: [1, 2], d: 'x', 'e/~f': 0 }, same: [{ y: 1 }] })).toEqual([
    { field: '/a', from: 1, to: null },
    { field: '/b/c', from: [1], to: [1, 2] },
    { field: '/b/e~1~0f', from: null, to: 0 },
  ]);
  expect(changesBetween({ a: { x: 1, y: 2 }, b: null }, { a: { y: 2, x: 1 }, b: undefined })).toEqual([]);
});

test('a registration tells the status and every field of the content', () => {
  const changes = lastChanges(registered);
  expect(changes).toContainEqual({ field: '/status', from: 'submitted', to: 'registered' });
  expect(changes).toContainEqual({ field: '/content/title', from: null, to: text('E-Government Survey 2022') });
});

test('of public events alone it is the same, but that nothing was there before', () => {
  const ofPublic = lastChanges(registered, (event) => event.type === 'CommitmentRegistered');
  expect(ofPublic).toEqual(lastChanges(registered).map((change) => (change.field === '/status' ? { ...change, from: null } : change)));
});

test('what is submitted again is compared with what was returned, an amendment with what is approved', () => {
  const resubmitted = [...returned, by(undesa.focalPoint, resubmitCommitment, { id, content: content({ title: text('Survey, 12th edition') }) })];
  const titles = [{ field: '/content/title/text', from: 'E-Government Survey 2022', to: 'Survey, 12th edition' }];
  expect(lastChanges(resubmitted)).toEqual([{ field: '/status', from: 'returned', to: 'submitted' }, ...titles]);
  expect(lastChanges([...resubmitted, by(undesa.approver, registerCommitment, { id })])).toEqual([{ field: '/status', from: 'submitted', to: 'registered' }, ...titles]);
  expect(lastChanges(amendmentProposed)).toEqual([{ field: '/content/dueOn', from: '2022-12-31', to: '2023-12-31' }]);
});

test('a correction that waits leaves the status as it is', () => {
  expect(lastChanges(correctionSubmitted)).toEqual([
    { field: '/content/observations', from: [expect.objectContaining({ value: { low: '146', provisional: false } })], to: [expect.objectContaining({ value: { low: '145', provisional: false } })] },
  ]);
});

test('other events tell what they change in the thing that they are about', () => {
  expect(lastChanges(targetApproved)).toContainEqual({ field: '/status', from: 'proposed', to: 'approved' });
  expect(lastChanges(joined)).toEqual([{ field: '/partners', from: [], to: ['UNDP'] }]);
  expect(lastChanges(progressRetracted)).toEqual([
    { field: '/status', from: 'published', to: 'retracted' },
    { field: '/remark', from: null, to: text('Wrong survey') },
  ]);
  expect(lastChanges(findingAnswered)).toEqual([
    { field: '/status', from: 'raised', to: 'answered' },
    { field: '/answer', from: null, to: text('It is 100') },
  ]);
  expect(lastChanges(evidenceAttached).map(({ field }) => field)).toEqual(['/evidence', '/attachedOn']);
});

test('where very much changed, whole fields are told', () => {
  const [event] = (logOf(registered) as CommitmentEvent[]).slice(-1) as [Extract<CommitmentEvent, { type: 'CommitmentRegistered' }>];
  const before = commitmentStream.evolve(commitmentStream.initial, event);
  const versions = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`field-${n}`, n]));
  const amended = { ...event, type: 'CommitmentAmended', data: { ...event.data, version: 2, content: { ...event.data.content, beneficiaries: { counts: versions } } } } as unknown as CommitmentEvent;
  const withCounts = { ...before, versions: [{ ...before.versions[0]!, content: { ...event.data.content, beneficiaries: { counts: {} } } }] } as unknown as typeof before;
  expect(changesOf(amended, withCounts, commitmentStream.evolve(withCounts, amended))).toEqual([{ field: '/content/beneficiaries', from: { counts: {} }, to: { counts: versions } }]);
});

/** What the last event of the commitment changed, after folding the events that somebody sees. */
function lastChanges(history: History, sees: (event: CommitmentEvent) => boolean = () => true): FieldChange[] {
  const events = (logOf(history) as CommitmentEvent[]).filter(({ stream }) => stream === `commitment-${id}`).filter(sees);
  const last = events.at(-1)!;
  const before = events.slice(0, -1).reduce(commitmentStream.evolve, commitmentStream.initial);
  return changesOf(last, before, commitmentStream.evolve(before, last));
}

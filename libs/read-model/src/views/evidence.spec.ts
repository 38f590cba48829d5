import { attachEvidence } from '#domain/commitment/attach-evidence.ts';
import { flagEvidence } from '#domain/commitment/flag-evidence.ts';
import { by, the } from '#testing/given.ts';
import { active, evidenceAttached, paper, progressPublished, reviewer, text, undesa } from '#testing/scenes.ts';
import { evidence } from './evidence.ts';
import { rowAfter } from './folded.fixture.ts';

const id = the('commitment');

test('attached evidence has a row', () => {
  expect(rowAfter(evidence, evidenceAttached)).toEqual({
    id: the('evidence'),
    commitmentId: id,
    about: null,
    evidence: paper(),
    class: 'official-paper',
    issuer: 'ITU',
    status: 'reported',
    attachedOn: '2023-06-01',
    flaggedOn: null,
    flagReason: null,
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: expect.any(Number),
  });
});

test('it tells what it is about', () => {
  const attached = by(undesa.focalPoint, attachEvidence, { id, about: the('update'), evidence: paper() });
  expect(rowAfter(evidence, progressPublished, attached).about).toBe(the('update'));
});

test('it may have an author that is no registered agency', () => {
  const attached = by(undesa.focalPoint, attachEvidence, { id, evidence: { title: text('A story'), class: 'third-party-article' } });
  expect(rowAfter(evidence, active, attached)).toMatchObject({ class: 'third-party-article', issuer: null });
});

test('flagged evidence stays, with the reason', () => {
  const flagged = by(reviewer, flagEvidence, { id, evidence: the('evidence'), reason: text('It is about 2018') }, { occurredOn: '2023-05-31' });
  expect(rowAfter(evidence, evidenceAttached, flagged)).toMatchObject({
    evidence: paper(),
    status: 'flagged',
    attachedOn: '2023-06-01',
    flaggedOn: '2023-05-31',
    flagReason: text('It is about 2018'),
  });
});

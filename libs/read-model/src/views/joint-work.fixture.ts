import { approveTarget } from '#domain/commitment/approve-target.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { retractProgress } from '#domain/commitment/retract-progress.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import { by, the, type Step } from '#testing/given.ts';
import { catalogue, citiesTarget, content, itu, number, observation, progress, text, undesa, undp } from '#testing/scenes.ts';

const goal = the('commitment', 1);
const facility = the('commitment', 2);
const survey = the('commitment', 3);
const partner = the('commitment', 4);

function target(commitment: string, nth: number, ofContent: object): Step[] {
  return [
    by(undesa.focalPoint, proposeTarget, { id: commitment, content: ofContent }),
    by(undesa.approver, approveTarget, { id: commitment, target: the('target', nth), version: 1 }),
  ];
}

function update(commitment: string, nth: number, observed: object, occurredOn: string): Step[] {
  return [
    by(undesa.focalPoint, submitProgress, { id: commitment, content: progress({ observations: [observed] }) }),
    by(undesa.approver, publishProgress, { id: commitment, update: the('update', nth), version: 1 }, { occurredOn }),
  ];
}

/** Several agencies, lines and currencies; a part and its whole; targets of both directions, reported early and late. */
export const jointWork: readonly Step[] = [
  ...catalogue,
  by(undp.focalPoint, submitCommitment, {
    lead: 'UNDP',
    content: content({ actionLines: ['C1', 'C4'], pledged: [{ amount: '500000000', currency: 'USD' }, { amount: '1.50', currency: 'CHF' }] }),
  }),
  by(undp.approver, registerCommitment, { id: goal }),
  by(itu.approver, joinCommitment, { id: goal, agency: 'ITU' }),
  by(undp.focalPoint, submitCommitment, {
    lead: 'UNDP',
    content: content({ actionLines: ['C4', 'C7-eGov'], partOf: goal, pledged: [{ amount: '100000000', currency: 'USD' }] }),
  }),
  by(undp.approver, registerCommitment, { id: facility }),
  by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ pledged: [{ amount: '7', currency: 'USD' }] }) }),
  by(undesa.approver, registerCommitment, { id: survey }),
  by(undp.approver, joinCommitment, { id: survey, agency: 'UNDP' }),
  ...target(survey, 1, citiesTarget()),
  ...update(survey, 1, observation({ value: number('110'), asOf: '2021-06-30' }), '2021-07-15'),
  ...update(survey, 2, observation(), '2022-10-01'),
  ...target(survey, 2, citiesTarget({ indicator: 'offline', unit: 'percent', baseline: { value: number('50'), on: '2020-01-01' }, value: number('40') })),
  ...update(survey, 3, observation({ indicator: 'offline', unit: 'percent', value: number('38', { high: '42' }), asOf: '2022-01-01' }), '2023-01-01'),
  by(undesa.approver, retractProgress, { id: survey, update: the('update', 3), reason: text('Wrong survey') }),
  by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ pledged: [{ amount: '9', currency: 'USD' }], dueOn: '2022-06-30' }) }),
  by(undesa.approver, registerCommitment, { id: partner }),
  ...target(partner, 3, { kind: 'qualitative', text: text('Cities learn from each other') }),
  by(undesa.approver, withdrawCommitment, { id: partner, reason: text('No funds') }, { occurredOn: '2022-12-31' }),
];

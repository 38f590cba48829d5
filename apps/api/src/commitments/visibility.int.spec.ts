import { approveTarget } from '#domain/commitment/approve-target.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { attachEvidence } from '#domain/commitment/attach-evidence.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { raiseFinding } from '#domain/commitment/raise-finding.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { reportObstacle } from '#domain/commitment/report-obstacle.ts';
import { returnCommitment } from '#domain/commitment/return.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { returnProgress } from '#domain/commitment/return-progress.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import type { Actor } from '#domain/event.ts';
import { by, logOf, the } from '#testing/given.ts';
import { catalogue, citiesTarget, content, itu, observation, paper, progress, reviewer, text, undesa, undp } from '#testing/scenes.ts';
import { testLedger, type Caller, type TestLedger } from '../ledger.fixture.ts';
import { queryRoutes } from '../queries/query-routes.ts';

/** Who sees what waits: asked of every query there is, so that a new one can't forget. */

const id = the('commitment');
const draft = the('commitment', 2);

/** Marks what is not public: who proposed, what was proposed and not approved, why it was returned, what was found and not answered. */
const MARK = 'not-for-everyone';
const author: Actor = { ...undesa.focalPoint, id: `${MARK}-author` };
const MARKS = ['author', 'draft', 'first-try', 'amendment', 'target', 'target-version', 'progress', 'correction', 'why-returned', 'finding'].map((what) => `${MARK}-${what}`);
const marked = (what: string) => text(`${MARK}-${what}`);
const markedProgress = (what: string) => progress({ observations: [observation({ source: `${MARK}-${what}` })] });
const markedTarget = (what: string) => ({ kind: 'qualitative', text: marked(what) });

const log = logOf(
  ...catalogue,
  by(author, submitCommitment, { lead: 'UNDESA', content: content({ title: marked('first-try') }) }),
  by(undesa.approver, returnCommitment, { id, reason: marked('why-returned') }),
  by(author, resubmitCommitment, { id, content: content() }),
  by(undesa.approver, registerCommitment, { id }),
  by(undp.approver, joinCommitment, { id, agency: 'UNDP' }),
  by(itu.approver, joinCommitment, { id, agency: 'ITU' }),
  by(itu.approver, leaveCommitment, { id, agency: 'ITU' }),
  by(author, proposeTarget, { id, content: citiesTarget() }),
  by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 }),
  by(author, proposeTargetVersion, { id, target: the('target'), change: { kind: 'revision', reason: marked('target-version') }, content: markedTarget('target-version') }),
  by(author, proposeTarget, { id, content: markedTarget('target') }),
  by(undesa.approver, returnTarget, { id, target: the('target', 2), version: 1, reason: marked('why-returned') }),
  by(author, submitProgress, { id, content: progress() }),
  by(undesa.approver, publishProgress, { id, update: the('update'), version: 1 }),
  by(author, submitProgressVersion, { id, update: the('update'), change: { kind: 'correction', corrects: 1, reason: marked('correction') }, content: markedProgress('correction') }),
  by(author, submitProgress, { id, content: markedProgress('progress') }),
  by(undesa.approver, returnProgress, { id, update: the('update', 2), version: 1, reason: marked('why-returned') }),
  by(author, proposeAmendment, { id, change: { kind: 'revision', reason: marked('amendment') }, content: content({ title: marked('amendment') }) }),
  by(undesa.otherFocalPoint, reportObstacle, { id, description: text('Demand outgrows funds') }),
  by(undesa.otherFocalPoint, attachEvidence, { id, evidence: paper() }),
  by(reviewer, raiseFinding, { id, finding: marked('finding') }),
  by(author, submitCommitment, { lead: 'UNDESA', content: content({ title: marked('draft') }) }),
);

const outsiders: [string, Caller | undefined][] = [
  ['anyone', undefined],
  ['a focal point of another agency', ['focal-point', 'FAO']],
  ['an approver of another agency', ['approver', 'FAO']],
  ['an administrator of another agency', ['administrator', 'FAO']],
  ['a focal point of an agency that left', ['focal-point', 'ITU']],
];
const ofPartner: [string, Caller][] = [['a focal point of a partner', ['focal-point', 'UNDP']]];
const insiders: [string, Caller][] = [
  ['a focal point of the lead', ['focal-point', 'UNDESA']],
  ['an approver of the lead', ['approver', 'UNDESA']],
  ['a reviewer', ['reviewer', 'FAO']],
  ['the secretariat', ['secretariat', 'UNCTAD']],
];

/** What each path parameter may stand for. */
const VALUES: Record<string, string[]> = {
  target: [the('target'), the('target', 2)],
  update: [the('update'), the('update', 2)],
  obstacle: [the('obstacle')],
  evidence: [the('evidence')],
  finding: [the('finding')],
  version: ['1', '2', '3'],
};
const CODES: Record<string, string> = { agencies: 'UNDESA', 'action-lines': 'C7-eGov', indicators: 'LOSI.cities' };
const ofOneCommitment = queryRoutes.map(({ path }) => path).filter((path) => path.startsWith('commitments/:id'));
const others = ['feed', ...queryRoutes.map(({ path }) => path).filter((path) => !path.startsWith('commitments/:id'))];

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(log);
});

afterAll(() => ledger.stop());

test.each([...outsiders, ...ofPartner])('a draft is not there for %s, wherever one looks', async (_, caller) => {
  for (const path of pathsOf(draft)) expect({ path, ...(await ledger.get(path, caller)) }).toMatchObject({ path, status: 404, body: { code: 'COMMITMENT.UNKNOWN' } });
});

test.each(insiders)('a draft is there for %s', async (_, caller) => {
  for (const path of pathsOf(draft)) expect({ path, code: (await ledger.get(path, caller)).body.code }).not.toMatchObject({ code: 'COMMITMENT.UNKNOWN' });
  expect((await ledger.get(`commitments/${draft}`, caller)).body.content.title).toEqual(marked('draft'));
});

test.each(outsiders)('nothing that waits is told to %s, now or as it stood', async (_, caller) => {
  const positions = (await ledger.store.readStream(`commitment-${id}`)).map(({ position }) => position);
  const asItStood = pathsOf(id).filter((path) => !path.endsWith('/history')).flatMap((path) => positions.map((position) => `${path}?atPosition=${position}`));
  let answered = 0;
  for (const path of [...pathsOf(id), ...asItStood, ...pathsOfOthers()]) {
    const { status, body } = await ledger.get(path, caller);
    expect({ path, told: MARKS.filter((mark) => JSON.stringify(body).includes(mark)) }).toEqual({ path, told: [] });
    if (status === 200) answered += 1;
    else expect({ path, status }).toEqual({ path, status: path.startsWith('tasks') ? 401 : 404 });
  }
  expect(answered).toBeGreaterThan(100);
});

test.each([...insiders, ...ofPartner])('all that waits is told to %s', async (_, caller) => {
  const answers = await Promise.all(pathsOf(id).map((path) => ledger.get(path, caller)));
  const told = JSON.stringify(answers.map(({ body }) => body));
  expect(MARKS.filter((mark) => !told.includes(mark))).toEqual([`${MARK}-draft`]);
});

/** Every query of one commitment, for whatever its other parameters may stand for. */
function pathsOf(commitment: string): string[] {
  return ofOneCommitment.flatMap((path) => {
    const [, parameter] = /:(\w+)$/.exec(path.replace(':id', '')) ?? [];
    const whole = path.replace(':id', commitment);
    if (parameter === undefined) return [whole];
    if (!VALUES[parameter]) throw new Error(`say what :${parameter} may stand for`);
    return VALUES[parameter].map((value) => whole.replace(`:${parameter}`, value));
  });
}

function pathsOfOthers(): string[] {
  return others.map((path) => `${path.replace(':code', CODES[path.split('/')[0]!]!)}?minPosition=${log.length}`);
}

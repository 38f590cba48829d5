import type { CommitmentContent, TargetContent } from '#domain/commitment/content.ts';
import { partnersOf, type CommitmentState } from '#domain/commitment/state.ts';
import { approvedOf, pendingOf, type Versions } from '#domain/commitment/versions.ts';
import { paceInputsOf, paceOn, type PaceAnswer } from '#domain/pace.ts';
import type { Value } from '#domain/values.ts';

/** A commitment for a person to read, with what is proposed; pace is worked out for a date. */
export function commitmentPage(commitment: CommitmentState, on: string): string[] {
  const shown = (approvedOf(commitment.versions) ?? commitment.versions.at(-1))!;
  return [
    ...facts(commitment, shown.content),
    ...section('Versions', commitment.versions.map((version) => `${version.version}  ${versionText(version)}`)),
    ...section(`Targets, on ${on}`, targetLines(commitment, on)),
    ...section('Milestones', shown.content.milestones.map(({ milestoneId, title, dueOn }) => {
      const reachedOn = Object.hasOwn(commitment.milestones, milestoneId) ? commitment.milestones[milestoneId] : undefined;
      return `${milestoneId}: ${title.text}${dueOn ? `, due ${dueOn}` : ''}; ${reachedOn ? `reached ${reachedOn}` : 'not reached'}`;
    })),
    ...section('Progress updates', Object.entries(commitment.updates).flatMap(([id, update]) => updateLines(id, update))),
    ...section('Obstacles', Object.values(commitment.obstacles).map(({ description, reportedOn, resolvedOn }) =>
      `${reportedOn}  ${description.text}${resolvedOn ? `; resolved ${resolvedOn}` : ''}`)),
    ...section('Evidence', Object.values(commitment.evidence).map(({ evidence, attachedOn, flagged }) =>
      `${attachedOn}  ${evidence.title.text} (${evidence.class})${flagged ? `; flagged ${flagged.on}: ${flagged.reason.text}` : ''}`)),
    ...section('Findings', Object.values(commitment.findings).map(({ raisedOn, status, finding, answer }) =>
      `${raisedOn}  ${status}: ${finding.text}${answer ? `; answer: ${answer.text}` : ''}`)),
  ];
}

function facts(commitment: CommitmentState, content: CommitmentContent): string[] {
  const { status, lead, reliance, ending } = commitment;
  const partners = partnersOf(commitment);
  const pledged = content.pledged.map(({ amount, currency }) => `${currency} ${amount}`);
  return [
    content.title.text,
    ...field('status', ending ? `${status} on ${ending.on}` : status),
    ...field('lead', `${lead}${reliance && reliance.assignment === null ? ' (lead without assignment)' : ''}`),
    ...field('partners', partners.join(', ')),
    ...field('lines', content.actionLines.join(', ')),
    ...field('SDGs', content.sdgs.join(', ')),
    ...field('kind', content.kind),
    ...field('from, to', `${content.startOn}, ${content.dueOn ?? 'no end set'}`),
    ...field('pledged', pledged.join(', ')),
    ...field('part of', content.partOf ?? ''),
    ...field('ended by', ending?.supersededBy ? `commitment-${ending.supersededBy}` : ''),
    ...field('because', (ending?.reason ?? ending?.assessment)?.text ?? ''),
  ];
}

function field(name: string, value: string): string[] {
  return value === '' ? [] : [`  ${name.padEnd(9)} ${value}`];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function versionText({ status, change, decidedOn, reason }: Versions<unknown>[number]): string {
  const why = change.kind === 'new' ? '' : `, ${change.kind}: ${change.reason.text}`;
  const decided = status === 'proposed' ? 'proposed, waits for approval' : `${status} ${decidedOn}`;
  return `${decided}${why}${reason ? `, because: ${reason.text}` : ''}`;
}

function targetLines(commitment: CommitmentState, on: string): string[] {
  const inputs = paceInputsOf(commitment);
  return Object.entries(commitment.targets).flatMap(([id, { versions }]) => {
    const pending = pendingOf(versions);
    const approved = approvedOf(versions);
    const pace = inputs[id] && paceOn(inputs[id], on);
    return [
      ...(approved ? [`${targetText(approved.content)} (version ${approved.version})`, ...paceLines(pace!)] : []),
      ...(pending ? [`${targetText(pending.content)} (version ${pending.version}, waits for approval)`] : []),
    ];
  });
}

function targetText(target: TargetContent): string {
  if (target.kind === 'qualitative') return `${target.text.text}${target.dueOn ? `, by ${target.dueOn}` : ''}`;
  const from = target.baseline === 'unknown' ? 'an unknown baseline' : `${valueText(target.baseline.value)} on ${target.baseline.on}`;
  return `${target.indicator}: ${valueText(target.value)} ${target.unit} by ${target.dueOn}, from ${from}`;
}

function paceLines({ pace, actual, fromBaseline, timePassed, overall, formula }: PaceAnswer): string[] {
  const shares = [
    actual && `actual ${valueText(actual.value)} as of ${actual.asOf}`,
    overall && `${overall} % overall`,
    fromBaseline && `${fromBaseline} % from the baseline (p)`,
    timePassed && `${timePassed} % of the time (e)`,
  ].filter((share) => share !== null && share !== '');
  return [`  ${[`pace: ${pace}`, ...shares].join('; ')}`, ...(fromBaseline === null ? [] : [`  ${formula}`])];
}

function updateLines(id: string, { status, agency, versions, remark }: CommitmentState['updates'][string]): string[] {
  const shown = (approvedOf(versions) ?? versions.at(-1))!;
  const { from, to, observations, narrative, notAssessed } = shown.content;
  return [
    `${from} to ${to}, by ${agency}: ${status}${remark ? ` (${remark.text})` : ''}, version ${shown.version}  [${id}]`,
    ...observations.map(({ indicator, value, unit, asOf }) => `  ${indicator}: ${valueText(value)} ${unit} as of ${asOf}`),
    ...narrative.map(({ part, text }) => `  Part ${part}: ${text.text}`),
    ...(notAssessed ? [`  not assessed: ${notAssessed.text}`] : []),
  ];
}

/** `about 14 to 15 (provisional)` */
function valueText({ low, high, qualifier, provisional }: Value): string {
  return `${qualifier ? `${qualifier} ` : ''}${low}${high === undefined ? '' : ` to ${high}`}${provisional ? ' (provisional)' : ''}`;
}

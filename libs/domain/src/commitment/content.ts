import { z } from 'zod';
import { Unit } from '../indicator/define.ts';
import { ActionLineCode, AgencyCode, IndicatorCode, Money, plainText, PlainDate, Sdg, Text, Title, Value, WebAddress } from '../values.ts';

/** Evidence classes, strongest first. A third-party article alone never proves completion. */
export const EvidenceClass = z.enum(['official-paper', 'self-report', 'event-summary', 'third-party-article']);

export const Evidence = z.strictObject({
  title: Title,
  class: EvidenceClass,
  /** A draft of such a paper. */
  draft: z.boolean().default(false),
  /** Agency that wrote it; absent where none of the registered ones did. */
  issuer: AgencyCode.optional(),
  date: PlainDate.optional(),
  /** Part, section or page. */
  place: plainText(300).optional(),
  url: WebAddress.optional(),
});
export type Evidence = z.output<typeof Evidence>;

export const MilestoneId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'must be a short name such as survey-2022');

/** Who benefits. A count without a list is accepted ("nine countries"). */
export const Beneficiaries = z.strictObject({
  /** ISO 3166-1 alpha-2. */
  countries: z.array(z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code such as ZM')).max(250).default([]),
  regions: z.array(plainText(100)).max(50).default([]),
  groups: z.array(plainText(200)).max(50).default([]),
  counts: z.array(z.strictObject({ of: plainText(100), value: Value })).max(20).default([]),
});

export const CommitmentKind = z.enum(['financial', 'policy', 'programmatic', 'advocacy']);

export const CommitmentContent = z.strictObject({
  title: Title,
  description: Text,
  kind: CommitmentKind,
  actionLines: z.array(ActionLineCode).min(1).max(18),
  sdgs: z.array(Sdg).max(17).default([]),
  beneficiaries: Beneficiaries.optional(),
  startOn: PlainDate,
  /** Absent where no end was set: such a commitment is never overdue. */
  dueOn: PlainDate.optional(),
  milestones: z.array(z.strictObject({ milestoneId: MilestoneId, title: Title, dueOn: PlainDate.optional() })).max(50).default([]),
  /** At most one amount per currency. */
  pledged: z.array(Money).max(10).default([]),
  externalReferences: z
    .array(z.strictObject({ system: z.enum(['partner2connect', 'wsis-stocktaking', 'iati', 'other']), reference: plainText(300) }))
    .max(20)
    .default([]),
  /** The commitment that this one is a part of: a part is never counted beside its whole. */
  partOf: z.uuid().optional(),
  /** Days after which the latest report counts as old. */
  reportingIntervalDays: z.int().min(1).max(3650).default(365),
  evidence: z.array(Evidence).max(20).default([]),
});
export type CommitmentContent = z.output<typeof CommitmentContent>;

export const QuantitativeTarget = z.strictObject({
  kind: z.literal('quantitative'),
  title: Title.optional(),
  indicator: IndicatorCode,
  unit: Unit,
  /** Value and date, or "unknown". */
  baseline: z.union([z.strictObject({ value: Value, on: PlainDate }), z.literal('unknown')]),
  value: Value,
  dueOn: PlainDate,
});
export const QualitativeTarget = z.strictObject({ kind: z.literal('qualitative'), text: Text, dueOn: PlainDate.optional() });
/** A number with unit, baseline and due date, or a text without a number. */
export const TargetContent = z.discriminatedUnion('kind', [QuantitativeTarget, QualitativeTarget]);
export type TargetContent = z.output<typeof TargetContent>;

export const Disaggregation = z.strictObject({
  location: plainText(100).optional(),
  sex: plainText(50).optional(),
  age: plainText(50).optional(),
  disability: plainText(100).optional(),
});

export const Observation = z.strictObject({
  indicator: IndicatorCode,
  value: Value,
  unit: Unit,
  asOf: PlainDate,
  source: plainText(500),
  method: plainText(500).optional(),
  /** Present: a part of the whole figure, shown and never used for pace. */
  disaggregation: Disaggregation.optional(),
});
export type Observation = z.output<typeof Observation>;

/** The part of the CSTD submission that a narrative serves. */
export const ReportPart = z.enum(['one', 'two', 'three-a', 'three-b']);

export const ProgressContent = z.strictObject({
  /** Covered period, both days included. */
  from: PlainDate,
  to: PlainDate,
  narrative: z.array(z.strictObject({ part: ReportPart, text: Text })).max(20).default([]),
  observations: z.array(Observation).max(200).default([]),
  evidence: z.array(Evidence).max(20).default([]),
  /** The reason why progress was not assessed; then there are no observations. */
  notAssessed: Text.optional(),
});
export type ProgressContent = z.output<typeof ProgressContent>;

/** What is reported, with the version of each target that it was made against. */
export const ReportedProgress = ProgressContent.extend({ targetVersions: z.record(z.uuid(), z.int().min(1)) });
export type ReportedProgress = z.output<typeof ReportedProgress>;

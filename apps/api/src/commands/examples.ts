const text = (words: string) => ({ text: words, language: 'en' });

const content = {
  title: text('Accelerator Labs'),
  description: text('Sixty labs that help countries to find and scale digital solutions.'),
  kind: 'programmatic',
  actionLines: ['C4'],
  sdgs: [4, 16],
  beneficiaries: { counts: [{ of: 'countries', value: { low: '78' } }] },
  startOn: '2021-01-01',
  dueOn: '2022-12-31',
  milestones: [{ milestoneId: 'all-labs-open', title: text('All labs are open'), dueOn: '2022-06-30' }],
  pledged: [{ amount: '1000000', currency: 'USD' }],
};

const evidence = { title: text('Submission to CSTD-25'), class: 'self-report', issuer: 'UNDP', date: '2021-10-15', place: 'Part Three (a)' };

const progress = {
  from: '2021-01-01',
  to: '2021-12-31',
  narrative: [{ part: 'three-a', text: text('Sixty labs serve 78 countries.') }],
  observations: [{ indicator: 'UNDP.labs', value: { low: '60' }, unit: 'labs', asOf: '2021-10-15', source: 'UNDP submission to CSTD-25' }],
  evidence: [evidence],
};

const target = {
  kind: 'quantitative',
  indicator: 'UNDP.labs',
  unit: 'labs',
  baseline: { value: { low: '40' }, on: '2020-01-01' },
  value: { low: '90' },
  dueOn: '2022-12-31',
};

const indicatorTerms = { titles: { en: 'Accelerator Labs' }, min: '0', sourceClass: 'agency statistics', measures: 'result' };
const correction = { kind: 'correction', corrects: 1, reason: text('A figure was copied wrongly.') };

/** A body that works for every command, by the name of its use case; the tests give each of them to a running ledger. */
export const exampleBodies: Readonly<Record<string, unknown>> = {
  RegisterAgency: { code: 'UNDP', names: { en: 'United Nations Development Programme' }, kind: 'un-entity' },
  RenameAgency: { names: { en: 'United Nations Development Programme', fr: 'Programme des Nations Unies pour le développement' } },
  DefineActionLine: { code: 'C4', titles: { en: 'Capacity building' } },
  RetitleActionLine: { titles: { en: 'Capacity building', fr: 'Renforcement des capacités' } },
  SetSdgLinks: { matrixVersion: '2019', sdgs: [1, 2, 3, 4, 5, 6, 12, 13, 14, 16, 17] },
  AssignFacilitator: { agency: 'UNDP', role: 'co-facilitator', from: '2006-01-01' },
  RelieveFacilitator: { agency: 'UNDP', role: 'co-facilitator', to: '2023-12-31' },
  DefineIndicator: { code: 'UNDP.labs', unit: 'labs', direction: 'rising', ...indicatorTerms },
  ReviseIndicator: { ...indicatorTerms, max: '1000' },

  SubmitCommitment: { lead: 'UNDP', content },
  ReturnCommitment: { reason: text('Name the countries, please.') },
  ResubmitCommitment: { content },
  DiscardCommitment: { reason: text('Entered twice.') },
  RegisterCommitment: {},
  StartCommitment: { occurredOn: '2021-01-01' },
  SuspendCommitment: { reason: text('Funding is interrupted.') },
  ResumeCommitment: {},
  ClaimCompletion: { statement: text('All labs are open.'), selfDeclared: true },
  DeclineCompletion: { reason: text('The evidence covers half of the labs.') },
  CloseCommitment: { outcome: 'partly', assessment: text('Sixty of ninety labs are open.') },
  WithdrawCommitment: { reason: text('The programme ended early.') },
  SupersedeCommitment: { by: '0f3c9d3e-5a3b-5e0a-9c55-0d6a1f1a7b11', reason: text('A larger facility follows it.') },

  ProposeAmendment: { change: { kind: 'revision', reason: text('The programme was extended.') }, content: { ...content, dueOn: '2023-12-31' } },
  ApproveAmendment: {},
  ReturnAmendment: { reason: text('The extension is not agreed yet.') },
  JoinCommitment: { agency: 'ITU' },
  LeaveCommitment: { reason: text('The partnership ended.') },

  ProposeTarget: { content: target },
  ProposeTargetVersion: { change: { kind: 'revision', reason: text('More labs were funded.') }, content: { ...target, value: { low: '100' } } },
  ApproveTarget: {},
  ReturnTarget: { reason: text('State the baseline.') },
  ReachMilestone: { occurredOn: '2022-05-15', note: text('The last lab opened.') },

  SubmitProgress: { content: progress },
  SubmitProgressVersion: { change: correction, content: progress },
  PublishProgress: {},
  ReturnProgress: { reason: text('Say as of when.') },
  RetractProgress: { reason: text('Reported for the wrong commitment.') },
  VerifyProgress: { note: text('Seen in the annual report.') },
  DisputeProgress: { reason: text('The annual report says 58.') },
  ResolveDispute: { resolution: text('Two labs opened after that report.') },

  ReportObstacle: { description: text('Demand outgrows investment.') },
  ResolveObstacle: { resolution: text('A second donor joined.') },
  AttachEvidence: { evidence },
  FlagEvidence: { reason: text('The link leads elsewhere.') },
  RaiseFinding: { finding: text('Two reports give different numbers of labs.') },
  AnswerFinding: { answer: text('One counts labs being set up.') },
  CloseFinding: { conclusion: text('Answered.') },
};

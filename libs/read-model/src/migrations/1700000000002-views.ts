import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first version of every view. */
export class Views1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createRows(runner, 'view_commitments_v1', `
      revision int not null,
      title jsonb not null,
      "titleText" text not null,
      description jsonb,
      search text not null,
      kind text not null,
      status text not null,
      lead text not null,
      partners text[] not null,
      "actionLines" text[] not null,
      sdgs int[] not null,
      countries text[] not null,
      "startOn" date not null,
      "dueOn" date,
      pledged jsonb not null,
      "partOf" text,
      "reportingIntervalDays" int not null,
      content jsonb,
      "contentVersion" int not null,
      reliance jsonb,
      "selfDeclared" boolean,
      "endedOn" date,
      outcome text,
      "supersededBy" text,
      "registeredAt" timestamptz not null,
      "lastUpdateOn" date,
      "overdueFrom" date,
      "overdueUntil" date,
      "paceFrom" date[] not null,
      pace text[] not null,
      targets jsonb,
      reports jsonb,`);
    await runner.query(`create index rows_lead on view_commitments_v1.rows (lead) where ${CURRENT}`);
    await runner.query(`create index rows_status on view_commitments_v1.rows (status) where ${CURRENT}`);
    await runner.query(`create index "rows_dueOn_id" on view_commitments_v1.rows ("dueOn", id) where ${CURRENT}`);
    await runner.query(`create index "rows_titleText_id" on view_commitments_v1.rows ("titleText", id) where ${CURRENT}`);
    await runner.query(`create index "rows_updatedPosition" on view_commitments_v1.rows ("updatedPosition") where ${CURRENT}`);
    await runner.query(`create index rows_entries on view_commitments_v1.rows using gin ("actionLines", partners, sdgs, countries) where ${CURRENT}`);
    await createRollup(runner, 'view_commitments_v1');

    await createRows(runner, 'view_targets_v1', `
      "commitmentId" text not null,
      version int not null,
      change jsonb not null,
      kind text not null,
      content jsonb not null,
      indicator text,
      unit text,
      direction text,
      "dueOn" date,
      "approvedOn" date not null,`);
    await runner.query(`create index "rows_commitmentId" on view_targets_v1.rows ("commitmentId")`);

    await createRows(runner, 'view_progress_updates_v1', `
      "commitmentId" text not null,
      version int not null,
      change jsonb not null,
      agency text not null,
      "periodFrom" date not null,
      "periodTo" date not null,
      content jsonb not null,
      observations jsonb not null,
      "notAssessed" boolean not null,
      status text not null,
      remark jsonb,
      "publishedOn" date not null,
      "publishedPosition" bigint not null,`);
    await runner.query(`create index "rows_commitmentId" on view_progress_updates_v1.rows ("commitmentId")`);
    await runner.query(`create index "rows_updatedPosition" on view_progress_updates_v1.rows ("updatedPosition") where ${CURRENT}`);

    await createRows(runner, 'view_milestones_v1', `
      "commitmentId" text not null,
      milestones jsonb not null,`);

    await createRows(runner, 'view_obstacles_v1', `
      "commitmentId" text not null,
      agency text not null,
      description jsonb not null,
      status text not null,
      "reportedOn" date not null,
      "resolvedOn" date,
      resolution jsonb,`);
    await runner.query(`create index "rows_commitmentId" on view_obstacles_v1.rows ("commitmentId")`);
    await runner.query(`create index "rows_updatedPosition" on view_obstacles_v1.rows ("updatedPosition") where ${CURRENT}`);

    await createRows(runner, 'view_evidence_v1', `
      "commitmentId" text not null,
      about text,
      evidence jsonb not null,
      class text not null,
      issuer text,
      status text not null,
      "attachedOn" date not null,
      "flaggedOn" date,
      "flagReason" jsonb,`);
    await runner.query(`create index "rows_commitmentId" on view_evidence_v1.rows ("commitmentId")`);
    await runner.query(`create index "rows_updatedPosition" on view_evidence_v1.rows ("updatedPosition") where ${CURRENT}`);

    await createRows(runner, 'view_findings_v1', `
      "commitmentId" text not null,
      about text,
      finding jsonb not null,
      status text not null,
      "raisedOn" date not null,
      answer jsonb not null,
      "answeredOn" date not null,
      conclusion jsonb,
      "closedOn" date,`);
    await runner.query(`create index "rows_commitmentId" on view_findings_v1.rows ("commitmentId")`);
    await runner.query(`create index "rows_updatedPosition" on view_findings_v1.rows ("updatedPosition") where ${CURRENT}`);

    await createRows(runner, 'view_proposals_v1', `
      "commitmentId" text not null,
      kind text not null,
      "subjectId" text not null,
      version int,
      change jsonb,
      content jsonb,
      status text not null,
      reason jsonb,
      author text not null,
      "authorAgency" text not null,
      "authorRole" text not null,
      lead text,
      "proposedOn" date not null,`);
    await runner.query(`create index "rows_commitmentId" on view_proposals_v1.rows ("commitmentId")`);

    await createRows(runner, 'view_agencies_v1', `
      revision int not null,
      names jsonb not null,
      kind text not null,
      "registeredOn" date not null,`);

    await createRows(runner, 'view_action_lines_v1', `
      revision int not null,
      titles jsonb not null,
      sdgs int[] not null,
      "matrixVersion" text,
      assignments jsonb not null,`);

    await createRows(runner, 'view_indicators_v1', `
      revision int not null,
      titles jsonb not null,
      unit text not null,
      direction text not null,
      min text,
      max text,
      "sourceClass" text not null,
      measures text not null,`);

    await createRows(runner, 'view_topics_v1', `
      count bigint not null,
      "lastSequence" text not null,`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop schema view_commitments_v1 cascade');
    await runner.query('drop schema view_targets_v1 cascade');
    await runner.query('drop schema view_progress_updates_v1 cascade');
    await runner.query('drop schema view_milestones_v1 cascade');
    await runner.query('drop schema view_obstacles_v1 cascade');
    await runner.query('drop schema view_evidence_v1 cascade');
    await runner.query('drop schema view_findings_v1 cascade');
    await runner.query('drop schema view_proposals_v1 cascade');
    await runner.query('drop schema view_agencies_v1 cascade');
    await runner.query('drop schema view_action_lines_v1 cascade');
    await runner.query('drop schema view_indicators_v1 cascade');
    await runner.query('drop schema view_topics_v1 cascade');
  }
}

const CURRENT = '"validTo" = 9007199254740991';

async function createRows(runner: QueryRunner, schema: string, columns: string): Promise<void> {
  await runner.query(`create schema ${schema}`);
  await runner.query(`
    create table ${schema}.rows (
      id text not null,${columns}
      "updatedAt" timestamptz not null,
      "updatedPosition" bigint not null,
      "validFrom" bigint not null,
      "validTo" bigint not null,
      constraint rows_pkey primary key (id, "validFrom")
    )`);
  await runner.query(`create unique index rows_current on ${schema}.rows (id) where ${CURRENT}`);
  await runner.query(`create index rows_closed on ${schema}.rows ("validTo") where "validTo" < 9007199254740991`);
}

async function createRollup(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`
    create table ${schema}.rollup (
      "actionLine" text not null,
      agency text not null,
      measure text not null,
      "countsFrom" date not null,
      amount numeric not null,
      constraint rollup_pkey primary key ("actionLine", agency, measure, "countsFrom")
    )`);
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Reports1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table reporting.partition (
        topic text not null, partition integer not null,
        "nextOffset" bigint not null, sequence bigint not null, count bigint not null,
        primary key (topic, partition)
      );
      create table reporting.action_line (code text primary key, title text not null);
      create table reporting.commitment (
        id uuid primary key, title text not null, lead text not null, "actionLines" text[] not null, status text not null
      );
      create table reporting.progress_update (
        id uuid primary key, "commitmentId" uuid not null, version integer not null, agency text not null,
        "from" date not null, "to" date not null, sequence bigint not null, retracted boolean not null
      );
      create index progress_update_of_commitment on reporting.progress_update ("commitmentId", "to");`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table reporting.progress_update, reporting.commitment, reporting.action_line, reporting.partition');
  }
}

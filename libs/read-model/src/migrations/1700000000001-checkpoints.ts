import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Checkpoints1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table read_model.checkpoints (
        view text not null,
        position bigint not null,
        "recordedAt" timestamptz,
        error text,
        "errorPosition" bigint,
        "errorEventType" text,
        "failingSince" timestamptz,
        constraint checkpoints_pkey primary key (view)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table read_model.checkpoints');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events that views were made to step over, and the stream of an event at which one stands. */
export class ParkedEvents1700000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table read_model.checkpoints add "errorStream" text');
    await runner.query(`
      create table read_model.parked_events (
        view text not null,
        position bigint not null,
        stream text not null,
        "eventId" text not null,
        "eventType" text not null,
        error text not null,
        reason text not null,
        "actorId" text not null,
        "actorAgency" text not null,
        "parkedAt" timestamptz not null,
        constraint parked_events_pkey primary key (view, position)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table read_model.parked_events');
    await runner.query('alter table read_model.checkpoints drop "errorStream"');
  }
}

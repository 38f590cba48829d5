// What the ledger's queries are measured against: the same HTTP stack and pool, and behind it one SELECT by key of the
// very rows that a query's answer is made of, answered as JSON.
import { Controller, Get, Inject, Module, Param, Query } from '@nestjs/common';
import pg from 'pg';
import { z } from 'zod';
import { eventTypes } from '#domain/events.ts';
import { Access } from '#platform/access.guard.ts';
import { DATABASE_URL, readConfig } from '#platform/config.ts';
import { createHttpApp, httpSettings, listen } from '#platform/http-app.ts';

const POOL = Symbol('pool');
const restricted = Object.values(eventTypes).flat().filter((type) => !type.public).map((type) => type.type);

@Controller('bare')
class BareSelect {
  constructor(@Inject(POOL) private readonly pool: pg.Pool) {}

  /** The figures of every cell and total, one row each, with the lines and agencies that they name. */
  @Get('matrix')
  @Access({ by: 'anyone' })
  matrix(): Promise<unknown> {
    return this.select('matrix', 'select * from bench_matrix', []);
  }

  @Get('commitments')
  @Access({ by: 'anyone' })
  commitments(@Query('ids') ids: string): Promise<unknown> {
    return this.select('commitments', `
      select c.id, c.revision, c.status, c.title, c.kind, c.lead, c.partners, c."actionLines", c.sdgs, c.countries, c."startOn", c."dueOn", c.pledged,
             c."partOf", c."paceFrom", c.pace, c.outcome, c."endedOn", c."overdueFrom", c."overdueUntil", c."lastUpdateOn", c."registeredAt", c."updatedAt", m.milestones
        from view_commitments_v1.rows c left join view_milestones_v1.rows m on m.id = c.id and m."validTo" = 9007199254740991
       where c.id = any($1) and c."validTo" = 9007199254740991`, [ids.split(',')]);
  }

  /** One record is the events of its stream. */
  @Get('streams/:stream')
  @Access({ by: 'anyone' })
  stream(@Param('stream') stream: string): Promise<unknown> {
    return this.select('stream', `${EVENTS} where stream = $1 order by revision`, [stream]);
  }

  /** Public events from one position to another. */
  @Get('events')
  @Access({ by: 'anyone' })
  events(@Query('after') after: string, @Query('upTo') upTo: string): Promise<unknown> {
    return this.select('events', `${EVENTS} where position > $1 and position <= $2 and type <> all($3) order by position`, [after, upTo, restricted]);
  }

  private async select(name: string, text: string, values: unknown[]): Promise<unknown> {
    return (await this.pool.query({ name, text, values })).rows;
  }
}

const EVENTS = 'select position, stream, revision, id, type, recorded_at, data, metadata from event_log.events';

const config = readConfig(z.object({ ...httpSettings, DATABASE_URL }));
@Module({ controllers: [BareSelect], providers: [{ provide: POOL, useValue: new pg.Pool({ connectionString: config.DATABASE_URL, max: 10 }) }] })
class BareModule {}

await listen(await createHttpApp(BareModule, config), config);

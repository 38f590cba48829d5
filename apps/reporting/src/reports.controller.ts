import { Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { Access } from '#platform/access.guard.ts';
import { csv } from './csv.ts';
import { LedgerConsumer } from './ledger-consumer.ts';
import { Reconciliation, type ReconciliationAnswer } from './reconciliation.ts';
import { Reports } from './reports.ts';

@Controller('reports')
export class ReportsController {
  constructor(
    private readonly reports: Reports,
    private readonly reconciliation: Reconciliation,
    private readonly consumer: LedgerConsumer,
  ) {}

  /** RFC 4180, UTF-8, one line for each action line. */
  @Get('action-lines.csv')
  @Access({ by: 'anyone' })
  @Header('content-type', 'text/csv; charset=utf-8; header=present')
  @Header('cache-control', 'no-store')
  async actionLines(): Promise<string> {
    return csv(COLUMNS, await this.reports.actionLines());
  }

  /** Counts and last sequence of each topic: here, and as the ledger's API has them. */
  @Get('reconciliation')
  @Access({ by: 'anyone' })
  @Header('cache-control', 'no-store')
  reconcile(): Promise<ReconciliationAnswer> {
    return this.reconciliation.reconcile();
  }

  /** Empties the tables; they fill again from Kafka. `reconciliation` tells when they have. */
  @Post('rebuild')
  @Access({ by: 'administrator' })
  @HttpCode(202)
  async rebuild(): Promise<{ status: 'rebuilding' }> {
    await this.consumer.rebuild();
    return { status: 'rebuilding' };
  }
}

const COLUMNS = [
  'actionLine', 'title', 'commitments', 'registered', 'active', 'suspended', 'completionClaimed', 'closed', 'withdrawn', 'superseded',
  'latestUpdateTo', 'latestUpdateBy', 'latestUpdateOf',
] as const;

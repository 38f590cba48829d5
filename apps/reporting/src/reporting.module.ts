import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { openReportDatabase } from './database.ts';
import { LedgerConsumer } from './ledger-consumer.ts';
import { LedgerEventsController } from './ledger-events.controller.ts';
import { Reconciliation } from './reconciliation.ts';
import { Reports } from './reports.ts';
import { ReportsController } from './reports.controller.ts';
import { type ReportingSettings, SETTINGS } from './settings.ts';

@Module({})
export class ReportingModule {
  static of(config: ReportingSettings): DynamicModule {
    return {
      module: ReportingModule,
      imports: [TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres' }), dataSourceFactory: () => openReportDatabase(config.DATABASE_URL) })],
      controllers: [LedgerEventsController, ReportsController],
      providers: [{ provide: SETTINGS, useValue: config }, LedgerConsumer, Reconciliation, Reports],
    };
  }
}

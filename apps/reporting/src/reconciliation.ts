import { Inject, Injectable } from '@nestjs/common';
import { FeedSummary } from '#contracts/feed-summary.ts';
import { sequenceOf, topics } from '#contracts/published.ts';
import { Problem } from '#platform/problem.ts';
import { type ReportingSettings, SETTINGS } from './settings.ts';
import { Reports } from './reports.ts';

export interface Standing {
  count: number;
  /** 16 digits; null while there is none. */
  lastSequence: string | null;
}

export interface ReconciliationAnswer {
  /** Whether this service has every event that the ledger has published. False for a moment after each. */
  equal: boolean;
  topics: { topic: string; here: Standing; ledger: Standing; equal: boolean }[];
}

const API_MS_MAX = 5_000;

/** Compares what was received with what the ledger says it has published. */
@Injectable()
export class Reconciliation {
  constructor(private readonly reports: Reports, @Inject(SETTINGS) private readonly settings: ReportingSettings) {}

  /** @throws Problem 503 when the ledger's API does not answer */
  async reconcile(): Promise<ReconciliationAnswer> {
    const ledger = await this.summary();
    const here = await this.reports.topicCounts();
    const names = [...new Set([...topics, ...ledger.topics.map(({ topic }) => topic)])].sort();
    const compared = names.map((topic) => {
      const received = here.find((one) => one.topic === topic);
      const published = ledger.topics.find((one) => one.topic === topic);
      const standing: Standing = { count: received?.count ?? 0, lastSequence: received?.lastSequence ? sequenceOf(received.lastSequence) : null };
      const wanted: Standing = { count: published?.count ?? 0, lastSequence: published?.lastSequence ?? null };
      return { topic, here: standing, ledger: wanted, equal: standing.count === wanted.count && standing.lastSequence === wanted.lastSequence };
    });
    return { equal: compared.every(({ equal }) => equal), topics: compared };
  }

  private async summary(): Promise<FeedSummary> {
    const url = new URL('/v1/feed/summary', this.settings.API_URL);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(API_MS_MAX) });
      if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
      return FeedSummary.parse(await response.json());
    } catch (cause) {
      throw new Problem(503, 'REPORTING.LEDGER_UNAVAILABLE', 'the ledger\'s API does not answer just now; try again', { cause });
    }
  }
}

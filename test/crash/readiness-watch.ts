import { setTimeout as delay } from 'node:timers/promises';
import { Violation } from './readings.ts';
import type { App, Site } from './site.ts';

const EVERY_MS = 400;
const PROBE_MS = 2_000;
/** A check of readiness may take two seconds to notice. */
const LIES_MAX = 5;

/** While harm is done, asks each API whether it is ready, reads something, and asks again. */
export class ReadinessWatch {
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>[];
  private lie: string | undefined;

  constructor(site: Site) {
    this.watching = site.of('api').map((api) => this.watch(api));
  }

  /** @throws Violation where one said again and again that it is ready, and could not answer */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.watching);
    if (this.lie) throw new Violation(this.lie);
  }

  private async watch(api: App): Promise<void> {
    for (let lies = 0; !this.stopping.signal.aborted;) {
      const before = await api.isReady();
      const answer = await read(api);
      const lied = before && answer !== 200 && (await api.isReady());
      lies = lied ? lies + 1 : 0;
      if (lies > LIES_MAX) this.lie ??= `${api.id} said ${lies} times that it is ready, and answered ${answer} in between`;
      await delay(EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}

async function read({ url }: App): Promise<number | string> {
  try {
    const response = await fetch(`${url}/v1/commitments?limit=1`, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return (error as Error).name;
  }
}

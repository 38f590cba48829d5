import type { CopyTarget } from './copy-log.ts';
import { kindOfLog, wrongInLogUrl } from './log-url.ts';
import { PostgresCopyTarget } from './postgres/copy-target.ts';

/**
 * Opens the log that a URL names as one that another can be copied into; in PostgreSQL its tables are made where they
 * are missing, and the URL's user must be the log's owner.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE when it can't be reached or refuses the user
 * @throws Error for another kind of URL than openEventStore takes
 */
export async function openCopyTarget(url: string): Promise<CopyTarget> {
  const wrong = wrongInLogUrl(url);
  if (wrong) throw new Error(`the URL of the target ${wrong}`);
  if (kindOfLog(url) === 'PostgreSQL') return PostgresCopyTarget.open(url);
  // As in openEventStore: loaded where it is needed.
  const { KurrentDbCopyTarget } = await import('./kurrentdb/copy-target.ts');
  return KurrentDbCopyTarget.open(url);
}

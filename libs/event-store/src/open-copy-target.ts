import type { CopyTarget } from './copy-log.ts';
import { PostgresCopyTarget } from './postgres/copy-target.ts';

/**
 * Opens the log that a URL names as one that another can be copied into; its tables are made where they are missing.
 * The URL's user must be the log's owner: postgres:// or postgresql://.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE when it can't be reached or refuses the user
 * @throws Error for another kind of URL
 */
export async function openCopyTarget(url: string): Promise<CopyTarget> {
  const scheme = URL.canParse(url) ? new URL(url).protocol : undefined;
  switch (scheme) {
    case 'postgres:':
    case 'postgresql:':
      return PostgresCopyTarget.open(url);
    case undefined:
      throw new Error('the URL of the target is no URL; one looks like postgresql://user:password@host:5432/database');
    default:
      throw new Error(`nothing can be copied to ${scheme}// URLs; use postgres:// or postgresql://`);
  }
}

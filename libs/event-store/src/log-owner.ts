import type { EventMetadata } from '#domain/event.ts';
import { EventStoreError } from './event-store.ts';
import { kindOfLog, wrongInLogUrl } from './log-url.ts';
import { migrateEventLog } from './postgres/migrate-event-log.ts';
import { resumeAbove, type Resumed } from './postgres/resume-above.ts';

/** What the owner of a log does to it, whichever store keeps it. */

/**
 * Brings what the log needs into its store, and says whether there was anything to bring: a store that makes its streams
 * as they are appended to needs nothing.
 * @throws Error for a URL of no store, or where the store can't be reached or refuses
 */
export async function migrateLog(url: string): Promise<boolean> {
  switch (kindOfLog(url)) {
    case 'PostgreSQL':
      await migrateEventLog(url);
      return true;
    case 'KurrentDB':
      return false;
    case undefined:
      throw wrongUrl(url);
  }
}

/**
 * Lets a log that has lost its end go on above `position`; see `resumeAbove` of PostgreSQL.
 * @throws EventStoreError EVENT_STORE.REFUSED for a store that gives positions by itself, or an event that can't be held
 * @throws Error when the log ends at `position` or above, was not set up, refuses the user, or can't be reached
 */
export async function resumeLogAbove(url: string, position: number, event: { id: string; metadata: EventMetadata }): Promise<Resumed> {
  switch (kindOfLog(url)) {
    case 'PostgreSQL':
      return resumeAbove(url, position, event);
    case 'KurrentDB':
      throw new EventStoreError('EVENT_STORE.REFUSED', 'KurrentDB gives positions by itself, and none can be declared void: '
        + 'where it was restored from an older backup, rebuild the views, and let publisher and subscribers begin anew');
    case undefined:
      throw wrongUrl(url);
  }
}

function wrongUrl(url: string): Error {
  return new Error(`the URL of the event store ${wrongInLogUrl(url)}`);
}

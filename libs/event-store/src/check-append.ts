import type { NewEvent } from '#domain/event.ts';
import { APPEND_BYTES_MAX, APPEND_EVENTS_MAX, EVENT_DATA_BYTES_MAX, EventStoreError, type ExpectedRevision } from './event-store.ts';

/** Revisions are 32 bits wide. */
export const REVISION_MAX = 2 ** 31 - 1;

/** An append that every store can hold: checked, and written as JSON text once. */
export interface CheckedAppend {
  stream: string;
  expected: ExpectedRevision;
  events: CheckedEvent[];
  /** UTF-8 bytes of all its JSON. */
  bytes: number;
}

export interface CheckedEvent {
  id: string;
  type: string;
  /** JSON text. */
  data: string;
  /** JSON text. */
  metadata: string;
}

/**
 * The door of every store: what passes here can be appended, read back as it was, and kept in any text column.
 * @throws EventStoreError EVENT_STORE.REFUSED or EVENT_STORE.EVENT_TOO_LARGE, saying which event and why.
 */
export function checkAppend(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): CheckedAppend {
  checkStream(stream);
  if (expected !== 'any' && !(Number.isInteger(expected) && expected >= 0 && expected <= REVISION_MAX))
    throw refused(`the expected revision must be 'any' or an integer from 0 to ${REVISION_MAX}, not ${expected}`);
  if (events.length === 0) throw refused(`an append to ${stream} holds no events`);
  if (events.length > APPEND_EVENTS_MAX)
    throw refused(`an append to ${stream} holds ${events.length} events; at most ${APPEND_EVENTS_MAX} are taken`);
  if (new Set(events.map((event) => event.id)).size < events.length)
    throw refused(`an append to ${stream} holds the same event id twice`);

  const checked = events.map((event, index) => checkEvent(event, `event ${index + 1} of ${events.length} for ${stream}`));
  const bytes = checked.reduce((sum, event) => sum + Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata), 0);
  if (bytes > APPEND_BYTES_MAX)
    throw new EventStoreError('EVENT_STORE.EVENT_TOO_LARGE', `an append to ${stream} takes ${bytes} bytes of JSON; at most ${APPEND_BYTES_MAX} are taken`);
  return { stream, expected, events: checked, bytes };
}

/** @throws EventStoreError EVENT_STORE.REFUSED */
export function checkStream(stream: string): void {
  if (typeof stream !== 'string' || !STREAM_NAME.test(stream))
    throw refused(`${JSON.stringify(stream)?.slice(0, 250)} is no stream name; one looks like agency-UNDP or indicator-17.8.1`);
}

/** One word, a dash, an id; at most 200 characters. */
const STREAM_NAME = /^(?=.{1,200}$)[a-z][A-Za-z0-9]*-[A-Za-z0-9][A-Za-z0-9._-]*$/;
const EVENT_TYPE = /^[A-Za-z][A-Za-z0-9]{0,99}$/;
const EVENT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Metadata is a handful of short fields; more is a mistake of the program. */
const METADATA_BYTES_MAX = 16 * 1024;

/**
 * Text that a json column stores and every text column chokes on, for ever: JSON.stringify escapes as \b, \f, \r or
 * \u only control characters and lone surrogates, so such an escape (after an even number of backslashes) is one of
 * them; newline and tab become \n and \t. The characters from 7f to 9f are not escaped.
 */
const UNFIT_TEXT = /(?<!\\)(?:\\\\)*\\[bfru]|[\u007f-\u009f]/;

function checkEvent(event: NewEvent, which: string): CheckedEvent {
  if (!EVENT_ID.test(event.id)) throw refused(`${which}: its id must be a UUID in lower case`);
  if (!EVENT_TYPE.test(event.type)) throw refused(`${which}: its type must be one word of letters and digits`);
  const data = jsonText(event.data, `${which}: its data`);
  const bytes = Buffer.byteLength(data);
  if (bytes > EVENT_DATA_BYTES_MAX)
    throw new EventStoreError(
      'EVENT_STORE.EVENT_TOO_LARGE',
      `${which}: its data takes ${bytes} bytes of JSON; at most ${EVENT_DATA_BYTES_MAX} are taken`,
    );
  const metadata = jsonText(event.metadata, `${which}: its metadata`);
  if (Buffer.byteLength(metadata) > METADATA_BYTES_MAX)
    throw refused(`${which}: its metadata takes more than ${METADATA_BYTES_MAX} bytes of JSON`);
  return { id: event.id, type: event.type, data, metadata };
}

function jsonText(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw refused(`${what} can't be written as JSON`, error);
  }
  if (text === undefined) throw refused(`${what} can't be written as JSON`);
  if (UNFIT_TEXT.test(text))
    throw refused(`${what} holds NUL, another control character than newline and tab, or a lone surrogate`);
  return text;
}

function refused(message: string, cause?: unknown): EventStoreError {
  return new EventStoreError('EVENT_STORE.REFUSED', message, { cause });
}

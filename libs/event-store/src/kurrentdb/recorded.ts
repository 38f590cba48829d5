import type { EventMetadata, RecordedEvent, RecordedText } from '#domain/event.ts';
import { EventStoreError } from '../event-store.ts';
import type { ServerEvent } from './reads.ts';

/** What we write into an event's metadata: the envelope's, and when it was recorded. The server's own time can't be set, which a copy must. */
type StoredMetadata = EventMetadata & { recordedAt: string };

export function toRecorded(event: ServerEvent, streamPrefix: string): RecordedEvent {
  return { ...envelopeOf(event, streamPrefix), data: JSON.parse(textOf(event.data)) as unknown };
}

/** With data as the text that was written, or empty for the types withheld. */
export function toRecordedText(event: ServerEvent, streamPrefix: string, withheld: readonly string[]): RecordedText {
  return { ...envelopeOf(event, streamPrefix), data: withheld.includes(event.type) ? '' : textOf(event.data) };
}

/** In milliseconds since 1970. */
export function recordedAtOf(event: ServerEvent): number {
  return Date.parse(envelopeOf(event, '').recordedAt);
}

function envelopeOf({ id, type, streamId, revision, position, metadata: bytes }: ServerEvent, streamPrefix: string): Omit<RecordedEvent, 'data'> {
  const { recordedAt, ...metadata } = storedMetadata(textOf(bytes)) ?? refuse(`revision ${revision + 1} of ${streamId} at position ${position} was written by another program`);
  return { id, type, metadata, stream: streamId.slice(streamPrefix.length), revision: revision + 1, position, recordedAt };
}

/** Undefined where it is not what we write. */
function storedMetadata(text: string): StoredMetadata | undefined {
  try {
    const metadata = JSON.parse(text) as Partial<StoredMetadata> | null;
    return typeof metadata?.recordedAt === 'string' ? (metadata as StoredMetadata) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(message: string): never {
  throw new EventStoreError('EVENT_STORE.UNAVAILABLE', `the event log can't be read: ${message}`);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

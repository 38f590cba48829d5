import { z } from 'zod';
import { AgencyCode, hasNoControls, isWellFormed, PlainDate, TranscribedFrom } from './values.ts';

/** What a person may do; see the route tables in apps/api for what each role reaches. */
export const Role = z.enum(['administrator', 'focal-point', 'approver', 'reviewer', 'secretariat']);
export type Role = z.infer<typeof Role>;

/** Who did it: an opaque id, never a name (events cannot be erased), with the agency and role they acted in. */
export const Actor = z.strictObject({ id: z.string().min(1).max(200).refine(isWellFormed).refine(hasNoControls), agency: AgencyCode, role: Role });
export type Actor = z.infer<typeof Actor>;

/** What every event carries beside its data. */
export const EventMetadata = z.strictObject({
  /** UUIDv5 of actor and Idempotency-Key: the same command sent again has the same id. */
  commandId: z.uuid(),
  /** SHA-256, hex, of command name, path and body: tells a repeat from a key used twice. */
  requestHash: z.string().length(64),
  actor: Actor,
  /** When it happened, as the author says; never in the future. */
  occurredOn: PlainDate,
  transcribedFrom: TranscribedFrom.optional(),
  schemaVersion: z.int().min(1),
  /** 128 random bits, hex: makes the hash of a payload useless for guessing it once it was redacted. */
  salt: z.string().length(32),
});
export type EventMetadata = z.infer<typeof EventMetadata>;

/** An event about to be appended. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  /** UUIDv5 of command id, stream and index. */
  id: string;
  type: Type;
  data: Data;
  metadata: EventMetadata;
}

/** An event as the log holds it. */
export interface RecordedEvent<Type extends string = string, Data = unknown> extends NewEvent<Type, Data> {
  /** `{category}-{id}`; the text before the first dash is the category. */
  stream: string;
  /** 1 for the first event of the stream, then 2, 3, ...: the number of events in the stream up to here. */
  revision: number;
  /** Place in the whole log: strictly increasing, below 2^53, and nothing more is promised. */
  position: number;
  /** When the log took it: ISO 8601, UTC, milliseconds. Never falls as position rises. */
  recordedAt: string;
}

/** An event as the log holds it whose data was not looked into: it is the JSON text that was written, or empty where it was withheld. */
export type RecordedText = RecordedEvent<string, string>;

/** An event type: its name, whether everyone may see it, and the schema its data has. */
export interface EventType<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  type: Type;
  /** Public events alone make up the public record, Kafka, the feed and every figure. */
  public: boolean;
  data: Schema;
}

export type RecordedOf<E> = E extends EventType<infer Type, infer Schema> ? RecordedEvent<Type, z.output<Schema>> : never;

/** An event that stands in the public record from the moment it is recorded. */
export function publicEvent<Type extends string, Schema extends z.ZodType>(type: Type, data: Schema): EventType<Type, Schema> {
  return { type, public: true, data };
}

/** An event that only the parties, reviewers and the secretariat see: something drafted, proposed or returned. */
export function restrictedEvent<Type extends string, Schema extends z.ZodType>(type: Type, data: Schema): EventType<Type, Schema> {
  return { type, public: false, data };
}

/** An event of a type, or of a version of it, that this build does not know: newer software wrote it. */
export class UnknownEventError extends Error {
  readonly type: string;

  constructor(type: string, newerVersion?: number) {
    super(newerVersion === undefined ? `this program does not know the type ${type}` : `version ${newerVersion} of ${type} is newer than this program`);
    this.name = 'UnknownEventError';
    this.type = type;
  }
}

/** The end of every `evolve`: the compiler shows that no case is forgotten, the throw that none is newer than the code. */
export function unknownEvent(event: never): never {
  throw new UnknownEventError((event as { type: string }).type);
}

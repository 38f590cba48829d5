import { createRequire } from 'node:module';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { ANY, DELETED, NO_STREAM, STREAM_EXISTS, type LoggedEvent, type LogRecord, type ProposedEvent } from './log.ts';

// The service definitions come with the client, as CommonJS whose exports ES modules can't name.
const require = createRequire(import.meta.url);
const load = <Module>(name: string): Module => require(`@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/${name}`) as Module;

type StreamsPb = typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb');
type SharedPb = typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb');
export type ReadReq = InstanceType<StreamsPb['ReadReq']>;
export type ReadResp = InstanceType<StreamsPb['ReadResp']>;
export type AppendReq = InstanceType<StreamsPb['AppendReq']>;
export type AppendResp = InstanceType<StreamsPb['AppendResp']>;
export type BatchAppendReq = InstanceType<StreamsPb['BatchAppendReq']>;
export type BatchAppendResp = InstanceType<StreamsPb['BatchAppendResp']>;
export type DeleteReq = InstanceType<StreamsPb['DeleteReq']>;
export type TombstoneReq = InstanceType<StreamsPb['TombstoneReq']>;
export type { IStreamsServer } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb';
export type { IGossipServer } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb';
export type { IServerFeaturesServer } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb';
type UUID = InstanceType<SharedPb['UUID']>;

export const streams = load<StreamsPb>('streams_pb');
export const shared = load<SharedPb>('shared_pb');
export const gossip = load<typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb')>('gossip_pb');
export const features = load<typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb')>('serverfeatures_pb');
export const { Status } = load<typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb')>('status_pb');
export const { StreamsService } = load<typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb')>('streams_grpc_pb');
export const { GossipService } = load<typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb')>('gossip_grpc_pb');
export const { ServerFeaturesService } = load<typeof import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb')>(
  'serverfeatures_grpc_pb',
);
const google = <Module>(name: string): Module => require(`google-protobuf/google/protobuf/${name}`) as Module;
export const { Any } = google<typeof import('google-protobuf/google/protobuf/any_pb')>('any_pb');
export const { Empty } = google<typeof import('google-protobuf/google/protobuf/empty_pb')>('empty_pb');
export const { Timestamp } = google<typeof import('google-protobuf/google/protobuf/timestamp_pb')>('timestamp_pb');

/** A stream's identifier as it stands in a request or answer. */
export function identifier(stream: string): InstanceType<SharedPb['StreamIdentifier']> {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
}

export function nameOf(stream: { getStreamName_asU8(): Uint8Array } | undefined): string {
  return stream ? Buffer.from(stream.getStreamName_asU8()).toString() : '';
}

/** 2^64-1 on the wire: no revision, no position, or the end. */
const NONE = '18446744073709551615';

export function revisionText(revision: number): string {
  return revision === DELETED ? '9223372036854775807' : String(revision);
}

/** The expected revision of any of the requests that write. */
export function expectedOf(options: {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
  getRevision?(): string;
  getStreamPosition?(): string;
}): number {
  if (options.hasNoStream()) return NO_STREAM;
  if (options.hasAny()) return ANY;
  if (options.hasStreamExists()) return STREAM_EXISTS;
  return Number(options.getRevision?.() ?? options.getStreamPosition?.());
}

/** An event of an append, bytes as they were sent. @throws a status, where the type or content type is missing */
export function proposedEvent(message: InstanceType<StreamsPb['AppendReq']['ProposedMessage']> | InstanceType<StreamsPb['BatchAppendReq']['ProposedMessage']>): ProposedEvent {
  const map = message.getMetadataMap();
  for (const key of ['type', 'content-type'])
    if (!map.has(key))
      throw refusal(status.INVALID_ARGUMENT, `Required Metadata Property '${key}' is missing`, {
        exception: 'missing-required-metadata-property',
        'required-metadata-properties': 'type,content-type',
      });
  return {
    id: idText(message.getId()),
    type: map.get('type')!,
    isJson: map.get('content-type') === 'application/json',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** Of what an append is made, in the bytes that its limit counts (KurrentDB: src/KurrentDB.Core/Data/Event.cs, SizeOnDisk). */
export function sizeOf(event: ProposedEvent): number {
  return event.data.length + event.metadata.length + 2 * event.type.length;
}

/** An event as it is read; in reads of a stream it carries its position too (KurrentDB: src/KurrentDB.Core/Data/ResolvedEvent.cs). */
export function readEvent(record: LogRecord, event: LoggedEvent, structuredIds: boolean): ReadResp {
  const position = String(record.position);
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(idOf(event.id, structuredIds))
    .setStreamIdentifier(identifier(event.stream))
    .setStreamRevision(revisionText(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  recorded
    .getMetadataMap()
    .set('type', event.type)
    // In steps of 100 ns.
    .set('created', `${event.createdMs}0000`)
    .set('content-type', event.isJson ? 'application/json' : 'application/octet-stream');
  return new streams.ReadResp().setEvent(new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position));
}

/** Whether ids are to be given as two numbers, not as text. */
export function wantsStructuredIds(options: InstanceType<StreamsPb['ReadReq']['Options']>): boolean {
  return !options.getUuidOption()?.hasString();
}

/** A call's failure as gRPC tells it: code, text and trailing metadata (KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/RpcExceptions.cs). */
export function refusal(code: status, details: string, trailers: Record<string, string> = {}): ServiceError {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export function streamDeleted(stream: string): ServiceError {
  return refusal(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream });
}

export function accessDenied(): ServiceError {
  return refusal(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
}

/** What a client hears when the server's code throws something unforeseen. */
export function thrownByHandler(): ServiceError {
  return refusal(status.UNKNOWN, 'Exception was thrown by handler.');
}

export function positionText(value: string): number | 'end' {
  return value === NONE ? 'end' : Number(value);
}

function idText(id: UUID | undefined): string {
  if (!id?.hasStructured()) return (id?.getString() ?? '').toLowerCase();
  const hex = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
  const digits = hex(id.getStructured()!.getMostSignificantBits()) + hex(id.getStructured()!.getLeastSignificantBits());
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function idOf(id: string, structured: boolean): UUID {
  if (!structured) return new shared.UUID().setString(id);
  const digits = id.replaceAll('-', '');
  const bits = (hex: string): string => BigInt.asIntN(64, BigInt(`0x${hex}`)).toString();
  return new shared.UUID().setStructured(
    new shared.UUID.Structured().setMostSignificantBits(bits(digits.slice(0, 16))).setLeastSignificantBits(bits(digits.slice(16))),
  );
}

import { status, type sendUnaryData, type ServerDuplexStream, type ServerReadableStream, type ServerUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { ANY, NO_STREAM, STREAM_EXISTS, type ProposedEvent, type Verdict } from './log.ts';
import type { Server } from './server.ts';
import {
  Any, Empty, expectedOf, identifier, nameOf, proposedEvent, refusal, revisionText, shared, sizeOf, Status, streamDeleted, streams,
  thrownByHandler, type AppendReq, type AppendResp, type BatchAppendReq, type BatchAppendResp, type DeleteReq, type TombstoneReq,
} from './wire.ts';

interface Request {
  stream: string;
  expected: number;
  events: ProposedEvent[];
  bytes: number;
}

/** Streams.Append: options, then events, then one answer. KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/Streams.Append.cs. */
export function append(server: Server, call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void {
  let request: Request | undefined;
  let failed: ServiceError | undefined;
  call.on('data', (message: AppendReq) => {
    if (failed) return;
    try {
      const options = message.getOptions();
      if (options) request = { stream: nameOf(options.getStreamIdentifier()), expected: expectedOf(options), events: [], bytes: 0 };
      else add(request!, [message.getProposedMessage()!]);
      if (request!.bytes > server.appendBytesMax) failed = tooLarge(server.appendBytesMax);
    } catch (error) {
      failed = asRefusal(error);
    }
  });
  call.on('error', () => {}); // A cancelled call.
  call.on('end', () => {
    if (!request) return answer(thrownByHandler());
    const { stream, expected, events } = request;
    void server.take(call, async () => {
      failed ??= server.refuses(call);
      if (failed) return answer(failed);
      const verdict = server.log.append(stream, expected, events);
      const may = await server.mayAnswer(call);
      if (may === 'no') return;
      if (may === 'timed-out') answer(timedOut());
      else if (verdict.outcome === 'deleted') answer(streamDeleted(stream));
      else answer(null, appendAnswer(verdict, expected));
    });
  });
}

/** Streams.BatchAppend: many appends in one call. KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/Streams.BatchAppend.cs. */
export function batchAppend(server: Server, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  const parts = new Map<string, Request & { timer: NodeJS.Timeout }>();
  let pending = 0;
  let ended = false;
  const tell = (message: BatchAppendReq, stream: string, response: BatchAppendResp): void => {
    if (!call.cancelled) call.write(response.setCorrelationId(message.getCorrelationId()).setStreamIdentifier(identifier(stream)));
  };
  const finish = (): void => {
    if (ended && pending === 0) call.end();
  };
  const receive = (message: BatchAppendReq): void => {
    const id = message.getCorrelationId()!.getString();
    const options = message.getOptions();
    if (options) {
      const stream = nameOf(options.getStreamIdentifier());
      if (!server.isKnown(call)) return tell(message, stream, failure(accessDeniedStatus()));
      if (server.unready) return tell(message, stream, failure(notReadyStatus()));
      const patience = Math.min(WRITE_TIMEOUT_MS, patienceOf(options));
      if (patience <= 0) return tell(message, stream, failure(timeoutStatus()));
      // Bounds the time until the last part is here, not that of the write.
      const timer = setTimeout(() => parts.delete(id) && tell(message, stream, failure(timeoutStatus())), patience);
      parts.set(id, { stream, expected: expectedOf(options), events: [], bytes: 0, timer });
    }
    const request = parts.get(id);
    if (!request) return;
    add(request, message.getProposedMessagesList());
    if (request.bytes <= server.appendBytesMax && !message.getIsFinal()) return;
    clearTimeout(request.timer);
    parts.delete(id);
    if (request.bytes > server.appendBytesMax) return tell(message, request.stream, failure(tooLargeStatus(server.appendBytesMax)));
    const refused = server.refuses(call);
    // The server throws this where it makes the answer, and so ends the whole call, with all that waits in it.
    if (refused) return void call.emit('error', refused);
    pending += 1;
    const verdict = server.log.append(request.stream, request.expected, request.events);
    void server.mayAnswer(call).then((may) => {
      pending -= 1;
      if (may !== 'no') tell(message, request.stream, may === 'yes' ? batchAnswer(verdict, request) : failure(timeoutStatus()));
      finish();
    });
  };
  call.on('data', (message: BatchAppendReq) => {
    void server.take(call, () => {
      try {
        receive(message);
      } catch (error) {
        tell(message, nameOf(message.getOptions()?.getStreamIdentifier()), failure(badRequestStatus(String(error))));
      }
    });
  });
  call.on('error', () => {}); // A cancelled call, or one that a client left.
  call.on('close', () => parts.forEach(({ timer }) => clearTimeout(timer)));
  call.on('end', () => {
    ended = true;
    finish();
  });
}

/** Streams.Delete and Streams.Tombstone. KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/Streams.Delete.cs. */
export function remove<Response>(
  server: Server,
  call: ServerUnaryCall<DeleteReq | TombstoneReq, Response>,
  answer: sendUnaryData<Response>,
  forGood: boolean,
  success: (position: string) => Response,
): void {
  void server.take(call, async () => {
    const refused = server.refuses(call);
    if (refused) return answer(refused);
    const options = call.request.getOptions()!;
    const stream = nameOf(options.getStreamIdentifier());
    const expected = expectedOf(options);
    const verdict = server.log.delete(stream, expected, forGood);
    const may = await server.mayAnswer(call);
    if (may === 'no') return;
    if (may === 'timed-out') return answer(timedOut());
    if (verdict.outcome === 'deleted') return answer(streamDeleted(stream));
    if (verdict.outcome !== 'wrong-version') return answer(null, success(String(verdict.position)));
    const { current } = verdict;
    const text = `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${current}`;
    const trailers = { exception: 'wrong-expected-version', 'stream-name': stream, 'expected-version': String(expected), 'actual-version': String(current) };
    answer(refusal(status.FAILED_PRECONDITION, text, trailers));
  });
}

/** The server's own limit on how long a write may take (KurrentDB: src/KurrentDB.Core/Configuration/ClusterVNodeOptions.cs, WriteTimeoutMs). */
const WRITE_TIMEOUT_MS = 2_000;

function add(request: Request, messages: Parameters<typeof proposedEvent>[0][]): void {
  for (const message of messages) {
    const event = proposedEvent(message);
    request.events.push(event);
    request.bytes += sizeOf(event);
  }
}

function asRefusal(error: unknown): ServiceError {
  return error instanceof Error && 'code' in error ? (error as ServiceError) : thrownByHandler();
}

function patienceOf(options: NonNullable<ReturnType<BatchAppendReq['getOptions']>>): number {
  const duration = options.getDeadline();
  if (duration) return duration.getSeconds() * 1_000 + duration.getNanos() / 1e6;
  return options.hasDeadline21100() ? options.getDeadline21100()!.toDate().getTime() - Date.now() : Infinity;
}

/** Here a wrong version is an answer like any other, not a failure of the call. */
function appendAnswer(verdict: Exclude<Verdict, { outcome: 'deleted' }>, expected: number): AppendResp {
  const response = new streams.AppendResp();
  if (verdict.outcome === 'wrong-version') return response.setWrongExpectedVersion(wrongVersion(verdict.current, expected));
  const success = new streams.AppendResp.Success();
  if (verdict.revision < 0) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(revisionText(verdict.revision));
  if (verdict.position === null) return response.setSuccess(success.setNoPosition(new shared.Empty()));
  const position = String(verdict.position);
  return response.setSuccess(success.setPosition(new streams.AppendResp.Position().setCommitPosition(position).setPreparePosition(position)));
}

function wrongVersion(current: number, expected: number): InstanceType<typeof streams.AppendResp.WrongExpectedVersion> {
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(current));
  if (expected === ANY) wrong.setExpectedAny(new shared.Empty());
  else if (expected === STREAM_EXISTS) wrong.setExpectedStreamExists(new shared.Empty());
  else if (expected === NO_STREAM) wrong.setExpectedNoStream(new shared.Empty());
  else wrong.setExpectedRevision(String(expected));
  return wrong;
}

function batchAnswer(verdict: Verdict, { stream, expected }: Request): BatchAppendResp {
  if (verdict.outcome === 'deleted') return failure(streamDeletedStatus(stream));
  if (verdict.outcome === 'wrong-version') return failure(wrongVersionStatus(verdict.current, expected));
  const success = new streams.BatchAppendResp.Success();
  if (verdict.revision < 0) success.setNoStream(new Empty());
  else success.setCurrentRevision(revisionText(verdict.revision));
  if (verdict.position === null) return new streams.BatchAppendResp().setSuccess(success.setNoPosition(new Empty()));
  const position = String(verdict.position);
  return new streams.BatchAppendResp().setSuccess(success.setPosition(new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position)));
}

type GrpcStatus = InstanceType<typeof Status>;

function failure(failed: GrpcStatus): BatchAppendResp {
  return new streams.BatchAppendResp().setError(failed);
}

/** KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/Status.cs. The name of the details' type is also the message. */
function packed(code: status, name: string, details: { serializeBinary(): Uint8Array }): GrpcStatus {
  const any = new Any();
  any.pack(details.serializeBinary(), `event_store.client.${name}`);
  return new Status().setCode(code as number).setMessage(name).setDetails(any);
}

function wrongVersionStatus(current: number, expected: number): GrpcStatus {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === ANY) details.setExpectedAny(new Empty());
  else if (expected === STREAM_EXISTS) details.setExpectedStreamExists(new Empty());
  else if (expected === NO_STREAM) details.setExpectedNoStream(new Empty());
  else details.setExpectedStreamPosition(String(expected));
  return packed(status.ALREADY_EXISTS, 'WrongExpectedVersion', details);
}

const streamDeletedStatus = (stream: string): GrpcStatus =>
  packed(status.NOT_FOUND, 'StreamDeleted', new shared.StreamDeleted().setStreamIdentifier(identifier(stream)));
const accessDeniedStatus = (): GrpcStatus => packed(status.PERMISSION_DENIED, 'AccessDenied', new shared.AccessDenied());
const timeoutStatus = (): GrpcStatus => packed(status.DEADLINE_EXCEEDED, 'Timeout', new shared.Timeout());
const badRequestStatus = (message: string): GrpcStatus => packed(status.INVALID_ARGUMENT, 'BadRequest', new shared.BadRequest().setMessage(message));
const tooLargeStatus = (bytesMax: number): GrpcStatus =>
  packed(status.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', new shared.MaximumAppendSizeExceeded().setMaxappendsize(bytesMax));

/** The client doesn't know these details: they are those of no error at all. */
function notReadyStatus(): GrpcStatus {
  const nothing = new Any();
  nothing.pack(new Empty().serializeBinary(), 'google.protobuf.Empty');
  return new Status().setMessage('Server Is Not Ready').setDetails(nothing);
}

function timedOut(): ServiceError {
  return refusal(status.ABORTED, 'Operation timed out: Commit phase timeout.');
}

function tooLarge(bytesMax: number): ServiceError {
  return refusal(status.INVALID_ARGUMENT, `Maximum Append Size of ${bytesMax} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(bytesMax),
  });
}

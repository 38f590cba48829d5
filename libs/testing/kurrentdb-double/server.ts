import type { ServerDuplexStream, ServerReadableStream, ServerUnaryCall, ServerWritableStream, ServiceError } from '@grpc/grpc-js';
import type { Log } from './log.ts';

/** A call as it is looked at before it is known what it asks. */
export type AnyCall = Pick<
  ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown> | ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
  'cancelled' | 'metadata' | 'getPeer'
>;

/** What the calls need to know of the server that they came to. */
export interface Server {
  readonly log: Log;
  readonly version: 23 | 26;
  readonly appendBytesMax: number;
  readonly tellsFellBehind: boolean;
  /** Resolves when the server goes on, where it stands still. */
  readonly paused: Promise<void> | undefined;
  /** Handles a call, at once unless the server is paused; not at all where its client has gone by then. */
  take(call: AnyCall, handle: () => void | Promise<void>): Promise<void>;
  /** Whether credentials came with the call, where they are needed. */
  isKnown(call: AnyCall): boolean;
  /** It serves nobody now, though it takes calls in: its cluster is electing a leader. */
  readonly unready: boolean;
  /** Why a call is not served, if it isn't: who asks, that the server isn't ready, or that another leads. */
  refuses(call: AnyCall): ServiceError | undefined;
  /** Resolves when what was written is safe: whether its answer may be given, or nobody is to hear it, or only that it took too long. */
  mayAnswer(call: AnyCall): Promise<'yes' | 'no' | 'timed-out'>;
}

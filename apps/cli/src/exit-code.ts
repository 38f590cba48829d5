import { isNativeError } from 'node:util/types';
import { CommanderError } from 'commander';
import { EventStoreError } from '#event-store/event-store.ts';
import { KafkaUnavailableError } from '#messaging/kafka.ts';
import { ConfigError } from '#platform/config.ts';
import { isTransient } from '#read-model/database.ts';

/** What the exit code of a command means. */
export const EXIT = { done: 0, failed: 1, usage: 2, partly: 3, unreachable: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const exitCodesHelp = `Exit codes:
  0  done
  1  failed
  2  wrong usage or settings
  3  done in part: some records were refused
  4  database, broker or API can't be reached
  130  stopped by Ctrl-C`;

/** Ends a command with an exit code; the message is empty where all was told already. */
export class CommandEnd extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CommandEnd';
  }
}

export interface Failure {
  exitCode: ExitCode;
  /** Empty where nothing is left to say. */
  message: string;
}

/** How a command ends that threw. */
export function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (error instanceof CommandEnd) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof CommanderError) return failureOfUsage(error);
  if (signal.aborted) return { exitCode: EXIT.interrupted, message: 'stopped' };
  if (error instanceof ConfigError) return { exitCode: EXIT.usage, message: error.message };
  const message = `error: ${messageOf(error)}`;
  if (isUnreachable(error)) return { exitCode: EXIT.unreachable, message };
  if (isNotSetUp(error)) return { exitCode: EXIT.failed, message: `${message}\nThe database is not set up: run \`ledger migrate\`.` };
  return { exitCode: EXIT.failed, message };
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof KafkaUnavailableError || (error instanceof EventStoreError && error.code === 'EVENT_STORE.UNAVAILABLE') || isTransient(error);
}

/** A schema or table that a migration makes is missing. */
export function isNotSetUp(error: unknown): boolean {
  return ['3F000', '42P01', '42883'].includes(String((error as { code?: unknown } | null)?.code));
}

/** The error's message and those of its causes, on one line each; bounded. */
export function messageOf(error: unknown): string {
  const messages: string[] = [];
  for (let at = error; at !== undefined && messages.length < 5; at = isNativeError(at) ? at.cause : undefined) {
    const message = isNativeError(at) ? ownMessage(at) : String(at);
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return messages.join('\n  because: ');
}

/** A connection refused on several addresses comes as an AggregateError without a message. */
function ownMessage(error: Error): string {
  if (error.message !== '') return error.message;
  return error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : error.name;
}

/** Help is thrown too: asked for, it is no failure; shown because no command was named, it says all there is to say. */
function failureOfUsage({ exitCode, code, message }: CommanderError): Failure {
  if (exitCode === 0) return { exitCode: EXIT.done, message: '' };
  return { exitCode: EXIT.usage, message: code === 'commander.help' ? '' : message };
}

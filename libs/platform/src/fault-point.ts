/**
 * Moments at which a process may be killed by a test that asks for it: `FAULT_POINT=publisher.sending:7` ends the
 * process, as `kill -9` would, when it comes to that moment for the 7th time. Nothing else looks at the variable, and
 * where it is not set a fault point is one comparison.
 */
export const faultPoints = [
  /** A command is decided and not yet sent to the log. */
  'api.appending',
  /** The log has stored it and the caller does not know. */
  'api.appended',
  /** Rows of a batch are written in a transaction that is not committed. */
  'projector.applied',
  /** Rows and checkpoint are committed. */
  'projector.committed',
  /** A record that the topics hold already was read, others are still to be read. */
  'publisher.readingTails',
  'publisher.sending',
  /** Kafka has acknowledged records that the checkpoint does not know of. */
  'publisher.acknowledged',
  /** The new tables are filled and in their place, in a transaction that is not committed. */
  'rebuild.swapping',
  /** A migration has run and is not committed. */
  'migration.migrated',
  /** A record of a file is about to be sent. */
  'import.sending',
] as const;
export type FaultPoint = (typeof faultPoints)[number];

let armed = armedBy(process.env);

/** Ends the process here where a test has asked for it. */
export function faultPoint(name: FaultPoint): void {
  if (armed === undefined || armed.name !== name) return;
  armed = { name, countdown: armed.countdown - 1 };
  if (armed.countdown === 0) process.kill(process.pid, 'SIGKILL');
}

/** @throws Error in production, and where there is no such point */
export function armedBy({ FAULT_POINT, NODE_ENV }: NodeJS.ProcessEnv): { name: FaultPoint; countdown: number } | undefined {
  if (!FAULT_POINT) return undefined;
  if (NODE_ENV === 'production') throw new Error('FAULT_POINT is for tests: it is refused where NODE_ENV is production');
  const [, name, countdown] = /^([\w.]+):([1-9]\d{0,5})$/.exec(FAULT_POINT) ?? [];
  const known = faultPoints.find((point) => point === name);
  if (!known) throw new Error(`FAULT_POINT must be one of ${faultPoints.join(', ')}, and how many times it is come to, such as ${faultPoints[0]}:1`);
  return { name: known, countdown: Number(countdown) };
}

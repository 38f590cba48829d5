/** What every store can be given. */
export interface StoreOptions {
  /** How long a subscriber waits for a wake-up before it looks for itself. 1,000 unless given. */
  pollMs?: number;
  /** Told of each connection lost or not made while listening or subscribing; both go on by themselves. */
  onTrouble?: (error: unknown) => void;
  /** Told of each batch that was answered: for metrics. */
  onBatch?: (batch: { appends: number; events: number; ms: number }) => void;
}

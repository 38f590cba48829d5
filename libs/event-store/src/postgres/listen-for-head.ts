import pg from 'pg';
import type { ListenForHead } from '../head-watch.ts';

/** A LISTEN connection; each batch of appends notifies it. */
export function listenForHead(config: pg.ClientConfig): ListenForHead {
  return async (announce, stop) => {
    const client = new pg.Client(config);
    const lost = new Promise<never>((_, reject) => {
      client.on('error', reject);
      client.on('end', () => reject(new Error('the connection that listens for new events was closed')));
    });
    // Awaited below; until then a rejection must not count as unhandled.
    lost.catch(() => {});
    client.on('notification', announce);
    try {
      await client.connect();
      await client.query('listen event_log_head');
      announce();
      await Promise.race([lost, aborted(stop)]);
    } finally {
      await client.end();
    }
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

import pg from 'pg';

export interface ConnectionBounds {
  /** Making a connection, or waiting for one of the pool. */
  connectMs: number;
  /** Waiting for a lock. */
  lockMs: number;
  /** One statement, as the server counts it; the client gives up 5 s later, in case the server is beyond reach. */
  statementMs: number;
}

/**
 * How the application connects: whatever user the URL names, the session acts as event_log_app from its first
 * statement on. Put last, so that options of the URL can't take it back. Every query of the log goes by an index;
 * plans are kept, and one made while the table was small must not go on scanning it when it is large.
 */
export function connectionConfig(url: string, applicationName: string, bounds: ConnectionBounds): pg.ClientConfig {
  const { connectionString, options } = withoutOptions(url);
  return {
    connectionString,
    options: `${options} -c enable_seqscan=off -c role=event_log_app`.trim(),
    application_name: applicationName,
    connectionTimeoutMillis: bounds.connectMs,
    lock_timeout: bounds.lockMs,
    statement_timeout: bounds.statementMs,
    query_timeout: bounds.statementMs + 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** Ends a pool and waits, bounded, until its sockets are closed: `pool.end` alone returns before. */
export async function endPool(pool: pg.Pool): Promise<void> {
  let open = pool.totalCount;
  const closed = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 5_000);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    if (open === 0) settle();
    pool.on('remove', () => {
      open -= 1;
      if (open === 0) settle();
    });
  });
  await pool.end();
  await closed;
}

/** The driver lets a URL's options replace the program's; so they are taken out and put before ours. */
function withoutOptions(url: string): { connectionString: string; options: string } {
  const parsed = new URL(url);
  const options = parsed.searchParams.get('options') ?? '';
  parsed.searchParams.delete('options');
  return { connectionString: parsed.href, options };
}

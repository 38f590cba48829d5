import { createRequire } from 'node:module';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

/** The driver that Emmett itself uses, as installed beside it. */
const pg = createRequire(import.meta.url)('pg');

/**
 * Emmett's event store on PostgreSQL as its documentation says: one store, a pool of connections, its schema made
 * beforehand so that no append looks for it.
 * @param {string} url of an empty database
 * @param {number} connections
 */
export async function openEmmett(url, connections) {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  const maker = getPostgreSQLEventStore(url);
  await maker.schema.migrate();
  await maker.close();
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pool }, schema: { autoMigration: 'None' } });
  return {
    /**
     * @param {string} stream
     * @param {number} expected revision before; 0 for a new stream
     * @param {readonly { type: string, data: object, metadata: object }[]} events
     * @throws when the stream has another revision
     */
    async append(stream, expected, events) {
      await store.appendToStream(stream, events, { expectedStreamVersion: BigInt(expected) });
    },
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

/**
 * Gives a user of a KurrentDB (or EventStoreDB 23.10) that serves the ledger alone the rights that the ledger needs, and leaves
 * nobody else but administrators any. The user itself is made over HTTP: docs/operations.md, "Running on KurrentDB".
 *
 *   KURRENTDB_ADMIN_URL='kurrentdb://admin:...@localhost:2113?tls=true&tlsCAFile=...' node deploy/kurrentdb/grant-rights.mjs ledger
 *
 * - Every stream that isn't the server's own: the user reads and appends, and reads its metadata. Nobody but an administrator
 *   deletes one, or sets the metadata that would truncate it. This is the default for streams without an access list of their own
 *   (`$userStreamAcl` in the stream `$settings`; KurrentDB: src/KurrentDB.Core/Data/SystemSettings.cs).
 * - `$all`, which administrators alone read unless told otherwise: the user reads it. It holds the server's own streams too, with
 *   the users' password hashes in them; no version can grant `$all` without those.
 *
 * A second run changes nothing. Defaults that somebody else has set are not replaced: it ends with 1 and shows them.
 */
import { isDeepStrictEqual } from 'node:util';
import { BACKWARDS, END, jsonEvent, KurrentDBClient, NO_STREAM, StreamNotFoundError } from '@kurrent/kurrentdb-client';

const url = process.env.KURRENTDB_ADMIN_URL;
const user = process.argv[2];
if (!url || !user || user.startsWith('-') || process.argv.length > 3) {
  console.error('usage: KURRENTDB_ADMIN_URL=kurrentdb://admin:...@host:2113?... node grant-rights.mjs <user>');
  process.exit(2);
}

const client = KurrentDBClient.connectionString(url);
try {
  const granted = (await grantStreams()) && (await grantAll());
  process.exitCode = granted ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  await client.dispose();
}
// The client's channel stays open after that.
process.exit();

async function grantStreams() {
  const wanted = { $userStreamAcl: { $r: [user], $w: [user], $d: [], $mr: [user], $mw: [] } };
  const settings = await lastEvent('$settings');
  if (settings && isDeepStrictEqual(settings.data, wanted)) {
    console.log(`${user} reads and appends to all streams that are not the server's own, already`);
    return true;
  }
  if (settings) {
    console.error(`the server has defaults that somebody set, and they stay: ${JSON.stringify(settings.data)}; these were to be: ${JSON.stringify(wanted)}`);
    return false;
  }
  await client.appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data: wanted }), { streamState: NO_STREAM });
  console.log(`${user} reads and appends to all streams that are not the server's own`);
  return true;
}

async function grantAll() {
  // Not by getStreamMetadata, which takes a position for the revision.
  const metadata = await lastEvent('$$$all');
  const acl = metadata?.data.$acl ?? {};
  const readers = [acl.$r ?? []].flat();
  if (readers.includes(user)) {
    console.log(`${user} reads $all, already`);
    return true;
  }
  const data = { ...metadata?.data, $acl: { ...acl, $r: [...readers, user] } };
  await client.appendToStream('$$$all', jsonEvent({ type: '$metadata', data }), { streamState: metadata?.revision ?? NO_STREAM });
  console.log(`${user} reads $all`);
  return true;
}

async function lastEvent(stream) {
  try {
    for await (const { event } of client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1 })) return event;
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return undefined;
}

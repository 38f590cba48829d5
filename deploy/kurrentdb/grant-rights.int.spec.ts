import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { jsonEvent, KurrentDBClient } from '@kurrent/kurrentdb-client';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';

let server: KurrentDbDouble;
let admin: KurrentDBClient;

beforeEach(async () => {
  server = await KurrentDbDouble.start();
  admin = KurrentDBClient.connectionString(server.url);
});

afterEach(async () => {
  await admin.dispose();
  await server.stop();
});

const grant = (...arguments_: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '', KURRENTDB_ADMIN_URL: server.url };
    execFile(process.execPath, [join(import.meta.dirname, 'grant-rights.mjs'), ...arguments_], { env, timeout: 20_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }));
  });

async function settings(): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { event } of admin.readStream('$settings')) found.push(event?.data);
  return found;
}

test('the user reads and appends, and neither it nor anybody else but administrators deletes or truncates', async () => {
  expect(await grant('ledger')).toMatchObject({ code: 0, err: '' });
  expect(await settings()).toEqual([{ $userStreamAcl: { $r: ['ledger'], $w: ['ledger'], $d: [], $mr: ['ledger'], $mw: [] } }]);
  expect((await admin.getStreamMetadata('$all')).metadata).toEqual({ acl: { readRoles: ['ledger'] } });
});

test('a second run changes nothing', async () => {
  await grant('ledger');
  const { end } = server.log;
  expect(await grant('ledger')).toMatchObject({ code: 0, err: '' });
  expect(server.log.end).toBe(end);
});

test('who reads $all already goes on to, and the rest of its metadata stays', async () => {
  await admin.setStreamMetadata('$all', { acl: { readRoles: ['auditor'], metaReadRoles: ['auditor'] }, purpose: 'kept' });
  expect(await grant('ledger')).toMatchObject({ code: 0, err: '' });
  expect((await admin.getStreamMetadata('$all')).metadata).toEqual({ acl: { readRoles: ['auditor', 'ledger'], metaReadRoles: ['auditor'] }, purpose: 'kept' });
});

test('defaults of others are shown, not replaced', async () => {
  await admin.appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data: { $userStreamAcl: { $r: 'ouro' } } }));
  const { code, err } = await grant('ledger');
  expect(code).toBe(1);
  expect(err).toContain('{"$userStreamAcl":{"$r":"ouro"}}');
  expect(await settings()).toHaveLength(1);
  expect((await admin.getStreamMetadata('$all')).metadata).toBeUndefined();
});

test('without a user it says how it is used', async () => {
  expect(await grant()).toMatchObject({ code: 2, err: expect.stringContaining('usage:') });
});

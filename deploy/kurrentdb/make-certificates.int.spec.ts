import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { jsonEvent, KurrentDBClient } from '@kurrent/kurrentdb-client';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';

// Keys take a second: those of most tests are made once and copied.
let made: string;
let folder: string;

beforeAll(async () => {
  made = mkdtempSync(join(tmpdir(), 'certificates-made-'));
  expect(await make(made)).toMatchObject({ code: 0, err: '' });
}, 60_000);

afterAll(() => rmSync(made, { recursive: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  cpSync(made, folder, { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

const make = (out: string, ...arguments_: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile('sh', [join(import.meta.dirname, 'make-certificates.sh'), '--out', out, ...arguments_], { timeout: 30_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }));
  });

const read = (...path: string[]): Buffer => readFileSync(join(folder, ...path));
const certificate = (...path: string[]): X509Certificate => new X509Certificate(read(...path));
const filesIn = (root: string): string[] => readdirSync(root, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).sort();
const contents = (): string[] => filesIn(folder).map((file) => `${file} ${readFileSync(file, 'base64')}`);

test('an authority, and for each node of the compose file a certificate of it that is server and client', () => {
  const authority = certificate('trusted', 'ca.crt');
  expect(authority.ca).toBe(true);
  expect(readdirSync(join(folder, 'nodes')).sort()).toEqual(['kurrentdb', 'kurrentdb-1', 'kurrentdb-2', 'kurrentdb-3']);
  for (const node of readdirSync(join(folder, 'nodes'))) {
    const one = certificate('nodes', node, 'node.crt');
    expect(one.verify(authority.publicKey)).toBe(true);
    expect(one.ca).toBe(false);
    // Nodes take each other for nodes by this name.
    expect(one.subject).toBe('CN=kurrentdb-node');
    expect(one.subjectAltName).toBe(`DNS:${node}, DNS:localhost, IP Address:127.0.0.1`);
    expect(one.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(one.publicKey.asymmetricKeyType).toBe('rsa');
    expect(read('nodes', node, 'node.key').toString()).toMatch(/^-----BEGIN (RSA )?PRIVATE KEY-----\n/);
  }
});

test('keys are for their owner alone, certificates for all, and nothing else is left', () => {
  const files = filesIn(folder);
  expect(files).toHaveLength(10);
  // Of those that were made: a copy keeps no modes that the process's mask takes away.
  for (const file of filesIn(made)) expect(`${file} ${(statSync(file).mode & 0o777).toString(8)}`).toBe(`${file} ${file.endsWith('.key') ? '600' : '644'}`);
});

test('a second run tells until when they hold, and changes nothing', async () => {
  const before = contents();
  const { code, out } = await make(folder);
  expect(code).toBe(0);
  expect(contents()).toEqual(before);
  const end = certificate('nodes', 'kurrentdb-2', 'node.crt').validTo;
  expect(out).toContain(`kurrentdb-2: holds until ${end}`);
  expect(out).toMatch(/^authority: holds until .+ GMT\n/);
});

test('renewed certificates have new keys, the same authority, and the days that were asked for', async () => {
  const [authority, key, node] = [read('trusted', 'ca.crt'), read('authority', 'ca.key'), certificate('nodes', 'kurrentdb', 'node.crt')];
  const nodeKey = read('nodes', 'kurrentdb', 'node.key');
  expect(await make(folder, '--renew', '--days', '100', 'kurrentdb')).toMatchObject({ code: 0, err: '' });
  const renewed = certificate('nodes', 'kurrentdb', 'node.crt');
  expect(renewed.serialNumber).not.toBe(node.serialNumber);
  expect(read('nodes', 'kurrentdb', 'node.key').equals(nodeKey)).toBe(false);
  expect((Date.parse(renewed.validTo) - Date.parse(renewed.validFrom)) / 86_400_000).toBe(100);
  expect(read('trusted', 'ca.crt').equals(authority)).toBe(true);
  expect(read('authority', 'ca.key').equals(key)).toBe(true);
});

test('a certificate that ends soon is complained of', async () => {
  expect(await make(folder, '--renew', '--days', '29', 'kurrentdb')).toMatchObject({ code: 1, err: 'kurrentdb: ends within 30 days\n' });
  expect(await make(folder, 'kurrentdb')).toMatchObject({ code: 1, err: 'kurrentdb: ends within 30 days\n' });
});

test('a certificate of another authority, for other names or with another key is complained of, and left', async () => {
  const other = mkdtempSync(join(tmpdir(), 'certificates-other-'));
  try {
    await make(other, 'kurrentdb', 'kurrentdb-1,log1.example.org,192.0.2.11');
    cpSync(join(other, 'nodes', 'kurrentdb'), join(folder, 'nodes', 'kurrentdb'), { recursive: true });
    cpSync(join(folder, 'nodes', 'kurrentdb-3', 'node.key'), join(folder, 'nodes', 'kurrentdb-2', 'node.key'));
    const before = contents();
    const { code, err } = await make(folder, 'kurrentdb', 'kurrentdb-1,log1.example.org,192.0.2.11', 'kurrentdb-2', 'kurrentdb-3');
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      'kurrentdb: its certificate is not signed by this authority, or has ended: --renew makes a new one',
      'kurrentdb-1: its certificate is for DNS:kurrentdb-1,DNS:localhost,IP:127.0.0.1, not for DNS:kurrentdb-1,DNS:log1.example.org,IP:192.0.2.11,DNS:localhost,IP:127.0.0.1: --renew makes a new one',
      "kurrentdb-2: its key is missing or another's: --renew makes a new one",
      '',
    ]);
    expect(contents()).toEqual(before);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test('an authority is never replaced, with or without its key at hand', async () => {
  const [authority, key] = [read('trusted', 'ca.crt'), read('authority', 'ca.key')];
  rmSync(join(folder, 'authority', 'ca.key'));
  expect(await make(folder)).toMatchObject({ code: 0 });
  expect(await make(folder, 'kurrentdb-4')).toMatchObject({ code: 2, err: expect.stringContaining("the authority's key is not at") });
  expect(existsSync(join(folder, 'nodes', 'kurrentdb-4'))).toBe(false);
  expect(read('trusted', 'ca.crt').equals(authority)).toBe(true);

  cpSync(join(made, 'authority'), join(folder, 'authority'), { recursive: true });
  rmSync(join(folder, 'trusted', 'ca.crt'));
  expect(await make(folder)).toMatchObject({ code: 2, err: expect.stringContaining('bring that back') });
  expect(read('authority', 'ca.key').equals(key)).toBe(true);
  expect(existsSync(join(folder, 'trusted', 'ca.crt'))).toBe(false);
});

test.each([['--days', '0'], ['--days', 'x'], ['--forever'], ['a b'], ['-x'], ['a,::1'], [',a']])('what it does not know it refuses: %s', async (...arguments_) => {
  const before = contents();
  expect(await make(folder, ...arguments_)).toMatchObject({ code: 2 });
  expect(contents()).toEqual(before);
});

describe('in use', () => {
  /** What a node that presents `node`'s certificate, and wants one of its authority, makes of a client. */
  async function handshake(node: string, options: ConnectionOptions): Promise<string> {
    const pair = { key: read('nodes', node, 'node.key'), cert: read('nodes', node, 'node.crt') };
    const server = createServer({ ...pair, ca: read('trusted', 'ca.crt'), requestCert: true, rejectUnauthorized: false }, (socket) => {
      socket.on('error', () => undefined);
      socket.end(socket.authorized ? `node ${(socket.getPeerCertificate() as any).subject.CN}` : `client: ${String(socket.authorizationError)}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    let client: TLSSocket | undefined;
    try {
      return await new Promise<string>((resolve) => {
        client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options });
        client.on('data', (data) => resolve(String(data)));
        client.on('error', (error: any) => resolve(`server: ${error.code}`));
      });
    } finally {
      client?.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('a node knows another by its certificate, and is known by its names alone', async () => {
    const ca = read('trusted', 'ca.crt');
    const node = { key: read('nodes', 'kurrentdb-2', 'node.key'), cert: read('nodes', 'kurrentdb-2', 'node.crt') };
    expect(await handshake('kurrentdb-1', { ca, ...node, servername: 'kurrentdb-1' })).toBe('node kurrentdb-node');
    expect(await handshake('kurrentdb-1', { ca, ...node, servername: 'localhost' })).toBe('node kurrentdb-node');
    expect(await handshake('kurrentdb-1', { ca, servername: 'kurrentdb-1' })).toMatch(/^client: /);
    expect(await handshake('kurrentdb-1', { ca, ...node, servername: 'kurrentdb-2' })).toBe('server: ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await handshake('kurrentdb-1', { ...node, servername: 'kurrentdb-1' })).toBe('server: SELF_SIGNED_CERT_IN_CHAIN');
  });

  test('the client of KurrentDB writes and reads with the authority in its URL, and not without', async () => {
    const tls = { key: read('nodes', 'kurrentdb', 'node.key'), cert: read('nodes', 'kurrentdb', 'node.crt') };
    const server = await KurrentDbDouble.start({ tls, credentials: { user: 'ledger', password: 'secret-1' } });
    const url = `kurrentdb://ledger:secret-1@localhost:${server.port}?tls=true`;
    const [knows, knowsNot] = [KurrentDBClient.connectionString(`${url}&tlsCAFile=${join(folder, 'trusted', 'ca.crt')}`), KurrentDBClient.connectionString(url)];
    try {
      await knows.appendToStream('one', jsonEvent({ type: 'Happened', data: { n: 1 } }));
      const types: (string | undefined)[] = [];
      for await (const { event } of knows.readStream('one')) types.push(event?.type);
      expect(types).toEqual(['Happened']);
      await expect(knowsNot.appendToStream('one', jsonEvent({ type: 'Happened', data: { n: 2 } }))).rejects.toThrow('unable to verify the first certificate');
    } finally {
      await knows.dispose();
      await knowsNot.dispose();
      await server.stop();
    }
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '../config.ts';
import { localPublicKey, mintLocalToken } from './local-key.ts';
import { tokenVerifier } from './token-verifier.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-key-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

test('the key is made at the first need, for this user alone, and kept', async () => {
  const inside = join(dataDir, 'new', 'folder');
  const token = await mintLocalToken({ dataDir: inside, role: 'approver', agency: 'UNDP', expiresIn: '1h' });
  expect(await readdir(inside)).toEqual(['dev-key.json']);
  expect((await stat(join(inside, 'dev-key.json'))).mode & 0o777).toBe(0o600);
  const verifier = await tokenVerifier({ DATA_DIR: inside, NODE_ENV: 'development' });
  expect(await verifier.actorOf(token)).toEqual({ id: 'UNDP-approver', agency: 'UNDP', role: 'approver' });
});

test('the id of the actor can be given', async () => {
  const token = await mintLocalToken({ dataDir, role: 'reviewer', agency: 'ITU', id: 'r-2', expiresIn: 60 });
  expect(await (await tokenVerifier({ DATA_DIR: dataDir, NODE_ENV: 'test' })).actorOf(token)).toEqual({ id: 'r-2', agency: 'ITU', role: 'reviewer' });
});

test('many at once in one process agree on one key', async () => {
  await Promise.all(Array.from({ length: 20 }, () => localPublicKey(dataDir)));
  expect(await readdir(dataDir)).toEqual(['dev-key.json']);
});

test('several processes at once agree on one key', async () => {
  const script = `import { mintLocalToken } from ${JSON.stringify(new URL('./local-key.ts', import.meta.url).href)};
    process.stdout.write(await mintLocalToken({ dataDir: ${JSON.stringify(dataDir)}, role: 'approver', agency: 'UNDP', expiresIn: '1h' }));`;
  const run = promisify(execFile);
  const outputs = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '--eval', script], { env: { ...process.env, NODE_OPTIONS: '' } })));
  expect(await readdir(dataDir)).toEqual(['dev-key.json']);
  const verifier = await tokenVerifier({ DATA_DIR: dataDir, NODE_ENV: 'development' });
  for (const { stdout } of outputs) expect(await verifier.actorOf(stdout)).toMatchObject({ agency: 'UNDP' });
});

test.each([
  ['not json', 'it is not JSON'],
  ['{"kty":"EC"}', 'holds no private Ed25519 key'],
])('a broken key file is told, and left alone: %s', async (text, why) => {
  const path = join(dataDir, 'dev-key.json');
  await writeFile(path, text);
  await expect(localPublicKey(dataDir)).rejects.toThrow(ConfigError);
  await expect(localPublicKey(dataDir)).rejects.toThrow(why);
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('no local token in production', async () => {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await expect(mintLocalToken({ dataDir, role: 'approver', agency: 'UNDP', expiresIn: '1h' })).rejects.toThrow(ConfigError);
    expect(await readdir(dataDir)).toEqual([]);
  } finally {
    process.env['NODE_ENV'] = before;
  }
});

test('an actor that the ledger does not know is not minted', async () => {
  await expect(mintLocalToken({ dataDir, role: 'king' as 'approver', agency: 'UNDP', expiresIn: '1h' })).rejects.toThrow();
});

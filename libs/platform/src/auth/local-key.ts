import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK } from 'jose';
import { Actor, type Role } from '#domain/event.ts';
import { ConfigError, NODE_ENV } from '../config.ts';

export const LOCAL_ISSUER = 'urn:action-line-ledger:local';
export const LOCAL_AUDIENCE = 'urn:action-line-ledger';

export interface LocalToken {
  dataDir: string;
  role: Role;
  agency: string;
  /** Opaque id of the actor; `{agency}-{role}` unless given. */
  id?: string;
  /** `8h`, `30 days`, or seconds from now. */
  expiresIn: string | number;
}

/**
 * A token signed by the local key, for trying things out and for tests.
 * @throws ConfigError in production
 */
export async function mintLocalToken({ dataDir, role, agency, id = `${agency}-${role}`, expiresIn }: LocalToken): Promise<string> {
  refuseInProduction();
  const actor = Actor.parse({ id, agency, role });
  return new SignJWT({ agency: actor.agency, role: actor.role })
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(actor.id)
    .setIssuer(LOCAL_ISSUER)
    .setAudience(LOCAL_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(typeof expiresIn === 'number' ? Math.floor(Date.now() / 1000) + expiresIn : expiresIn)
    .sign((await importJWK(await localKey(dataDir), ALGORITHM)) as CryptoKey);
}

/** The key that proves local tokens. @throws ConfigError when the key file can't be used */
export async function localPublicKey(dataDir: string): Promise<CryptoKey> {
  const { d: _private, ...publicKey } = await localKey(dataDir);
  return (await importJWK(publicKey, ALGORITHM)) as CryptoKey;
}

const ALGORITHM = 'EdDSA';
const FILE = 'dev-key.json';

function refuseInProduction(): void {
  if (NODE_ENV.safeParse(process.env['NODE_ENV'] || undefined).data !== 'production') return;
  throw new ConfigError([{ variable: 'OIDC_ISSUER', rule: 'issues the tokens in production: tokens of a local key are not accepted there' }]);
}

async function localKey(dataDir: string): Promise<JWK> {
  const path = join(dataDir, FILE);
  try {
    return parseKey(path, await readFile(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unusable(path, error);
  }
  try {
    await createKey(dataDir, path);
    return parseKey(path, await readFile(path, 'utf8'));
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Written aside and then linked: other processes see the whole file or none, and the first of them wins. */
async function createKey(dataDir: string, path: string): Promise<void> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const aside = `${path}.${randomUUID()}`;
  await mkdir(dataDir, { recursive: true });
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(await exportJWK(privateKey))}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(aside);
  }
}

function parseKey(path: string, text: string): JWK {
  const key = JSON.parse(text) as JWK;
  if (key.kty === 'OKP' && key.crv === 'Ed25519' && typeof key.x === 'string' && typeof key.d === 'string') return key;
  throw new Error(`${path} holds no private Ed25519 key`);
}

function unusable(path: string, cause: unknown): ConfigError {
  const why = cause instanceof SyntaxError ? 'it is not JSON' : cause instanceof Error ? cause.message : String(cause);
  return new ConfigError([{ variable: 'DATA_DIR', rule: `the local key ${path} can't be used (${why}); delete it to get a new one` }]);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

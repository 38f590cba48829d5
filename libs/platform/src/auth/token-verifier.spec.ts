import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { errors, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose';
import { ConfigError } from '../config.ts';
import { tokenVerifier, TokenVerifier } from './token-verifier.ts';

const AUDIENCE = 'ledger-api';
const claims = { sub: '7f3a', agency: 'UNDP', role: 'approver' };

let server: Server;
let issuer: string;
let keys: JWK[];
let discovery: { status: number; issuer?: string };
let verifier: TokenVerifier;
let signing: { alg: string; key: CryptoKey };

beforeEach(async () => {
  discovery = { status: 200 };
  server = createServer((request, response) => {
    const document = request.url === '/realm/jwks' ? { keys } : { issuer: discovery.issuer ?? issuer, jwks_uri: `${issuer}/jwks` };
    response.writeHead(discovery.status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`;
  keys = [];
  signing = await newKey('RS256');
  verifier = await tokenVerifier({ OIDC_ISSUER: issuer, OIDC_AUDIENCE: AUDIENCE, DATA_DIR: 'unused', NODE_ENV: 'production' });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** A key pair whose public half the issuer publishes. */
async function newKey(alg: string): Promise<{ alg: string; key: CryptoKey }> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  keys.push({ ...(await exportJWK(publicKey)), alg, kid: alg });
  return { alg, key: privateKey };
}

interface Token {
  payload?: Record<string, unknown>;
  by?: { alg: string; key: CryptoKey | Uint8Array };
  from?: string;
  to?: string;
  expires?: string | undefined;
}

function token({ payload = claims, by = signing, from = issuer, to = AUDIENCE, ...rest }: Token = {}): Promise<string> {
  const jwt = new SignJWT(payload).setProtectedHeader({ alg: by.alg, kid: by.alg }).setIssuer(from).setAudience(to).setIssuedAt();
  const expires = 'expires' in rest ? rest.expires : '1h';
  return (expires === undefined ? jwt : jwt.setExpirationTime(expires)).sign(by.key);
}

test.each(['RS256', 'RS512', 'ES256', 'ES384', 'EdDSA'])('a token of the issuer names an actor: %s', async (alg) => {
  const by = alg === 'RS256' ? signing : await newKey(alg);
  expect(await verifier.actorOf(await token({ by }))).toEqual({ id: '7f3a', agency: 'UNDP', role: 'approver' });
});

describe('whose a token is is remembered', () => {
  const aMinuteAndMore = 60_001;
  let publicKey: CryptoKey | undefined;
  let privateKey: CryptoKey;
  let own: TokenVerifier;

  beforeEach(async () => {
    ({ publicKey, privateKey } = await generateKeyPair('EdDSA'));
    const keyNow = () => (publicKey ? Promise.resolve(publicKey) : Promise.reject(new errors.JWKSNoMatchingKey()));
    own = new TokenVerifier(() => Promise.resolve(keyNow), { issuer, audience: AUDIENCE, algorithms: ['EdDSA'], requiredClaims: ['sub', 'exp'] });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance', 'hrtime'] });
  });
  afterEach(() => jest.useRealTimers());

  test('for a minute after its key was withdrawn, and no longer', async () => {
    const one = await token({ by: { alg: 'EdDSA', key: privateKey } });
    const first = await own.actorOf(one);
    publicKey = undefined;
    expect(await own.actorOf(one)).toBe(first);
    jest.setSystemTime(Date.now() + aMinuteAndMore);
    await expect(own.actorOf(one)).rejects.toMatchObject({ status: 401, code: 'AUTH.TOKEN_INVALID' });
  });

  test('but never past its end', async () => {
    const one = await token({ by: { alg: 'EdDSA', key: privateKey }, expires: '10 seconds' });
    await own.actorOf(one);
    jest.setSystemTime(Date.now() + 11_000);
    await expect(own.actorOf(one)).rejects.toMatchObject({ code: 'AUTH.TOKEN_INVALID', message: expect.stringContaining('expired') });
  });

  test('and another token of the same actor, with other claims, is another', async () => {
    const by = { alg: 'EdDSA', key: privateKey };
    expect(await own.actorOf(await token({ by }))).toMatchObject({ role: 'approver' });
    expect(await own.actorOf(await token({ by, payload: { ...claims, role: 'reviewer' } }))).toMatchObject({ role: 'reviewer' });
  });

  test('a refusal is not', async () => {
    const key = publicKey;
    const one = await token({ by: { alg: 'EdDSA', key: privateKey } });
    publicKey = undefined;
    await expect(own.actorOf(one)).rejects.toMatchObject({ status: 401 });
    publicKey = key;
    expect(await own.actorOf(one)).toMatchObject({ id: '7f3a' });
  });
});

test('a key that the issuer brings later is found', async () => {
  await verifier.actorOf(await token());
  expect(await verifier.actorOf(await token())).toMatchObject({ id: '7f3a' });
});

test.each<[string, Token]>([
  ['expired', { expires: '-1 minute' }],
  ['without an end', { expires: undefined }],
  ['of another issuer', { from: 'https://elsewhere.example' }],
  ['for others', { to: 'another-api' }],
  ['without a subject', { payload: { agency: 'UNDP', role: 'approver' } }],
  ['with an e-mail address as subject', { payload: { ...claims, sub: 'someone@example.org' } }],
  ['with a subject that no row can hold', { payload: { ...claims, sub: '7f3a\u0000' } }],
  ['without an agency', { payload: { sub: '1', role: 'approver' } }],
  ['without a role', { payload: { sub: '1', agency: 'UNDP' } }],
  ['with an unknown role', { payload: { ...claims, role: 'king' } }],
  ['with roles in a list', { payload: { ...claims, role: ['approver'] } }],
  ['signed with a shared secret', { by: { alg: 'HS256', key: new Uint8Array(32) } }],
])('refused: %s', async (_name, options) => {
  await expect(verifier.actorOf(await token(options))).rejects.toMatchObject({ status: 401, code: 'AUTH.TOKEN_INVALID' });
});

test('refused: signed by a key of somebody else, under the name of the issuer\'s', async () => {
  const { privateKey } = await generateKeyPair('RS256');
  await expect(verifier.actorOf(await token({ by: { alg: 'RS256', key: privateKey } }))).rejects.toMatchObject({ code: 'AUTH.TOKEN_INVALID' });
});

test('refused: not signed, or changed', async () => {
  const unsigned = new UnsecuredJWT(claims).setIssuer(issuer).setAudience(AUDIENCE).setExpirationTime('1h').encode();
  await expect(verifier.actorOf(unsigned)).rejects.toMatchObject({ code: 'AUTH.TOKEN_INVALID' });
  const [header, , signature] = (await token()).split('.');
  const payload = Buffer.from(JSON.stringify({ ...claims, role: 'administrator', iss: issuer, aud: AUDIENCE, exp: 9e9 })).toString('base64url');
  await expect(verifier.actorOf(`${header}.${payload}.${signature}`)).rejects.toMatchObject({ code: 'AUTH.TOKEN_INVALID' });
});

test('what a refusal says does not repeat the token', async () => {
  const text = await token({ payload: { ...claims, sub: 'someone@example.org' } });
  const error = await verifier.actorOf(text).then(() => undefined, (thrown: unknown) => thrown);
  expect(String(error)).not.toMatch(/someone|eyJ/);
});

test('an issuer that is down is 503, and is asked again', async () => {
  discovery.status = 500;
  await expect(verifier.actorOf(await token())).rejects.toMatchObject({ status: 503, code: 'AUTH.ISSUER_UNAVAILABLE', headers: { 'retry-after': '5' } });
  discovery.status = 200;
  expect(await verifier.actorOf(await token())).toMatchObject({ id: '7f3a' });
});

test('keys that can\'t be fetched are 503, not a bad token', async () => {
  const other = await tokenVerifier({ OIDC_ISSUER: issuer, OIDC_AUDIENCE: AUDIENCE, DATA_DIR: 'unused', NODE_ENV: 'production' });
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (request.url === '/realm/jwks') response.writeHead(500).end();
    else response.writeHead(200).end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }));
  });
  await expect(other.actorOf(await token())).rejects.toMatchObject({ status: 503, code: 'AUTH.ISSUER_UNAVAILABLE' });
});

test('a discovery document of another issuer is not believed', async () => {
  discovery.issuer = 'https://elsewhere.example';
  await expect(verifier.actorOf(await token())).rejects.toMatchObject({ status: 503 });
});

test.each([
  [{ OIDC_ISSUER: 'https://id.example' }, 'OIDC_AUDIENCE: is required'],
  [{}, 'OIDC_ISSUER: is required in production'],
])('settings that would let in anybody are refused: %j', async (settings, message) => {
  const made = tokenVerifier({ DATA_DIR: 'unused', NODE_ENV: 'production', ...settings });
  await expect(made).rejects.toThrow(ConfigError);
  await expect(made).rejects.toThrow(message);
});

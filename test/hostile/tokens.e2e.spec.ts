import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { createApi } from '../../apps/api/src/app.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { listen } from '#platform/http-app.ts';
import { startLedger, type Ledger } from '../e2e/ledger.ts';

/**
 * Forged tokens, to the API as it runs in production: with an OpenID Connect issuer. None of them writes anything, none
 * is looked up where it says, and none makes the API ask the issuer again and again. (What a token must say is tested in
 * token-verifier.spec.ts.)
 */
const AUDIENCE = 'ledger-api';

interface Site {
  server: Server;
  url: string;
  asked: string[];
}

let ledger: Ledger;
let store: EventStore;
let api: NestFastifyApplication;
let url: string;
let issuer: Site;
/** Where tokens say that their key is to be found. */
let elsewhere: Site;
/** The issuer's key pair, and one of somebody else who knows the issuer's public key. */
let keys: { publicKey: CryptoKey; privateKey: CryptoKey };
let others: { publicKey: CryptoKey; privateKey: CryptoKey };
let othersJwk: JWK;
let serial = 0;

beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true });
  others = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  othersJwk = { ...(await exportJWK(others.publicKey)), kid: 'other', alg: 'RS256', use: 'sig' };
  issuer = await site((path, base) => (path === '/jwks' ? { keys: [jwk] } : { issuer: base, jwks_uri: `${base}/jwks` }));
  elsewhere = await site(() => ({ keys: [{ ...othersJwk, kid: 'one' }, othersJwk] }));
  ledger = await startLedger();
  store = await openEventStore(ledger.databaseUrl);
  const settings = { ...ledger.settings, NODE_ENV: 'production' as const, OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE };
  api = await createApi(settings);
  url = await listen(api, settings);
});

afterAll(async () => {
  await api.close();
  await store.close();
  await ledger.stop();
  for (const { server } of [issuer, elsewhere]) {
    server.closeAllConnections();
    server.close();
  }
});

const claims = { sub: '7f3a', agency: 'UNCTAD', role: 'administrator' };

/** A token of the claims above for this API, signed with `key` under the header. */
function signed(header: object, key: CryptoKey | Uint8Array = others.privateKey, payload: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { ...claims, iss: issuer.url, aud: AUDIENCE, iat: now, exp: now + 3600, ...payload };
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256', ...header }).sign(key, { crit: {} });
}

/** The same with whatever signature, which no library would make. */
function assembled(header: object, signature: (input: string) => string, payload: object = {}): string {
  const input = [header, { ...claims, iss: issuer.url, aud: AUDIENCE, exp: Math.floor(Date.now() / 1000) + 3600, ...payload }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${signature(input)}`;
}

function hmac(secret: string | Buffer): (input: string) => string {
  return (input) => createHmac('sha256', secret).update(input).digest('base64url');
}

function register(token: string): Promise<Response> {
  serial += 1;
  return fetch(`${url}/v1/agencies`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': `token-${serial}` },
    body: JSON.stringify({ code: `A${serial}`, names: { en: 'An agency' }, kind: 'other' }),
  });
}

test('a token of the issuer is accepted', async () => {
  expect((await register(await signed({ kid: 'one' }, keys.privateKey))).status).toBe(201);
  expect(await store.head()).toBe(1);
});

const forged: Record<string, () => string | Promise<string>> = {
  'expired': () => signed({ kid: 'one' }, keys.privateKey, { exp: Math.floor(Date.now() / 1000) - 60 }),
  'that begins later': () => signed({ kid: 'one' }, keys.privateKey, { nbf: Math.floor(Date.now() / 1000) + 3600 }),
  'whose end is text': () => signed({ kid: 'one' }, keys.privateKey, { exp: '9999999999' }),
  'without an end': () => signed({ kid: 'one' }, keys.privateKey, { exp: undefined }),
  'for another audience': () => signed({ kid: 'one' }, keys.privateKey, { aud: 'another-api' }),
  'for nobody': () => signed({ kid: 'one' }, keys.privateKey, { aud: [] }),
  'of another issuer': () => signed({ kid: 'one' }, keys.privateKey, { iss: elsewhere.url }),
  'of an issuer with a slash more': () => signed({ kid: 'one' }, keys.privateKey, { iss: `${issuer.url}/` }),
  'signed with none': () => assembled({ alg: 'none' }, () => ''),
  'signed with none, under the name of the key': () => assembled({ alg: 'none', kid: 'one' }, () => ''),
  'signed with None': () => assembled({ alg: 'nOnE', kid: 'one' }, () => 'AAAA'),
  'without a signature': async () => (await signed({ kid: 'one' }, keys.privateKey)).replace(/[^.]+$/, ''),
  'signed with the public key as a secret, as PEM': async () => assembled({ alg: 'HS256', kid: 'one' }, hmac(await exportSPKI(keys.publicKey))),
  'signed with the public key as a secret, as JWK': async () => assembled({ alg: 'HS256', kid: 'one' }, hmac(JSON.stringify(await exportJWK(keys.publicKey)))),
  'signed with the modulus as a secret': async () => assembled({ alg: 'HS256', kid: 'one' }, hmac(Buffer.from((await exportJWK(keys.publicKey)).n!, 'base64url'))),
  'signed with an empty secret': () => assembled({ alg: 'HS256', kid: 'one' }, hmac('')),
  'signed by somebody else': () => signed({ kid: 'one' }),
  'signed by somebody else, without a kid': () => signed({}),
  'with a kid that nobody has': () => signed({ kid: 'two' }),
  'with a kid that is a file': () => signed({ kid: '../../../../dev/null' }),
  'with a kid that is a place': () => signed({ kid: `${elsewhere.url}/key` }),
  'with a kid that is a query': () => signed({ kid: "one' or '1'='1" }),
  'with a kid that is no text': () => assembled({ alg: 'RS256', kid: { $ne: null } }, () => 'AAAA'),
  'with a key of its own': () => signed({ kid: 'other', jwk: othersJwk }),
  'with a key of its own under the issuer\'s name': () => signed({ kid: 'one', jwk: { ...othersJwk, kid: 'one' } }),
  'that says where its key is': () => signed({ kid: 'one', jku: `${elsewhere.url}/jwks` }),
  'that says where its certificate is': () => signed({ kid: 'one', x5u: `${elsewhere.url}/certificate` }),
  'with a certificate of its own': () => signed({ kid: 'one', x5c: ['MIIB'] }),
  'with a rule that must be understood': () => assembled({ alg: 'RS256', kid: 'one', crit: ['exp'], exp: 1 }, () => 'AAAA'),
  'whose payload is not encoded': () => assembled({ alg: 'RS256', kid: 'one', b64: false, crit: ['b64'] }, () => 'AAAA'),
  'of an algorithm that the key is not for': () => assembled({ alg: 'ES256', kid: 'one' }, () => Buffer.alloc(64).toString('base64url')),
  'of parts that are no JSON': () => 'AAAA.AAAA.AAAA',
  'of too many parts': async () => `${await signed({ kid: 'one' }, keys.privateKey)}.AAAA`,
  'of empty parts': () => '..',
  'with another payload under a good signature': async () => {
    const [header, , signature] = (await signed({ kid: 'one' }, keys.privateKey, { role: 'reviewer' })).split('.');
    return assembled({}, () => '').replace(/^[^.]+/, header!).replace(/[^.]*$/, signature!);
  },
};

test.each(Object.keys(forged))('a token %s is refused', async (name) => {
  const head = await store.head();
  const response = await register(await forged[name]!());
  expect({ status: response.status, type: response.headers.get('content-type'), challenge: response.headers.get('www-authenticate'), problem: await response.json() }).toMatchObject({
    status: 401,
    type: expect.stringMatching(/^application\/problem\+json/),
    challenge: expect.stringMatching(/^Bearer error="invalid_/),
    problem: { code: 'AUTH.TOKEN_INVALID' },
  });
  expect(await store.head()).toBe(head);
  expect(elsewhere.asked).toEqual([]);
});

test('a token that is larger than headers may be is refused', async () => {
  const response = await register(await signed({ kid: 'one' }, keys.privateKey, { padding: 'x'.repeat(20_000) }));
  expect({ status: response.status, problem: await response.json() }).toMatchObject({ status: 431, problem: { code: 'REQUEST.HEADERS_TOO_LARGE' } });
});

test('many tokens with keys that nobody has do not make the API ask the issuer as often, and a good one is still accepted', async () => {
  const before = issuer.asked.length;
  for (let kid = 0; kid < 50; kid++) expect((await register(await signed({ kid: `unknown-${kid}` }))).status).toBe(401);
  expect(issuer.asked.length - before).toBeLessThan(5);
  expect((await register(await signed({ kid: 'one' }, keys.privateKey))).status).toBe(201);
});

/** A web server that answers with JSON and remembers what it was asked for. */
async function site(answer: (path: string, base: string) => unknown): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(request.url!, base)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url: base, asked };
}

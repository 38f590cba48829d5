import { hash } from 'node:crypto';
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import { LRUCache } from 'lru-cache';
import { Actor } from '#domain/event.ts';
import { ConfigError } from '../config.ts';
import { Problem } from '../problem.ts';
import { LOCAL_AUDIENCE, LOCAL_ISSUER, localPublicKey } from './local-key.ts';

export interface TokenSettings {
  DATA_DIR: string;
  NODE_ENV: 'development' | 'test' | 'production';
  OIDC_ISSUER?: string | undefined;
  OIDC_AUDIENCE?: string | undefined;
}

/**
 * Says whose a bearer token is. Whose it was a moment ago is remembered, for checking a signature takes as long as all
 * the rest of a small request: a token of a key that the issuer withdrew is accepted for REMEMBERED_MS_MAX more.
 */
export class TokenVerifier {
  /** By the token's hash, so that no dump of this process's memory is full of tokens. */
  readonly #remembered = new LRUCache<string, { actor: Actor; until: number }>({ max: REMEMBERED_MAX });

  constructor(
    private readonly keyFor: () => Promise<JWTVerifyGetKey>,
    private readonly expected: JWTVerifyOptions,
  ) {}

  /**
   * @throws Problem AUTH.TOKEN_INVALID (401) for a token that is forged, expired, meant for others or names no actor;
   * AUTH.ISSUER_UNAVAILABLE (503) when the issuer's keys can't be had
   */
  async actorOf(token: string): Promise<Actor> {
    const name = hash('sha256', token, 'base64');
    const remembered = this.#remembered.get(name);
    if (remembered && Date.now() < remembered.until) return remembered.actor;
    const { actor, expiresAt } = await this.#verify(token);
    this.#remembered.set(name, { actor, until: Math.min(expiresAt, Date.now() + REMEMBERED_MS_MAX) });
    return actor;
  }

  async #verify(token: string): Promise<{ actor: Actor; expiresAt: number }> {
    const key = await this.keyFor();
    const { payload } = await jwtVerify(token, key, this.expected).catch(refuseToken);
    if (/@/.test(payload.sub ?? '')) throw invalidToken('its subject is not opaque: it must not be an e-mail address');
    const actor = Actor.safeParse({ id: payload.sub, agency: payload['agency'], role: payload['role'] });
    if (!actor.success) throw invalidToken(`its claims do not name ${actor.error.issues.map((issue) => CLAIM_OF[String(issue.path[0])]).join(', ')}`);
    return { actor: Object.freeze(actor.data), expiresAt: payload.exp! * 1000 };
  }
}

/** Tokens remembered at most. */
const REMEMBERED_MAX = 10_000;
/** Short beside the ten minutes for which the issuer's keys themselves are kept. */
export const REMEMBERED_MS_MAX = 60_000;

/**
 * Tokens of OIDC_ISSUER; without one, of the local key in DATA_DIR, which is made where it is missing.
 * @throws ConfigError in production without an issuer, and for an issuer without OIDC_AUDIENCE
 */
export async function tokenVerifier({ OIDC_ISSUER, OIDC_AUDIENCE, DATA_DIR, NODE_ENV }: TokenSettings): Promise<TokenVerifier> {
  if (OIDC_ISSUER !== undefined) {
    if (OIDC_AUDIENCE === undefined) {
      throw new ConfigError([{ variable: 'OIDC_AUDIENCE', rule: 'is required with OIDC_ISSUER: tokens meant for others must not count' }]);
    }
    return new TokenVerifier(issuerKeys(OIDC_ISSUER), { ...COMMON, issuer: OIDC_ISSUER, audience: OIDC_AUDIENCE, algorithms: ALGORITHMS });
  }
  if (NODE_ENV === 'production') {
    throw new ConfigError([{ variable: 'OIDC_ISSUER', rule: 'is required in production: tokens of a local key are not accepted there' }]);
  }
  const key = await localPublicKey(DATA_DIR);
  return new TokenVerifier(async () => async () => key, { ...COMMON, issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, algorithms: ['EdDSA'] });
}

const COMMON = { requiredClaims: ['sub', 'exp'], clockTolerance: 5 } satisfies JWTVerifyOptions;
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const CLAIM_OF: Record<string, string> = { id: 'a subject', agency: 'an agency', role: 'a role' };
const ISSUER_TIMEOUT_MS = 5000;

/** Discovers the issuer's keys at the first token, so that an issuer that is down does not keep this process from starting. */
function issuerKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return () => {
    keys ??= discover(issuer).catch((error: unknown) => {
      keys = undefined;
      throw issuerUnavailable(error);
    });
    return keys;
  };
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS), redirect: 'error' });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer) throw new Error(`${url} speaks for another issuer: ${String(document.issuer)}`);
  return createRemoteJWKSet(new URL(String(document.jwks_uri)), { timeoutDuration: ISSUER_TIMEOUT_MS });
}

function refuseToken(error: unknown): never {
  if (error instanceof errors.JWTExpired) throw invalidToken('it has expired', error);
  if (error instanceof errors.JWTClaimValidationFailed) throw invalidToken(`its claim "${error.claim}" is not as it must be`, error);
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) throw issuerUnavailable(error);
  // Fetching keys fails with a plain JOSEError (bad status, not JSON) or with fetch's TypeError.
  if (!(error instanceof errors.JOSEError) || error.constructor === errors.JOSEError) throw issuerUnavailable(error);
  throw invalidToken('it is not a token signed by the issuer', error);
}

function invalidToken(why: string, cause?: unknown): Problem {
  return new Problem(401, 'AUTH.TOKEN_INVALID', `the bearer token is not accepted: ${why}`, {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    cause,
  });
}

function issuerUnavailable(cause: unknown): Problem {
  return new Problem(503, 'AUTH.ISSUER_UNAVAILABLE', 'the issuer of tokens does not answer just now; try again', { headers: { 'retry-after': '5' }, cause });
}

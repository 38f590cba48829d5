import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { tokenVerifier } from '#platform/auth/token-verifier.ts';
import { run } from './terminal.fixture.ts';

let DATA_DIR: string;

beforeEach(() => {
  DATA_DIR = mkdtempSync(join(tmpdir(), 'token-'));
});

afterEach(() => rmSync(DATA_DIR, { recursive: true }));

const actorOf = async (token: string) => (await tokenVerifier({ DATA_DIR, NODE_ENV: 'test' })).actorOf(token);

test.each([
  ['administrator', 'UNCTAD'], ['secretariat', 'UNCTAD'], ['focal-point', 'ITU'], ['approver', 'ITU'], ['reviewer', 'UNESCO'],
])('a token for role %s alone is of %s, printed alone, and accepted', async (role, agency) => {
  const { exitCode, out, err } = await run(['token', '--role', role], { DATA_DIR });
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(await actorOf(out.trim())).toEqual({ id: `${agency}-${role}`, agency, role });
});

test('agency, id and expiry are taken', async () => {
  const args = ['token', '--role', 'approver', '--agency', 'UNDP', '--id', 'undp-7', '--expires', '30m', '--json'];
  const { token, ...rest } = JSON.parse((await run(args, { DATA_DIR })).out);
  expect(rest).toEqual({ actor: { id: 'undp-7', agency: 'UNDP', role: 'approver' }, expiresInSeconds: 1_800 });
  expect(await actorOf(token)).toEqual({ id: 'undp-7', agency: 'UNDP', role: 'approver' });
  const { iat, exp } = decodeJwt(token);
  expect(Math.abs(exp! - iat! - 1_800)).toBeLessThanOrEqual(1);
});

test.each([
  [['--role', 'boss'], 'Allowed choices are administrator, focal-point, approver, reviewer, secretariat.'],
  [['--role', 'approver', '--agency', 'U N'], '--agency must be an agency code such as UNDP'],
  [['--role', 'approver', '--id', 'jane@undp.org'], '--id must not be an e-mail address'],
  [['--role', 'approver', '--expires', 'soon'], '--expires must be a time such as 90s, 30m, 8h or 30d'],
])('%j is refused', async (args, message) => {
  const { exitCode, out, err } = await run(['token', ...args], { DATA_DIR });
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(message);
});

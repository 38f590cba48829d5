import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { exampleBodies } from '../../apps/api/src/commands/examples.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { BODY_BYTES_MAX, REQUEST_MS_MAX } from '#platform/http-adapter.ts';
import { startLedger, type Client, type Ledger } from '../e2e/ledger.ts';
import { partner, story, toTake } from '../e2e/story.ts';

/**
 * What nobody sends by mistake, to the API as it ships: each gets a clear refusal that names place and rule, nothing is
 * written, and the next request is served. What of it needs no ledger is tested beside the sources of libs/platform.
 */
let ledger: Ledger;
let store: EventStore;
let administrator: Client;
let focalPoint: Client;
/** A registered commitment. */
let commitment: string;
let head: number;

beforeAll(async () => {
  ledger = await startLedger();
  store = await openEventStore(ledger.databaseUrl);
  administrator = await ledger.as('administrator', 'UNCTAD');
  focalPoint = await ledger.as('focal-point', 'UNDP');
  await administrator.post('agencies', partner);
  // Up to the first commitment's registration.
  for (const step of story.slice(0, story.findIndex(([name]) => name === 'RegisterCommitment') + 1)) {
    const { path, role, agency, body } = toTake(step, { agency: 'UNDP', line: 'C4', indicator: 'UNDP.labs', successor: commitment });
    const { body: read } = path.includes('/') ? await (await ledger.as(role, agency)).get(path.split('/').slice(0, 2).join('/')) : { body: undefined };
    const answer = await (await ledger.as(role, agency)).post(path, body, { ifMatch: read?.revision });
    expect({ path, problem: answer.status < 300 ? undefined : answer.body }).toEqual({ path, problem: undefined });
    if (path === 'commitments') commitment = answer.body.id as string;
  }
});

beforeEach(async () => {
  head = await store.head();
});

afterEach(async () => {
  expect(await store.head()).toBe(head);
  expect((await ledger.anyone.get('agencies/ITU')).status).toBe(200);
});

afterAll(async () => {
  await store.close();
  await ledger.stop();
});

const agency = { code: 'WHO', names: { en: 'World Health Organization' }, kind: 'un-entity' };
const content = (exampleBodies['SubmitCommitment'] as { content: object }).content;
const progress = (exampleBodies['SubmitProgress'] as { content: { observations: object[] } }).content;

describe('a body', () => {
  /** The rule at a place, or no place where the whole is no JSON. */
  const bodies: [string, string | Uint8Array<ArrayBuffer>, status: number, code: string, at?: [pointer: string, rule: string]][] = [
    ['larger than 1 MiB', `"${'x'.repeat(BODY_BYTES_MAX)}"`, 413, 'REQUEST.TOO_LARGE'],
    ['with a million fields', `{${fields(1_000_000)}}`, 413, 'REQUEST.TOO_LARGE'],
    ['with as many fields as fit', `{${fields(90_000)}}`, 400, 'REQUEST.MALFORMED_JSON', ['', 'too_many_entries']],
    ['with as many names as fit', text({ ...agency, names: '@' }, `{"en":"a",${fields(80_000)}}`), 400, 'REQUEST.MALFORMED_JSON', ['', 'too_many_entries']],
    ['of lists as deep as fit', '['.repeat(500_000) + ']'.repeat(500_000), 400, 'REQUEST.MALFORMED_JSON', ['/0'.repeat(32), 'too_deep']],
    ['of objects as deep as fit', '{"names":'.repeat(100_000) + '1' + '}'.repeat(100_000), 400, 'REQUEST.MALFORMED_JSON', ['/names'.repeat(32), 'too_deep']],
    ['with a field twice', text({ ...agency, kind: '@' }, '"un-entity","code":"ITU"'), 400, 'REQUEST.MALFORMED_JSON', ['/code', 'duplicate_field']],
    ['with a field twice, once in disguise', text({ ...agency, kind: '@' }, '"un-entity","c\\u006fde":"ITU"'), 400, 'REQUEST.MALFORMED_JSON', ['/code', 'duplicate_field']],
    ['with __proto__', text({ ...agency, names: '@' }, '{"en":"a","__proto__":{"fr":"b"}}'), 400, 'REQUEST.MALFORMED_JSON', ['/names/__proto__', 'unknown_field']],
    ['with constructor', text({ ...agency, constructor: '@' }, '{"prototype":{"isAdmin":true}}'), 422, 'REQUEST.INVALID', ['/constructor', 'unknown_field']],
    ['with constructor for a language', text({ ...agency, names: '@' }, '{"en":"a","constructor":"b"}'), 422, 'REQUEST.INVALID', ['/names/constructor', 'custom']],
    ['with half of a surrogate pair', text({ ...agency, names: '@' }, '{"en":"a\\ud83c"}'), 422, 'REQUEST.INVALID', ['/names/en', 'surrogates']],
    ['with half of a surrogate pair in a name', text({ ...agency, names: '@' }, '{"en":"a","\\udf0d":"b"}'), 422, 'REQUEST.INVALID', ['/names/\udf0d', 'custom']],
    ['with NUL', text({ ...agency, names: '@' }, '{"en":"a\\u0000"}'), 422, 'REQUEST.INVALID', ['/names/en', 'control_characters']],
    ['with a naked NUL', text({ ...agency, names: '@' }, '{"en":"a\u0000"}'), 400, 'REQUEST.MALFORMED_JSON'],
    ['of NULs', '\u0000'.repeat(1000), 400, 'REQUEST.MALFORMED_JSON'],
    ['that is not UTF-8', Buffer.concat([Buffer.from('{"code":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]), 400, 'REQUEST.MALFORMED_JSON'],
    ['in UTF-16', Buffer.from(JSON.stringify(agency), 'utf16le'), 400, 'REQUEST.MALFORMED_JSON'],
    ['that is packed', gzipSync(JSON.stringify(agency)), 400, 'REQUEST.MALFORMED_JSON'],
    ['that is a list', JSON.stringify([agency]), 422, 'REQUEST.INVALID', ['', 'type']],
    ['that is null', 'null', 422, 'REQUEST.INVALID', ['', 'type']],
    ['with a date before all', text({ ...agency, occurredOn: '@' }, '"0000-01-01"'), 422, 'REQUEST.INVALID', ['/occurredOn', 'date_range']],
    ['with a date after all', text({ ...agency, occurredOn: '@' }, '"3000-01-01"'), 422, 'REQUEST.INVALID', ['/occurredOn', 'date_range']],
    ['with a date in the style of far years', text({ ...agency, occurredOn: '@' }, '"+275760-09-13"'), 422, 'REQUEST.INVALID', ['/occurredOn', 'format']],
    ['with a day that no month has', text({ ...agency, occurredOn: '@' }, '"2022-02-30"'), 422, 'REQUEST.INVALID', ['/occurredOn', 'format']],
    ['with a date to come', text({ ...agency, occurredOn: '@' }, '"2999-12-31"'), 409, 'COMMAND.OCCURRED_IN_FUTURE', ['/occurredOn', 'COMMAND.OCCURRED_IN_FUTURE']],
  ];
  test.each(bodies.map(([name, body, status, code, at]) => ({ name, body, status, code, at })))('$name is refused', async ({ body, status, code, at }) => {
    await expectRefused(await send('agencies', administrator, body), status, code, at);
  });

  test.each<[string, string, [pointer: string, rule: string]]>([
    ['a number past 2^53', text({ lead: 'UNDP', content: { ...content, reportingIntervalDays: '@' } }, '9007199254740993'), ['/content/reportingIntervalDays', 'too_big']],
    ['a number past all', text({ lead: 'UNDP', content: { ...content, reportingIntervalDays: '@' } }, '1e400'), ['/content/reportingIntervalDays', 'type']],
    ['a number with a fraction', text({ lead: 'UNDP', content: { ...content, sdgs: ['@'] } }, '1.5'), ['/content/sdgs/0', 'type']],
    ['money as a number', text({ lead: 'UNDP', content: { ...content, pledged: [{ amount: '@', currency: 'USD' }] } }, '9007199254740993'), ['/content/pledged/0/amount', 'type']],
    ['more digits than are kept', text({ lead: 'UNDP', content: { ...content, pledged: [{ amount: '@', currency: 'USD' }] } }, `"${'9'.repeat(19)}"`), ['/content/pledged/0/amount', 'pattern']],
    ['more entries than a list takes', text({ lead: 'UNDP', content: { ...content, sdgs: '@' } }, `[${'1,'.repeat(9000)}1]`), ['/content/sdgs', 'too_big']],
  ])('of a commitment with %s is refused', async (_, body, at) => {
    await expectRefused(await send('commitments', focalPoint, body), 422, 'REQUEST.INVALID', at);
  });

  test('in chunks without an announced length is refused when it grows too large', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const response = await fetch(`${ledger.url}/v1/agencies`, {
      method: 'POST',
      headers: { ...headersOf(administrator) },
      body: new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }),
      duplex: 'half',
    } as RequestInit & { duplex: 'half' }).catch((error: unknown) => error);
    // The client may be cut off while it still sends, before it hears why.
    if (response instanceof Response) await expectRefused(response, 413, 'REQUEST.TOO_LARGE');
    else expect(String((response as Error).cause)).toMatch(/EPIPE|ECONNRESET|other side closed/);
  });

  test('that would make an event too large for the log is refused whole', async () => {
    const observation = { ...progress.observations[0]!, source: 'x'.repeat(500), method: '世'.repeat(500) };
    const body = JSON.stringify({ content: { ...progress, observations: Array(200).fill(observation) } });
    await expectRefused(await send(`commitments/${commitment}/progress-updates`, focalPoint, body), 413, 'EVENT_STORE.EVENT_TOO_LARGE');
  });
});

describe('a cursor', () => {
  let cursor: string;
  const list = 'agencies?limit=1';

  beforeEach(async () => {
    cursor = (await ledger.anyone.get(list)).body.next as string;
    expect((await ledger.anyone.get(`${list}&cursor=${cursor}`)).status).toBe(200);
  });

  test.each<[string, (content: { query: string; on: string; position: number; after: unknown }) => unknown]>([
    ['that is empty', () => ''],
    ['that is no JSON', () => '{'],
    ['that is another thing', () => 7],
    ['without its query', ({ query: _, ...rest }) => rest],
    ['with a field more', (content) => ({ ...content, limit: 10 })],
    ['with a key of another kind', (content) => ({ ...content, after: { or: 1 } })],
    ['with no key', ({ after: _, ...rest }) => rest],
    ['with NUL in its key', (content) => ({ ...content, after: changed(content.after, 'a\u0000') })],
    ['with half of a surrogate pair in its key', (content) => ({ ...content, after: changed(content.after, '\ud800') })],
    ['with a position past 2^53', (content) => ({ ...content, position: 2 ** 53 })],
    ['with a position below the first', (content) => ({ ...content, position: -1 })],
    ['with another day than a date', (content) => ({ ...content, on: 'today' })],
    ['with a day out of range', (content) => ({ ...content, on: '0001-01-01' })],
  ])('%s is refused', async (_, change) => {
    const made = change(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    const forged = typeof made === 'string' ? Buffer.from(made).toString('base64url') : Buffer.from(JSON.stringify(made)).toString('base64url');
    await expectRefused(await fetch(`${ledger.url}/v1/${list}&cursor=${forged}`), 400, 'REQUEST.CURSOR', ['/cursor', 'foreign']);
  });

  test.each(['action-lines?limit=1', 'indicators?limit=1', 'agencies?asOf=2999-01-01', 'commitments?limit=1', `commitments/${'0b9d1d6c-6a51-4a2f-9c6b-4d0a3c1f2e10'}/targets?limit=1`])('of one list is refused by another: %s', async (other) => {
    const path = other.replace('0b9d1d6c-6a51-4a2f-9c6b-4d0a3c1f2e10', commitment);
    await expectRefused(await fetch(`${ledger.url}/v1/${path}&cursor=${cursor}`), 400, 'REQUEST.CURSOR', ['/cursor', 'foreign']);
  });

  test('longer than any is refused', async () => {
    await expectRefused(await fetch(`${ledger.url}/v1/${list}&cursor=${'A'.repeat(5000)}`), 400, 'REQUEST.INVALID_QUERY', ['/cursor', 'too_big']);
  });
});

describe('a parameter', () => {
  test.each([
    ['agencies?__proto__=1', '/__proto__', 'unknown_field'],
    ['agencies?constructor=1', '/constructor', 'unknown_field'],
    ['agencies?limit[]=1', '/limit[]', 'unknown_field'],
    ['agencies?limit=1&limit=2', '/limit', 'type'],
    ['agencies?limit=1e1', '/limit', 'pattern'],
    ['agencies?minPosition=9007199254740993', '/minPosition', 'too_big'],
    ['agencies?minPosition=-1', '/minPosition', 'pattern'],
    ['feed?after=99999999999999999', '/after', 'pattern'],
    ['commitments?on=0000-01-01', '/on', 'date_range'],
    ['commitments?on=2022-02-30', '/on', 'format'],
    ['commitments?asOf=9999-12-31T23:59:59Z', '/asOf', 'custom'],
    ['commitments?asOf=0001-01-01T00:00:00Z', '/asOf', 'custom'],
    ['commitments?asOf=0001-01-01', '/asOf', 'date_range'],
    ['commitments?q=%00', '/q', 'custom'],
    [`commitments?actionLine=${'C4,'.repeat(31)}C4`, '/actionLine', 'too_big'],
  ])('of a query is refused: %s', async (path, pointer, rule) => {
    await expectRefused(await fetch(`${ledger.url}/v1/${path}`), 400, 'REQUEST.INVALID_QUERY', [pointer, rule]);
  });

  test('of a query that is longer than any is refused', async () => {
    await expectRefused(await fetch(`${ledger.url}/v1/commitments?q=${'a'.repeat(9000)}`), 400, 'REQUEST.INVALID_QUERY', ['/q', 'too_big']);
    await expectRefused(await fetch(`${ledger.url}/v1/commitments?${'a=1&'.repeat(2000)}b=1`), 400, 'REQUEST.INVALID_QUERY', ['/a', 'unknown_field']);
  });

  test.each([
    ['agencies/%00', 'REQUEST.INVALID_PATH', ['/code', 'pattern']],
    ['agencies/__proto__', 'REQUEST.INVALID_PATH', ['/code', 'pattern']],
    ['agencies/..%2f..%2fetc%2fpasswd', 'REQUEST.INVALID_PATH', ['/code', 'pattern']],
    ['commitments/%F0%9F%98%80', 'REQUEST.INVALID_PATH', ['/id', 'format']],
    ['agencies/%ff', 'REQUEST.MALFORMED_URL', undefined],
  ] as const)('of a path is refused: %s', async (path, code, at) => {
    await expectRefused(await fetch(`${ledger.url}/v1/${path}`), 400, code, at && [...at]);
  });

  test.each(['constructor', 'toString', 'hasOwnProperty'])('that is the name of what every object has is no record: %s', async (code) => {
    await expectRefused(await fetch(`${ledger.url}/v1/agencies/${code}`), 404, 'AGENCY.UNKNOWN');
    await expectRefused(await fetch(`${ledger.url}/v1/indicators/${code}`), 404, 'INDICATOR.UNKNOWN');
  });
});

describe('headers', () => {
  test('a place in the feed that is none is refused', async () => {
    const headers = { accept: 'text/event-stream', 'last-event-id': '9007199254740993' };
    await expectRefused(await fetch(`${ledger.url}/v1/feed`, { headers }), 400, 'REQUEST.INVALID_HEADER', ['/last-event-id', 'format']);
  });

  test.each<[string, string, number, string]>([
    ['one that is too large', `GET /v1/agencies HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'REQUEST.HEADERS_TOO_LARGE'],
    ['a bomb of many', `GET /v1/agencies HTTP/1.1\r\nhost: x\r\n${Array.from({ length: 2000 }, (_, index) => `x${index}: 1\r\n`).join('')}\r\n`, 431, 'REQUEST.HEADERS_TOO_LARGE'],
    ['a path that is too long', `GET /v1/${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431, 'REQUEST.HEADERS_TOO_LARGE'],
    ['two lengths', 'POST /v1/agencies HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ', 400, 'REQUEST.MALFORMED'],
    ['a length and chunks', 'POST /v1/agencies HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', 400, 'REQUEST.MALFORMED'],
    ['a length that is none', 'POST /v1/agencies HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n', 400, 'REQUEST.MALFORMED'],
    ['a line that is none', 'GET /v1/agencies HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n', 400, 'REQUEST.MALFORMED'],
    ['a NUL', 'GET /v1/agencies HTTP/1.1\r\nhost: x\r\nx: a\u0000b\r\n\r\n', 400, 'REQUEST.MALFORMED'],
    ['a path out of the folder that is served', 'GET /docs/../../package.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 403, 'AUTH.ROLE_DENIED'],
    ['a path out of the folder, in disguise', 'GET /docs/%2e%2e/%2e%2e/package.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 403, 'AUTH.ROLE_DENIED'],
    ['a method that is none', 'FOO /v1/agencies HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'REQUEST.MALFORMED'],
    ['a method that no path takes', 'TRACE /v1/agencies HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'ROUTE.NOT_FOUND'],
    ['a chunk whose length is none', 'POST /v1/agencies HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 400, 'REQUEST.MALFORMED'],
  ])('with %s are refused', async (_, request, status, code) => {
    const socket = connect(Number(new URL(ledger.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => socket.destroy());
    socket.write(request);
    await once(socket, 'close');
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status, code });
  });

  test('and bodies have a time to arrive in', () => {
    const { requestTimeout, headersTimeout } = ledger.api.getHttpServer() as { requestTimeout: number; headersTimeout: number };
    expect({ requestTimeout, headersTimeout }).toEqual({ requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX });
  });
});

/** `"0":1,"1":1,...` */
function fields(count: number): string {
  return Array.from({ length: count }, (_, name) => `"${name}":1`).join();
}

/** JSON text of a value whose "@" stands for text that JSON.stringify would not write. */
function text(value: object, inside: string): string {
  return JSON.stringify(value).replace('"@"', () => inside);
}

/** The key of a cursor with its last text replaced. */
function changed(key: unknown, last: string): unknown {
  return Array.isArray(key) ? [...key.slice(0, -1), last] : last;
}

let keys = 0;

function headersOf({ token }: Client): Record<string, string> {
  keys += 1;
  return { 'content-type': 'application/json', 'idempotency-key': `hostile-${keys}`, authorization: `Bearer ${token}` };
}

function send(path: string, from: Client, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${ledger.url}/v1/${path}`, { method: 'POST', body, headers: headersOf(from) });
}

async function expectRefused(response: Response, status: number, code: string, at?: [pointer: string, rule: string]): Promise<void> {
  const problem = (await response.json()) as { status: number; code: string; errors?: { pointer: string; rule: string }[] };
  expect({ status: response.status, type: response.headers.get('content-type'), problem }).toMatchObject({ status, type: expect.stringMatching(/^application\/problem\+json/), problem: { status, code } });
  if (at) expect(problem.errors).toContainEqual({ pointer: at[0], rule: at[1], message: expect.any(String) });
}

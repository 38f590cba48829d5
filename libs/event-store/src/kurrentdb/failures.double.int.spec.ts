import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent } from '#domain/event.ts';
import { KurrentDbDouble, type KurrentDbDoubleOptions } from '#kurrentdb-double/kurrentdb-double.ts';
import { until } from '#testing/until.ts';
import { newStream, someEvents } from '../event-store.contract.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';

/** What servers do to the store that a test can ask of the double alone. */
let open: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

/** Of tests in which the store waits before it gives up, or a server starts again. */
const SLOW_MS = 60_000;

describe.each(['26.0.0', '23.10.1.0'])('a server of version %s', (version) => {
  test('that starts again remembers no ids: repeats are repeats all the same', async () => {
    const { double, store } = await start({ version });
    const [exact, any] = [newStream(), newStream()];
    const events = someEvents(2);
    const firsts = [await store.append(exact, 0, events), await store.append(any, 'any', events)];
    await store.append(any, 'any', someEvents(3));
    await double.stop();
    await double.start();
    expect(await store.append(exact, 0, events)).toEqual({ ...firsts[0], outcome: 'duplicate' });
    expect(await store.append(any, 'any', events)).toEqual({ ...firsts[1], outcome: 'duplicate' });
    expect(await store.readStream(any)).toHaveLength(5);
  }, SLOW_MS);

  test('whose answers are lost has each append once', async () => {
    const { double, store } = await start({ version });
    await store.append(newStream(), 0, someEvents(1));
    double.loseAnswers(3);
    const results = await Promise.all(Array.from({ length: 10 }, () => store.append(newStream(), 0, someEvents(2))));
    expect(double.answersToLose).toBe(0);
    expect(results.map(({ outcome }) => outcome)).toContain('duplicate');
    const all = await store.readAll(0, 100);
    expect(all).toHaveLength(1 + 20);
    expect(new Set(results.map((result) => 'position' in result && result.position))).toEqual(new Set(all.slice(1).filter(({ revision }) => revision === 2).map(({ position }) => position)));
  }, SLOW_MS);

  test('that starts again under appends and a subscription: nothing is skipped, nothing comes twice', async () => {
    const { double, store } = await start({ version });
    const seen: RecordedEvent[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for await (const batch of store.subscribe(0, stop.signal, 7)) seen.push(...batch);
    })();
    const writers = Array.from({ length: 8 }, async () => {
      const stream = newStream();
      for (let n = 0; n < 20; n += 1) expect(await store.append(stream, n, someEvents(1))).toMatchObject({ revision: n + 1 });
    });
    for (const count of [20, 60]) {
      await until(() => seen.length >= count);
      await double.stop();
      await double.start();
    }
    await Promise.all(writers);
    await until(() => seen.length >= 160);
    stop.abort();
    await following;
    expect(seen).toEqual(await store.readAll(0, 1_000));
  }, SLOW_MS);

  test('says what it is', async () => {
    const { store } = await start({ version });
    const short = version.split('.').slice(0, 3).join('.');
    expect(await store.server()).toEqual({ product: version === '26.0.0' ? 'KurrentDB' : 'EventStoreDB', version: short, role: 'leader' });
  });
});

describe('a cluster', () => {
  test('goes on where its leader steps down, and where it dies', async () => {
    const { double: leader, another } = await start();
    const follower = await followerOf(leader);
    const store = await another(leader.clusterUrl);
    const stream = newStream();
    await store.append(stream, 0, someEvents(1));
    expect(await store.server()).toMatchObject({ role: 'leader, 2 of 2 nodes alive' });
    leader.stepDown(follower.endpoint);
    expect(await store.append(stream, 1, someEvents(1))).toMatchObject({ revision: 2 });
    expect(await store.readStream(stream)).toHaveLength(2);
    follower.stepDown(leader.endpoint);
    expect(await store.readStream(stream)).toHaveLength(2);
    leader.stepDown(follower.endpoint);
    await leader.stop();
    expect(await store.readStream(stream)).toHaveLength(2);
    expect(await store.append(stream, 2, someEvents(1))).toMatchObject({ revision: 3 });
  }, SLOW_MS);

  test('gives pages of the log from a follower to who prefers one', async () => {
    const { double: leader, another } = await start();
    await followerOf(leader);
    const store = await another(`${leader.clusterUrl}&nodePreference=follower`);
    await store.append(newStream(), 0, someEvents(3));
    expect(await store.readAll(0, 10)).toHaveLength(3);
    leader.pause();
    expect(await store.readAll(0, 10)).toHaveLength(3);
    leader.resume();
  }, SLOW_MS);
});

describe('what can go wrong is named', () => {
  test('nobody is there', async () => {
    const { double, store } = await start();
    const { url } = double;
    await double.stop();
    const expected = { code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining("can't be reached") };
    await expect(KurrentDbEventStore.connect(url)).rejects.toMatchObject(expected);
    await expect(store.append(newStream(), 0, someEvents(1))).rejects.toMatchObject(expected);
    await expect(store.readAll(0, 1)).rejects.toMatchObject(expected);
    await expect(store.server()).rejects.toMatchObject(expected);
  }, SLOW_MS);

  test('the server is silent', async () => {
    const { double, store } = await start();
    double.pause();
    const expected = { code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('did not answer in time') };
    await Promise.all([store.head(), store.server(), store.readStream(newStream()), store.append(newStream(), 0, someEvents(1))].map((call) => expect(call).rejects.toMatchObject(expected)));
    double.resume();
    await store.head();
  }, SLOW_MS);

  test('no node leads', async () => {
    const { double, store } = await start();
    const { double: other } = await start();
    // Each says that the other one does.
    double.stepDown(other.endpoint);
    other.stepDown(double.endpoint);
    await expect(store.head()).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('not its leader') });
  }, SLOW_MS);

  test('the user has no right to; and one whose password a URL has to encode has', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledger-certificates-'));
    open.push(() => rmSync(folder, { recursive: true }));
    execFileSync('sh', [join(import.meta.dirname, '../../../../deploy/kurrentdb/make-certificates.sh'), '--out', folder, 'node']);
    const tls = { key: readFileSync(join(folder, 'nodes/node/node.key')), cert: readFileSync(join(folder, 'nodes/node/node.crt')) };
    const password = 'p@ss/w%rd: 1?';
    const double = await KurrentDbDouble.start({ tls, credentials: { user: 'ledger', password } });
    open.push(() => double.stop());
    const place = `127.0.0.1:${double.port}?tls=true&tlsCAFile=${encodeURIComponent(join(folder, 'trusted/ca.crt'))}`;
    for (const user of ['', 'ledger:wrong@'])
      await expect(KurrentDbEventStore.connect(`kurrentdb://${user}${place}`)).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('refused the user') });
    const store = await KurrentDbEventStore.connect(`kurrentdb://ledger:${encodeURIComponent(password)}@${place}`);
    open.push(() => store.close());
    const stream = newStream();
    expect(await store.append(stream, 0, someEvents(1))).toMatchObject({ outcome: 'appended' });
    expect(await store.readStream(stream)).toHaveLength(1);
  }, SLOW_MS);
});

async function start(options: KurrentDbDoubleOptions = {}) {
  const double = await KurrentDbDouble.start(options);
  open.push(() => double.stop());
  const another = async (url: string) => {
    const store = await KurrentDbEventStore.connect(url);
    open.push(() => store.close());
    return store;
  };
  return { double, another, store: await another(double.url) };
}

async function followerOf(leader: KurrentDbDouble): Promise<KurrentDbDouble> {
  const follower = await KurrentDbDouble.start({ joins: leader });
  open.push(() => follower.stop());
  return follower;
}

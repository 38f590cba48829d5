import type { Dice } from '#testing/dice.ts';
import type { Role } from '#domain/event.ts';
import type { Ledger } from '../e2e/ledger.ts';
import { partner, story, toTake, type Step } from '../e2e/story.ts';
import { brokenBody, brokenHeader, brokenText } from './broken-values.ts';
import { DescribedApi, type Operation, type Parameter, type SentRequest } from './described-api.ts';
import { SchemaValues, type Known } from './schema-values.ts';

/** How a request was made up: from the document's schemas, from its example with parts made anew, from the example as it is, or so that something is wrong. */
type Kind = 'generated' | 'varied' | 'example' | 'broken';

/** A request whose answer is not as it must be, with all that is needed to send it again. */
export interface Finding {
  operation: string;
  wrong: string[];
  request: SentRequest & { url: string; caller: string };
  status: number;
  answer: string;
}

/** Of one operation: requests sent, answers of success, and those of them that did not just repeat the document's example. */
export interface Tally {
  sent: number;
  succeeded: number;
  madeUp: number;
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: any;
}

/** A commitment that was made, with the path parameters of what stands under it. */
type Pooled = Record<string, string>;

/** Findings after which it stops: more of the same help nobody. */
const FINDINGS_MAX = 10;
/** Longest wait for an answer, in milliseconds. */
const ANSWER_MS_MAX = 30_000;
/** Commitments that later requests go to. */
const POOL_MAX = 40;

/**
 * Sends generated requests, valid and broken, to every operation of a running ledger's own OpenAPI document, and holds
 * each answer against that document. All chances come from the dice: one seed, one sequence of requests.
 */
export class Fuzz {
  readonly findings: Finding[] = [];
  readonly tallies = new Map<string, Tally>();
  readonly statuses = new Map<number, number>();
  /** Requests that were accepted, by how they were made up. */
  readonly accepted = new Map<Kind, number>();
  /** Positions of the log that were answered to commands. */
  readonly written = new Set<number>();
  /** Stories that came to their end although their content was made up. */
  finished = 0;

  readonly #api: DescribedApi;
  readonly #values: SchemaValues;
  readonly #tokens = new Map<string, string>();
  readonly #pool: Pooled[] = [];
  readonly #revisions = new Map<string, number>();
  readonly #codes = { agencies: ['UNDP', 'ITU'], 'action-lines': ['C4'], indicators: [] } as Record<string, string[]>;
  /** By operation: the last page's request, and the cursor that it gave. */
  readonly #pages = new Map<string, { request: SentRequest; next: string }>();
  #position = 0;
  #keys = 0;

  constructor(
    private readonly ledger: Ledger,
    document: unknown,
    private readonly dice: Dice,
  ) {
    this.#api = new DescribedApi(document);
    this.#values = new SchemaValues(this.#known(), seldom);
    for (const { id } of this.#api.operations) this.tallies.set(id, { sent: 0, succeeded: 0, madeUp: 0 });
  }

  get isOver(): boolean {
    return this.findings.length >= FINDINGS_MAX;
  }

  get head(): number {
    return this.#position;
  }

  /** The story of every command with its examples: what later requests build on. */
  async begin(): Promise<void> {
    await (await this.ledger.as('administrator', 'UNCTAD')).post('agencies', partner).then(({ body }) => this.written.add(body.position));
    await this.#tell(['example']);
  }

  /** The story again, each command broken, then made up until it is accepted; then queries and commands of all kinds to what is there. */
  async round(): Promise<void> {
    await this.#tell(['broken', 'broken', 'broken', 'generated', 'varied', 'varied', 'example']);
    for (const operation of this.#api.operations) {
      if (operation.method === 'POST') for (const _ of queryKinds) await this.#command(operation, this.dice.pick(['generated', 'varied', 'broken']));
      if (this.isOver) return;
    }
    // Once the views have followed, the same seed gets the same answers, and goes on with the same requests.
    await this.ledger.anyone.get(`commitments?minPosition=${this.#position}`);
    for (const operation of this.#api.operations) {
      if (operation.method === 'GET') for (const kind of queryKinds) await this.#query(operation, kind);
      if (this.isOver) return;
    }
  }

  async #tell(kinds: readonly Kind[]): Promise<void> {
    const ids: Record<string, string> = {};
    const isTranscribed = kinds.length > 1 && this.dice.chance(0.3);
    let isWhole = true;
    for (const step of story) {
      const answer = await this.#take(step, ids, kinds, isTranscribed);
      if (this.isOver) return;
      isWhole &&= answer !== undefined;
    }
    if (isWhole) this.finished += 1;
    // The indicator that examples name stays as it is: revised, it might be none for targets.
    for (const [section, made] of Object.entries({ agencies: 'agency', 'action-lines': 'line', indicators: 'indicator' })) {
      const code = ids[made];
      if (code && code !== 'UNDP.labs') keep(this.#codes[section]!, code);
    }
    // Targets, updates and the like are those of the story's main commitment.
    if (ids['id']) keep(this.#pool, { ...ids, id: ids['id'] });
    for (const other of ['successor', 'superseded', 'withdrawn']) if (ids[other]) keep(this.#pool, { id: ids[other] });
  }

  /** Tries one step of the story until it is accepted; from the secretariat where it tells of others. */
  async #take(step: Step, ids: Record<string, string>, kinds: readonly Kind[], isTranscribed: boolean): Promise<Answer | undefined> {
    const { route, role, agency, path, record, body } = toTake(step, ids);
    if (path.includes('undefined')) return undefined;
    const operation = this.#operation(route.useCase.name);
    const isTold = isTranscribed && path.startsWith('commitments') && role !== 'reviewer';
    const caller: Caller = isTold ? ['secretariat', 'UNCTAD', role] : [role, agency];
    const example = { ...needed(operation.id, body as object, this.#keys), ...(isTold && { transcribedFrom: { document: 'Report E/2021/1', place: 'Part Two' } }) };
    for (const kind of kinds) {
      const request: SentRequest = {
        path: parametersIn(operation.path, `/v1/${path}`),
        query: [],
        headers: { 'content-type': 'application/json', 'idempotency-key': this.#newKey() },
        body: this.#bodyOf(operation, kind, example),
      };
      const revision = this.#revisions.get(record);
      if (!route.access.opens && revision !== undefined) request.headers['if-match'] = `"${revision}"`;
      const answer = await this.#send(operation, request, caller, kind);
      if (answer.status < 200 || answer.status >= 300) continue;
      ids[step[3]?.['as'] ?? ''] = answer.body.id;
      this.#revisions.set(route.access.opens ? `${route.path}/${answer.body.id}` : record, answer.body.revision);
      await this.#repeat(operation, request, caller, answer);
      return answer;
    }
    return undefined;
  }

  /** The same command again has the answer that it had; another under its key is refused. */
  async #repeat(operation: Operation, request: SentRequest, caller: Caller, first: Answer): Promise<void> {
    if (this.dice.chance(0.7)) return;
    const again = await this.#send(operation, request, caller, 'broken');
    if (again.status !== first.status || again.text !== first.text) this.#found(operation, request, caller, again, [`a repeat was answered otherwise: ${first.status} ${first.text}`]);
    const other = { ...request, body: JSON.stringify({ ...JSON.parse(request.body || '{}'), occurredOn: '2021-02-03' }) };
    const reused = await this.#send(operation, other, caller, 'broken');
    if (reused.status >= 200 && reused.status < 400) this.#found(operation, other, caller, reused, ['a key was taken for two requests']);
  }

  /** A command to something that is there, by anybody. */
  async #command(operation: Operation, kind: Kind): Promise<void> {
    const path = this.#pathOf(operation, kind);
    const example = needed(operation.id, operation.body?.example as object, this.#keys);
    const request: SentRequest = {
      path,
      query: [],
      headers: { 'content-type': 'application/json', 'idempotency-key': this.#newKey() },
      body: this.#bodyOf(operation, kind, example),
    };
    const record = path['id'] ? `commitments/${path['id']}` : `${operation.path.split('/')[2]}/${path['code']}`;
    const revision = this.#revisions.get(record);
    if (revision !== undefined && this.dice.chance(0.8)) request.headers['if-match'] = `"${revision}"`;
    if (kind === 'broken') this.#breakParts(operation, request);
    const answer = await this.#send(operation, request, this.#anybody(), kind);
    if (answer.body?.revision !== undefined && answer.status < 300) this.#revisions.set(record, answer.body.revision);
  }

  async #query(operation: Operation, kind: Kind): Promise<void> {
    const page = this.#pages.get(operation.id);
    if (page && this.dice.chance(0.3)) return this.#turnPage(operation, page, kind);
    const parameters = operation.parameters.filter((parameter) => parameter.in === 'query' && parameter.name !== 'cursor');
    const request: SentRequest = {
      path: this.#pathOf(operation, kind),
      query: parameters.filter(({ required }) => required || this.dice.chance(0.15)).map((parameter) => [parameter.name, this.#textOf(parameter)]),
      headers: {},
      body: undefined,
    };
    if (kind === 'broken') this.#breakParts(operation, request);
    // A position that the log does not have yet is waited for, 5 seconds long, and then refused with 503: as described, and tested elsewhere.
    request.query = request.query.filter(([name, value]) => name !== 'minPosition' || !(Number(value) > this.#position));
    const answer = await this.#send(operation, request, this.#anybody(), kind);
    if (answer.status === 200 && typeof answer.body.next === 'string') this.#pages.set(operation.id, { request, next: answer.body.next });
  }

  /** With the cursor of a page: of this list as it was asked for, or changed, or of another one. */
  async #turnPage(operation: Operation, { request, next }: { request: SentRequest; next: string }, kind: Kind): Promise<void> {
    const cursor = kind === 'broken' ? this.#brokenCursor(next) : next;
    const turned: SentRequest = { ...request, query: [...request.query.filter(([name]) => name !== 'cursor'), ['cursor', cursor]] };
    const answer = await this.#send(operation, turned, this.#anybody(), kind);
    if (answer.status === 200 && typeof answer.body.next === 'string') this.#pages.set(operation.id, { request, next: answer.body.next });
    else this.#pages.delete(operation.id);
  }

  #brokenCursor(cursor: string): string {
    const foreign = [...this.#pages.values()].map(({ next }) => next);
    if (this.dice.chance(0.3)) return this.dice.pick(foreign);
    if (this.dice.chance(0.3)) return brokenText(cursor, this.dice);
    const content = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as object;
    return Buffer.from(brokenBody(content, this.dice)).toString('base64url');
  }

  /** One thing wrong with the path, the query or the headers, or all of the body. */
  #breakParts(operation: Operation, request: SentRequest): void {
    const places: (() => void)[] = [
      () => void (request.query = [...request.query, [this.dice.pick(['x', '__proto__', 'constructor', 'limit', 'q[]']), brokenText('1', this.dice)]]),
      () => void (request.headers['last-event-id'] = brokenHeader('7', this.dice)),
      // The client itself takes dots out of a path.
      ...Object.keys(request.path).map((name) => () => void (request.path[name] = brokenText(request.path[name]!, this.dice).replace(/^\.{1,2}$/, '...'))),
      ...request.query.map((pair) => () => void (pair[1] = brokenText(pair[1], this.dice))),
    ];
    if (operation.method === 'POST') {
      places.push(
        () => void (request.headers['idempotency-key'] = brokenHeader('key', this.dice)),
        () => void (request.headers['if-match'] = brokenHeader('"1"', this.dice)),
        () => void delete request.headers['if-match'],
        () => void delete request.headers['idempotency-key'],
        () => void (request.headers['content-type'] = brokenHeader('application/json', this.dice)),
        () => void (request.body = undefined),
      );
    }
    if (this.dice.chance(0.7)) this.dice.pick(places)();
  }

  #pathOf(operation: Operation, kind: Kind): Record<string, string> {
    const parameters = operation.parameters.filter((parameter) => parameter.in === 'path');
    const pooled = this.dice.pick(this.#pool.filter((ids) => parameters.every(({ name }) => name === 'code' || name in ids || name in fixed)));
    const path = parameters.map((parameter): [string, string] => {
      const there = parameter.name === 'code' ? this.dice.pick(this.#codes[operation.path.split('/')[2]!]!) : (pooled?.[parameter.name] ?? fixed[parameter.name]);
      const isThere = there !== undefined && this.dice.chance(kind === 'broken' ? 0.7 : 0.95);
      return [parameter.name, isThere ? there : this.#textOf(parameter)];
    });
    return Object.fromEntries(path);
  }

  #textOf({ name, schema }: Parameter): string {
    // A list's values stand with commas between them.
    return String(this.#values.valueOf(schema, name, this.dice));
  }

  #bodyOf({ id, body }: Operation, kind: Kind, example: object): string | undefined {
    if (!body) return undefined;
    switch (kind) {
      case 'example':
        return JSON.stringify(example);
      case 'generated':
        return JSON.stringify({ ...(this.#values.valueOf(body.schema, '', this.dice) as object), ...keptOf(id, example) });
      case 'varied':
        return JSON.stringify({ ...(this.#values.varied(example, body.schema, '', this.dice) as object), ...keptOf(id, example) });
      case 'broken':
        return brokenBody(example, this.dice);
    }
  }

  #anybody(): Caller {
    return this.dice.chance(0.1) ? undefined : [this.dice.pick(roles), this.dice.pick(agencies)];
  }

  #newKey(): string {
    this.#keys += 1;
    return `fuzz-${this.#keys}`;
  }

  #operation(id: string): Operation {
    return this.#api.operations.find((operation) => operation.id === id)!;
  }

  /** Sends, counts, and holds the answer against the document. */
  async #send(operation: Operation, request: SentRequest, caller: Caller, kind: Kind): Promise<Answer> {
    const answer = await this.#answerTo(operation, request, caller);
    const isAccepted = answer.status >= 200 && answer.status < 300;
    const tally = this.tallies.get(operation.id)!;
    tally.sent += 1;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    if (isAccepted) {
      tally.succeeded += 1;
      if (kind !== 'example') tally.madeUp += 1;
      this.accepted.set(kind, (this.accepted.get(kind) ?? 0) + 1);
      this.#position = Math.max(this.#position, Number(answer.body?.position ?? 0));
      if (operation.method === 'POST') this.written.add(answer.body.position);
    }
    const wrong = [
      ...(answer.status >= 500 ? ['the server failed'] : []),
      ...this.#api.differencesOf(operation, answer),
      ...(isAccepted ? this.#api.faultsOf(operation, request).map((fault) => `accepted, although ${fault}`) : this.#unfounded(operation, request, answer)),
    ];
    if (wrong.length > 0) this.#found(operation, request, caller, answer, wrong);
    return answer;
  }

  /** With status 0 where none came. */
  async #answerTo(operation: Operation, request: SentRequest, caller: Caller): Promise<Answer> {
    const headers = { ...request.headers, ...(caller && { authorization: `Bearer ${await this.#tokenOf(caller)}` }) };
    const body = request.body === undefined ? {} : { body: request.body };
    try {
      const response = await fetch(urlOf(this.ledger.url, operation, request), { method: operation.method, headers, ...body, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: jsonOrNothing(text) };
    } catch (error) {
      return { status: 0, headers: new Headers(), text: String((error as Error).cause ?? error), body: undefined };
    }
  }

  /** Rules that a schema can tell, for which a request was refused that is as the document describes it. */
  #unfounded(operation: Operation, request: SentRequest, { body }: Answer): string[] {
    const told = ((body?.errors ?? []) as { pointer: string; rule: string }[]).filter(({ rule }) => rulesOfSchemas.has(rule));
    if (told.length === 0 || this.#api.faultsOf(operation, request).length > 0) return [];
    return told.map(({ pointer, rule }) => `refused for ${pointer} ${rule}, although it is as described`);
  }

  /** One of a kind: what is wrong once is often wrong in many ways. */
  #found(operation: Operation, request: SentRequest, caller: Caller, { status, text }: Answer, wrong: string[]): void {
    if (this.findings.some((finding) => finding.operation === operation.id && finding.wrong[0] === wrong[0])) return;
    this.findings.push({
      operation: operation.id,
      wrong,
      request: { ...request, url: urlOf(this.ledger.url, operation, request), caller: caller?.join(' of ') ?? 'anyone' },
      status,
      answer: text.slice(0, 2000),
    });
  }

  async #tokenOf(caller: NonNullable<Caller>): Promise<string> {
    const name = caller.join(' ');
    const token = this.#tokens.get(name) ?? (await this.ledger.as(...caller)).token!;
    this.#tokens.set(name, token);
    return token;
  }

  #known(): Known {
    const ofPool = (name: string) => () => this.#pool.map((pooled) => pooled[name]).filter((id) => id !== undefined);
    const positions = () => [0, 1, this.#position, Math.floor(this.#position / 2)];
    return {
      ...constants,
      agency: () => this.#codes['agencies']!.slice(-5).concat('UNDP'),
      partOf: ofPool('successor'),
      by: ofPool('successor'),
      about: ofPool('target'),
      minPosition: positions,
      atPosition: positions,
      after: positions,
      occurredOn: () => [new Date().toISOString().slice(0, 10)],
    };
  }
}

/** What a JSON Schema says too. */
const rulesOfSchemas = new Set(['required', 'unknown_field', 'type', 'enum', 'pattern', 'too_small', 'too_big', 'multiple_of', 'no_match', 'key']);

type Caller = [role: Role, agency: string, id?: string] | undefined;

const roles: readonly Role[] = ['administrator', 'focal-point', 'approver', 'reviewer', 'secretariat'];
const agencies = ['UNDP', 'UNDP', 'ITU', 'UNESCO', 'UNCTAD'];
const queryKinds: readonly Kind[] = ['generated', 'generated', 'generated', 'broken', 'broken'];

/** Path parameters that every story's commitment has. */
const fixed: Record<string, string> = { version: '1', milestone: 'all-labs-open', agency: 'ITU' };

/** Fields that are seldom right. */
const seldom = new Set(['transcribedFrom', 'occurredOn', 'partOf', 'about', 'notAssessed', 'disaggregation', 'min', 'max']);

/** Values that a decision takes where the schema says less and does not name them all, by field and by parameter. */
const constants: Known = {
  lead: () => ['UNDP'],
  issuer: () => ['UNDP', 'ITU'],
  indicator: () => ['UNDP.labs'],
  unit: () => ['labs'],
  low: () => ['0', '1.5', '40', '60', '61', '90'],
  high: () => ['90', '91', '100', '1000'],
  actionLines: () => ['C4'],
  startOn: () => ['2019-05-05', '2020-02-29', '2021-01-01'],
  dueOn: () => ['2022-06-30', '2022-12-31', '2030-01-01', '2999-12-31'],
  from: () => ['2021-01-01', '2021-03-01'],
  to: () => ['2021-12-31', '2022-01-31'],
  on: () => ['2020-01-01', '2022-12-31', '1900-01-01', '2999-12-31'],
  asOf: () => ['2021-03-31', '2021-10-15', '2026-01-01', '2999-12-31', '1900-01-01', new Date().toISOString()],
  updatedSince: () => ['2021-03-31', '2026-01-01T00:00:00+02:00'],
  date: () => ['2021-10-15'],
  corrects: () => [1],
  url: () => ['https://example.org/report?x=1', 'http://example.org/é'],
  language: () => ['en', 'fr', 'zh-Hans', 'ar'],
  country: () => ['ZM', 'HN'],
  actionLine: () => ['C4', 'C7', 'C1', 'C7-eGov'],
  q: () => ['labs', 'Accelerator', 'sixty labs', '世界', "l'accès", '%', '\\', '"', '_'],
  limit: () => [1, 2, 20, 100],
};
/** A body with what the story needs later, and with codes that are not taken yet. */
function needed(operation: string, body: object, number: number): object {
  const letters = [...String(number)].map((digit) => String.fromCharCode(97 + Number(digit))).join('');
  switch (operation) {
    case 'RegisterAgency':
      return number < 10 ? body : { ...body, code: `A${number}` };
    case 'DefineActionLine':
      return number < 10 ? body : { ...body, code: `C7-eZ${letters}` };
    case 'DefineIndicator':
      return number < 20 ? body : { ...body, code: `UNDP.${number}` };
    default:
      return body;
  }
}

/** The fields of a body that the rest of the story rests on: they are not made up. */
function keptOf(operation: string, example: object): object {
  const kept = ['transcribedFrom', ...(operation === 'AssignFacilitator' ? ['agency', 'role'] : operation === 'JoinCommitment' ? ['agency'] : [])];
  return Object.fromEntries(Object.entries(example).filter(([field]) => kept.includes(field)));
}

/** Keeps the latest ones. */
function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > POOL_MAX) list.shift();
}

/** `/v1/agencies/{code}` and `/v1/agencies/UNDP` -> `{ code: 'UNDP' }` */
function parametersIn(template: string, path: string): Record<string, string> {
  const steps = path.split('/');
  return Object.fromEntries(template.split('/').flatMap((step, index) => (step.startsWith('{') ? [[step.slice(1, -1), steps[index]!]] : [])));
}

function urlOf(base: string, { path: template }: Operation, { path, query }: SentRequest): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name]!.toWellFormed()));
  const parameters = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`).join('&');
  return `${base}${filled}${parameters && `?${parameters}`}`;
}

function jsonOrNothing(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

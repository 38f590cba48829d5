import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { faultPoint } from '#platform/fault-point.ts';
import { CommandEnd, EXIT, messageOf } from './exit-code.ts';

/** A command by its name, as the API describes it: POST to a path. */
export interface ApiCommand {
  /** `/v1/commitments/{id}/register` */
  path: string;
  /** It rests on what was read: a revision is needed. */
  needsRevision: boolean;
}

export interface SentCommand {
  command: ApiCommand;
  /** Path with its parameters filled in. */
  path: string;
  body: object;
  idempotencyKey: string;
  token: string;
}

export interface ApiAnswer {
  id: string;
  revision: number;
  position: number;
  status: string;
}

/** What the API says is wrong with a command. */
export interface Refused {
  status: number;
  code: string;
  detail: string;
  errors: readonly { pointer: string; rule: string; message: string }[];
}

/** So many tries of one request in all; each waits for as long as the API asks, or longer each time. */
const ATTEMPTS_MAX = 8;
/** Of the first request: an address that is wrong is told soon. */
const FIRST_ATTEMPTS_MAX = 3;
const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 30_000;
const REQUEST_MS_MAX = 60_000;
/** Too many requests, or not just now; the middle ones come from a proxy. */
const TRY_AGAIN = [429, 502, 503, 504];

/**
 * Gives commands to a running API over HTTP. Every request may be repeated, for it carries a key, so what is lost on
 * the way is sent again; and so is what the API puts off (429, 503), when it says.
 */
export class CommandApi {
  /** Latest known revision by record: `/v1/commitments/<id>`. */
  readonly #revisions = new Map<string, number>();

  private constructor(
    private readonly url: string,
    private readonly commands: ReadonlyMap<string, ApiCommand>,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws CommandEnd when the API can't be reached, or is no API of a ledger */
  static async connect(url: string, signal: AbortSignal): Promise<CommandApi> {
    const { status, body } = await request(url, '/openapi.json', {}, signal, FIRST_ATTEMPTS_MAX);
    const description = OpenApi.safeParse(body);
    if (!description.success) throw new CommandEnd(EXIT.failed, `error: ${url}/openapi.json answers ${status} and describes no API of a ledger`);
    return new CommandApi(url, commandsOf(description.data), signal);
  }

  command(name: string): ApiCommand | undefined {
    return this.commands.get(name);
  }

  /**
   * Position at which the log ends now; undefined where the API does not tell. Answers with a position up to it are
   * those of earlier commands.
   */
  async head(token: string): Promise<number | undefined> {
    const { body } = await request(this.url, '/v1/feed?after=0&limit=1', { headers: { authorization: `Bearer ${token}` } }, this.signal);
    return Feed.safeParse(body).data?.head;
  }

  /**
   * Gives a command, with the revision last seen where one is needed.
   * @throws CommandEnd when the API can't be reached or refuses the token
   */
  async send(sent: SentCommand): Promise<ApiAnswer | Refused> {
    faultPoint('import.sending');
    const record = recordOf(sent.path);
    let reply = await this.#post(sent, sent.command.needsRevision ? await this.#revisionOf(record, sent.token) : undefined);
    // Somebody else was here since; the answer says at which revision the record is.
    if (reply.status === 412) reply = await this.#post(sent, revisionIn(reply.headers) ?? (await this.#readRevision(record, sent.token)));
    const { status, headers, body } = reply;
    if (status < 300) return this.#answer(record, headers, body);
    if (status === 401) throw new CommandEnd(EXIT.usage, `error: the API refuses the token: ${problemOf(status, body).detail}\n${TOKEN_HINT}`);
    return problemOf(status, body);
  }

  #post({ path, body, idempotencyKey, token }: SentCommand, revision: number | undefined): Promise<Reply> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': idempotencyKey };
    if (revision !== undefined) headers['if-match'] = `"${revision}"`;
    return request(this.url, path, { method: 'POST', headers, body: JSON.stringify(body) }, this.signal);
  }

  #answer(record: string, headers: Headers, body: unknown): ApiAnswer {
    const answer = Answer.safeParse(body);
    if (!answer.success) throw new CommandEnd(EXIT.failed, 'error: the API answers a command with something else than { id, revision, position, status }');
    // A record that was made has its address in Location; everything else is done to the record in the path.
    const changed = recordOf(headers.get('location') ?? record);
    this.#revisions.set(changed, Math.max(answer.data.revision, this.#revisions.get(changed) ?? 0));
    return answer.data;
  }

  async #revisionOf(record: string, token: string): Promise<number | undefined> {
    return this.#revisions.get(record) ?? (await this.#readRevision(record, token));
  }

  async #readRevision(record: string, token: string): Promise<number | undefined> {
    const { headers } = await request(this.url, record, { headers: { authorization: `Bearer ${token}` } }, this.signal);
    return revisionIn(headers);
  }
}

/** Fills the parameters of a path in. @returns the name of a missing one instead, or of one that the path does not have */
export function filledPath(template: string, parameters: Readonly<Record<string, string | number>>): { path: string } | { missing: string } | { unknown: string } {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const missing = names.find((name) => !Object.hasOwn(parameters, name));
  if (missing !== undefined) return { missing };
  const unknown = Object.keys(parameters).find((name) => !names.includes(name));
  if (unknown !== undefined) return { unknown };
  return { path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parameters[name]))) };
}

export function isRefused(answer: ApiAnswer | Refused): answer is Refused {
  return 'code' in answer;
}

const TOKEN_HINT = 'Run it with the DATA_DIR of the API, or set LEDGER_TOKEN_ENTERS and LEDGER_TOKEN_APPROVES to tokens of two members of the secretariat.';

const OpenApi = z.object({
  paths: z.record(z.string(), z.object({
    post: z.object({
      operationId: z.string(),
      parameters: z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean().optional() })).default([]),
    }).optional(),
  })),
});
const Feed = z.object({ head: z.int().min(0) });
const Answer = z.object({ id: z.string(), revision: z.int().min(1), position: z.int().min(1), status: z.string() });
const Problem = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), rule: z.string(), message: z.string() })).default([]),
});

function commandsOf({ paths }: z.output<typeof OpenApi>): Map<string, ApiCommand> {
  const commands = new Map<string, ApiCommand>();
  for (const [path, { post }] of Object.entries(paths)) {
    if (!post) continue;
    const needsRevision = post.parameters.some((parameter) => parameter.in === 'header' && parameter.name.toLowerCase() === 'if-match' && parameter.required === true);
    commands.set(post.operationId, { path, needsRevision });
  }
  return commands;
}

function problemOf(status: number, body: unknown): Refused {
  const problem = Problem.safeParse(body);
  if (problem.success) return { status, ...problem.data };
  return { status, code: `HTTP.${status}`, detail: `the API answers ${status} without saying why`, errors: [] };
}

/** `/v1/commitments/<id>` of `/v1/commitments/<id>/register`. */
function recordOf(path: string): string {
  return path.split('/').slice(0, 4).join('/');
}

function revisionIn(headers: Headers): number | undefined {
  const [, revision] = /^"(\d{1,15})"$/.exec(headers.get('etag') ?? '') ?? [];
  return revision === undefined ? undefined : Number(revision);
}

interface Reply {
  status: number;
  headers: Headers;
  /** Undefined where it is no JSON. */
  body: unknown;
}

/** One request, repeated while the API can't be reached or puts it off. @throws CommandEnd when that does not end */
async function request(url: string, path: string, init: RequestInit, signal: AbortSignal, attemptsMax = ATTEMPTS_MAX): Promise<Reply> {
  let trouble = '';
  let waitMs = WAIT_MS_MIN;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    if (attempt > 1) await pause(Math.min(waitMs, WAIT_MS_MAX), undefined, { signal });
    try {
      // Cut off in flight, it may have had its effect; sent again, it has it once all the same.
      const response = await fetch(`${url}${path}`, { ...init, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS_MAX)]) });
      const body = jsonOrNothing(await response.text());
      if (!TRY_AGAIN.includes(response.status)) return { status: response.status, headers: response.headers, body };
      trouble = `it answers ${response.status}, ${problemOf(response.status, body).detail}`;
      waitMs = retryAfterMs(response.headers) ?? waitMs * 2;
    } catch (error) {
      signal.throwIfAborted();
      trouble = messageOf(error);
      waitMs *= 2;
    }
  }
  throw new CommandEnd(EXIT.unreachable, `error: the API at ${url} can't be reached: ${trouble}`);
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whole seconds, or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const given = headers.get('retry-after');
  if (given === null) return undefined;
  const ms = /^\d{1,9}$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

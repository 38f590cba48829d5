import { setTimeout as delay } from 'node:timers/promises';
import type { Role } from '#domain/event.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { Dice } from '#testing/dice.ts';
import type { Site } from './site.ts';

/** A command as a client keeps it until it is answered: whatever happens, it is sent again just so. */
interface Command {
  path: string;
  body: object;
  key: string;
  token: string;
  ifMatch: number | undefined;
}

export interface Accepted {
  id: string;
  revision: number;
  position: number;
  status: string;
}

/** A command and its first answer. */
export interface Acknowledged {
  command: Command;
  answer: Accepted;
}

const CLIENTS = 16;
/** Each thinks so long between two commands, at most. */
const THINK_MS = 400;
const AGENCIES = 6;
/** Commitments that clients report on: of these many newest. */
const RECENT = 60;
const ANSWER_MS = 20_000;
const AGAIN_MS = 150;
/** No harm lasts so long. */
const COMMAND_MS_MAX = 180_000;

/**
 * Clients that enter commitments and report on them, all through whichever API answers. Each keeps to the rule for
 * clients: what was not answered, or put off (429, 5xx), is sent again with the same Idempotency-Key.
 */
export class Workload {
  /** Accepted and not yet taken by `take`. */
  private acknowledged: Acknowledged[] = [];
  private readonly commitments: { id: string; agency: string }[] = [];
  private readonly tokens = new Map<string, string>();
  private running: Promise<void>[] = [];
  private stopping = new AbortController();
  private made = 0;
  /** Commands given: makes their keys. */
  private given = 0;
  /** Answers that were neither acceptance nor a refusal by rule: how often each status and code came. */
  readonly putOff = new Map<string, number>();
  private failure: Error | undefined;

  constructor(private readonly site: Site, private readonly seed: number) {}

  /** What reports need: agencies, a line, an indicator, and a few active commitments. */
  async prepare(): Promise<void> {
    const dice = new Dice(this.seed);
    const administrator = await this.token('administrator', 'UNCTAD');
    const enter = (path: string, body: object) => this.give(dice, { path, body, token: administrator });
    for (let n = 0; n < AGENCIES; n += 1) await enter('agencies', { code: agencyOf(n), names: { en: `Agency ${n}` }, kind: 'un-entity' });
    for (const code of ['C1', 'C4', 'C7-eHealth']) await enter('action-lines', { code, titles: { en: `Action line ${code}` } });
    await enter('indicators', { code: 'crash.cities', unit: 'cities', direction: 'rising', titles: { en: 'Cities' }, min: '0', max: '1000', sourceClass: 'survey', measures: 'result' });
    for (let n = 0; n < AGENCIES; n += 1) await this.enterCommitment(dice, agencyOf(n));
  }

  start(): void {
    this.stopping = new AbortController();
    this.made += 1;
    this.running = Array.from({ length: CLIENTS }, (_, n) => this.client(new Dice(this.seed + 1_000 * this.made + n), agencyOf(n)));
    for (const client of this.running) client.catch((error: Error) => (this.failure ??= error));
  }

  /** Each client waits for the answer to the command in its hand, and gives no more. */
  async settle(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.running);
    if (this.failure) throw this.failure;
  }

  take(): Acknowledged[] {
    const taken = this.acknowledged;
    this.acknowledged = [];
    return taken;
  }

  /** Sends one more command and waits until it is accepted: the system takes commands again. */
  async probe(dice: Dice): Promise<void> {
    await this.report(dice, dice.pick(this.commitments).agency);
  }

  /** Sends an acknowledged command once more. */
  async repeat(dice: Dice, { command }: Acknowledged): Promise<unknown> {
    const { body } = await this.untilAnswered(dice, command);
    return body;
  }

  private async client(dice: Dice, agency: string): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if (dice.chance(0.05)) await this.enterCommitment(dice, agency);
      else await this.report(dice, agency);
      await delay(dice.int(0, THINK_MS));
    }
  }

  private async enterCommitment(dice: Dice, agency: string): Promise<void> {
    const [focalPoint, approver] = [await this.token('focal-point', agency), await this.token('approver', agency)];
    const content = {
      title: text(`Commitment ${dice.draw()}`), description: text(SENTENCES), kind: 'programmatic', actionLines: [dice.pick(['C1', 'C4', 'C7-eHealth'])],
      startOn: '2021-01-01', dueOn: '2030-12-31',
    };
    const submitted = await this.give(dice, { path: 'commitments', body: { lead: agency, content }, token: focalPoint });
    if (!submitted) return;
    const { id } = submitted;
    const registered = await this.give(dice, { path: `commitments/${id}/register`, body: {}, token: approver, ifMatch: submitted.revision });
    if (!registered) return;
    const started = await this.give(dice, { path: `commitments/${id}/start`, body: {}, token: approver, ifMatch: registered.revision });
    if (started) this.commitments.push({ id, agency });
  }

  /** On a commitment of the agency's own, on which others of it report at the same time. */
  private async report(dice: Dice, agency: string): Promise<void> {
    const { id } = dice.pick(this.commitments.filter((one) => one.agency === agency).slice(-RECENT));
    const token = await this.token('focal-point', agency);
    const path = `commitments/${id}`;
    switch (dice.int(0, 3)) {
      case 0:
        await this.give(dice, { path: `${path}/obstacles`, body: { description: text(`Obstacle ${dice.draw()}`) }, token });
        return;
      case 1: {
        const evidence = { title: text(`Paper ${dice.draw()}`), class: 'official-paper', issuer: agency, date: '2023-01-31', place: 'annex 2' };
        await this.give(dice, { path: `${path}/evidence`, body: { evidence }, token });
        return;
      }
      default: {
        const content = { from: '2022-01-01', to: '2022-12-31', narrative: [{ part: 'one', text: text(`Report ${dice.draw()}. ${SENTENCES}`) }] };
        const submitted = await this.give(dice, { path: `${path}/progress-updates`, body: { content }, token });
        // Somebody else may have been here meanwhile: then it stays unpublished, which is a state like any other.
        if (submitted) await this.give(dice, { path: `${path}/progress-updates/${submitted.id}/versions/1/publish`, body: {}, token: await this.token('approver', agency), ifMatch: submitted.revision });
      }
    }
  }

  /** @returns undefined where a rule refused it */
  private async give(dice: Dice, given: Omit<Command, 'key' | 'ifMatch'> & { ifMatch?: number }): Promise<Accepted | undefined> {
    const command: Command = { ifMatch: undefined, ...given, key: `crash-${this.given += 1}` };
    const { status, body } = await this.untilAnswered(dice, command);
    if (status >= 300) return undefined;
    const answer = body as Accepted;
    this.acknowledged.push({ command, answer });
    return answer;
  }

  private async untilAnswered(dice: Dice, command: Command): Promise<{ status: number; body: unknown }> {
    for (const end = performance.now() + COMMAND_MS_MAX; performance.now() < end;) {
      const answer = await send(dice.pick(this.site.of('api')).url, command);
      if (answer !== undefined && answer.status < 500 && answer.status !== 429) {
        // What it sends is right by itself, and a token does not expire here; a rule may refuse it for what others did.
        if (![200, 201, 409, 412].includes(answer.status)) throw new Error(`a sound command was answered ${answer.status}: ${JSON.stringify(answer.body)} (${command.path})`);
        return answer;
      }
      const what = answer === undefined ? 'no answer' : `${answer.status} ${(answer.body as { code?: string }).code}`;
      this.putOff.set(what, (this.putOff.get(what) ?? 0) + 1);
      await delay(AGAIN_MS);
    }
    throw new Error(`no API answered ${command.path} (${command.key}) within ${COMMAND_MS_MAX} ms`);
  }

  private async token(role: Role, agency: string): Promise<string> {
    const whose = `${role} ${agency}`;
    const token = this.tokens.get(whose) ?? (await mintLocalToken({ dataDir: this.site.dataDir, role, agency, expiresIn: '12h' }));
    this.tokens.set(whose, token);
    return token;
  }
}

async function send(api: string, { path, body, key, token, ifMatch }: Command): Promise<{ status: number; body: unknown } | undefined> {
  try {
    const response = await fetch(`${api}/v1/${path}`, {
      method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key,
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
    });
    return { status: response.status, body: await response.json() };
  } catch {
    return undefined;
  }
}

function agencyOf(number: number): string {
  return `AGENCY-${number % AGENCIES}`;
}

function text(words: string): { text: string; language: string } {
  return { text: words, language: 'en' };
}

const SENTENCES = 'Two more cities opened their services to people with disabilities, and staff of nine others were trained.';

import type { Command } from 'commander';
import { resolve } from 'node:path';
import { z } from 'zod';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { DATA_DIR, PORT } from '#platform/config.ts';
import { CommandApi, filledPath, isRefused, type Refused } from './command-api.ts';
import { CommandEnd, EXIT } from './exit-code.ts';
import { pointerOf, readImportFiles, resolved, type ImportFiles, type ImportRecord, type Wrong } from './import-files.ts';
import { progressBar } from './progress-bar.ts';
import { API_URL, apiUrlOf, readSettings } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

const Settings = z.object({
  API_URL, PORT, DATA_DIR,
  LEDGER_TOKEN_ENTERS: z.string().optional(),
  LEDGER_TOKEN_APPROVES: z.string().optional(),
});
type Settings = z.output<typeof Settings>;

interface ImportOptions extends JsonOption {
  api?: string;
}

export function addImport(program: Command, terminal: Terminal): Command {
  return program
    .command('import')
    .argument('<file-or-folder>', 'a YAML file, or a folder of them, taken in the order of their names')
    .summary('enter records through the API, as transcriptions by the secretariat')
    .description(`Sends every record of YAML files to a running API, one after the other. Bad records are listed with file, line, field and
rule, and the rest is imported; records that need a bad one are skipped. Running it again changes nothing, and goes on
where it was stopped: each record has a key, and the same key has the effect of once.`)
    .option('--api <url>', 'where the API is (default: API_URL, else http://127.0.0.1 at PORT)')
    .addHelpText('after', `
Example:
  $ npm run ledger -- import deploy/data

A file:
  document: UNDP submission to the 25th session of the CSTD, October 2021
  records:
    - key: labs                   # unique in all files
      command: SubmitCommitment   # an operationId of the API's /openapi.json
      as: enters                  # enters or approves: two members of the secretariat
      place: Part One             # in the document
      occurredOn: 2021-10-15
      body: { lead: UNDP, content: { ... } }
    - key: labs-registered
      command: RegisterCommitment
      as: approves
      place: Part One
      path: { id: $labs }         # the id that the record labs was answered with

Tokens: of the local key in DATA_DIR, or LEDGER_TOKEN_ENTERS and LEDGER_TOKEN_APPROVES.`)
    .action((path: string, options: ImportOptions) => importRecords(terminal, path, options));
}

/** What became of the records; their sum is `records`. */
interface Counts {
  records: number;
  accepted: number;
  /** Entered by an earlier import; null where the API does not tell, and they count as accepted. */
  repeated: number | null;
  /** Wrong by format, or refused by the API. */
  refused: number;
  /** They need a record that was refused or skipped. */
  skipped: number;
  /** Stopped before them. */
  untried: number;
}

async function importRecords(terminal: Terminal, path: string, { api, json }: ImportOptions): Promise<void> {
  const settings = readSettings(Settings, { env: { ...terminal.env, ...(api !== undefined && { API_URL: api }) } });
  // npm runs scripts in the project's folder; a path is meant from where the person stands.
  const files = readImportFiles(resolve(terminal.env['INIT_CWD'] ?? '.', path));
  const url = apiUrlOf(settings);
  const tokens = await tokensOf(settings);
  const target = await CommandApi.connect(url, terminal.signal);
  const bar = progressBar(terminal, 'importing', { json });
  const importing = new Importing(files, target, tokens, await target.head(tokens.enters));
  try {
    for (const [index, record] of files.records.entries()) {
      terminal.signal.throwIfAborted();
      await importing.enter(record);
      bar.to(index + 1, files.records.length);
    }
  } finally {
    bar.stop();
    // Of one that was stopped as well: what was entered stays.
    report(terminal, importing.counts(), importing.wrong, json);
  }
  const { accepted, repeated } = importing.counts();
  if (importing.wrong.length > 0) throw new CommandEnd(accepted + (repeated ?? 0) > 0 ? EXIT.partly : EXIT.failed);
}

function report(terminal: Terminal, counts: Counts, wrong: readonly Wrong[], json: boolean | undefined): void {
  if (json) return printJson(terminal, { ...counts, wrong });
  printLines(terminal, wrong.map(({ file, line, key, field, rule, message }) => `${file}:${line}  ${key ?? '(no key)'}  ${field || '(record)'}  ${rule}: ${message}`));
  const { records, accepted, repeated, refused, skipped, untried } = counts;
  const again = repeated === null ? '' : `, ${repeated} were there already`;
  const left = untried === 0 ? '' : `, ${untried} not tried`;
  printLines(terminal, [`${records} records: ${accepted} accepted${again}, ${refused} refused, ${skipped} skipped${left}`]);
}

interface Tokens {
  enters: string;
  approves: string;
}

const EXPIRES = '1h';

/** Two different members of the secretariat, so that none approves what it entered. */
async function tokensOf({ DATA_DIR: dataDir, LEDGER_TOKEN_ENTERS, LEDGER_TOKEN_APPROVES }: Settings): Promise<Tokens> {
  const mint = (id: string) => mintLocalToken({ dataDir, role: 'secretariat', agency: 'UNCTAD', id, expiresIn: EXPIRES });
  return {
    enters: LEDGER_TOKEN_ENTERS ?? (await mint('cstd-secretariat-1')),
    approves: LEDGER_TOKEN_APPROVES ?? (await mint('cstd-secretariat-2')),
  };
}

/** One run over the files: what was entered so far, under which ids, and what went wrong. */
class Importing {
  readonly wrong: Wrong[];
  readonly #ids = new Map<string, string>();
  #accepted = 0;
  #repeated = 0;
  #refused: number;
  #skipped = 0;

  constructor(
    private readonly files: ImportFiles,
    private readonly api: CommandApi,
    private readonly tokens: Tokens,
    private readonly headBefore: number | undefined,
  ) {
    this.wrong = [...files.wrong];
    this.#refused = files.count - files.records.length;
  }

  counts(): Counts {
    const done = this.#accepted + this.#repeated + this.#refused + this.#skipped;
    return {
      records: this.files.count,
      accepted: this.#accepted,
      repeated: this.headBefore === undefined ? null : this.#repeated,
      refused: this.#refused,
      skipped: this.#skipped,
      untried: this.files.count - done,
    };
  }

  async enter(record: ImportRecord): Promise<void> {
    const lacking = record.needs.find((key) => !this.#ids.has(key));
    if (lacking !== undefined) {
      this.#skipped += 1;
      this.#tell(record, [], 'skipped', `it needs ${lacking}, which is not there: ${this.#fateOf(lacking)}`);
      return;
    }
    const idOf = (key: string) => this.#ids.get(key)!;
    const command = this.api.command(record.command);
    if (!command) return this.#refuse(record, ['command'], 'unknown_command', 'the API has no such command');
    const filled = filledPath(command.path, resolved(record.path, idOf));
    if ('missing' in filled) return this.#refuse(record, ['path'], 'required', `${command.path} needs ${filled.missing}`);
    if ('unknown' in filled) return this.#refuse(record, ['path', filled.unknown], 'unknown_field', `${command.path} has no ${filled.unknown}`);

    const { occurredOn, transcribedFrom } = record;
    const body = { ...resolved(record.body, idOf), ...(occurredOn !== undefined && { occurredOn }), transcribedFrom };
    const answer = await this.api.send({ command, path: filled.path, body, idempotencyKey: `import:${record.key}`, token: this.tokens[record.as] });
    if (isRefused(answer)) return this.#refuseAll(record, answer);
    this.#ids.set(record.key, answer.id);
    if (this.headBefore !== undefined && answer.position <= this.headBefore) this.#repeated += 1;
    else this.#accepted += 1;
  }

  #fateOf(key: string): string {
    return this.files.wrongKeys.has(key) ? 'it is wrong' : 'it was refused or skipped';
  }

  #refuse(record: ImportRecord, path: readonly PropertyKey[], rule: string, message: string): void {
    this.#refused += 1;
    this.#tell(record, path, rule, message);
  }

  #refuseAll(record: ImportRecord, { code, detail, errors }: Refused): void {
    this.#refused += 1;
    for (const { pointer, rule, message } of errors) this.#tell(record, placeInRecord(record, pointer), rule, message);
    if (errors.length === 0) this.#tell(record, [], code, detail);
  }

  #tell(record: ImportRecord, path: readonly PropertyKey[], rule: string, message: string): void {
    this.wrong.push({ file: record.file, line: record.lineOf(path), key: record.key, field: pointerOf(path), rule, message });
  }
}

/** Where in the record stands what the API points at in the command that was made of it. */
function placeInRecord({ path, body }: ImportRecord, pointer: string): string[] {
  if (pointer === '') return [];
  const steps = pointer.slice(1).split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const [first = '', ...rest] = steps;
  if (first === 'transcribedFrom') return rest;
  if (first === 'occurredOn') return steps;
  if (first === 'idempotency-key') return ['key'];
  return Object.hasOwn(path, first) && !Object.hasOwn(body, first) ? ['path', ...steps] : ['body', ...steps];
}

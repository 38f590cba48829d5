import { Option, type Command } from 'commander';
import { z } from 'zod';
import { Actor, Role } from '#domain/event.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { DATA_DIR } from '#platform/config.ts';
import { CommandEnd, EXIT } from './exit-code.ts';
import { readSettings } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

/** Who is meant where no agency is named. The reviewer's leads nothing in the records that come with the ledger. */
const DEFAULT_AGENCY: Record<Role, string> = {
  administrator: 'UNCTAD',
  secretariat: 'UNCTAD',
  'focal-point': 'ITU',
  approver: 'ITU',
  reviewer: 'UNESCO',
};

interface TokenOptions extends JsonOption {
  role: Role;
  agency?: string;
  id?: string;
  expires: string;
}

export function addToken(program: Command, terminal: Terminal): Command {
  const agencies = Object.entries(DEFAULT_AGENCY).map(([role, agency]) => `${agency} for ${role}`);
  return program
    .command('token')
    .summary('print a token of the local key')
    .description(`Prints a token, and nothing else, signed by the local key in DATA_DIR (.data), which is made where it is missing. An API
accepts it that runs with the same DATA_DIR and without OIDC_ISSUER; never in production.`)
    .addOption(new Option('--role <role>', 'what its owner may do').choices(Role.options).makeOptionMandatory())
    .option('--agency <code>', `agency of its owner (default: ${agencies.join(', ')})`)
    .option('--id <id>', 'opaque id of its owner, never a name or address (default: <agency>-<role>)')
    .option('--expires <time>', 'for how long it is good: 90s, 30m, 8h or 30d', '8h')
    .addHelpText('after', '\nExample:\n  $ TOKEN=$(npm run --silent ledger -- token --role approver --agency UNDP)')
    .action((options: TokenOptions) => token(terminal, options));
}

async function token(terminal: Terminal, { role, agency = DEFAULT_AGENCY[role], id = `${agency}-${role}`, expires, json }: TokenOptions): Promise<void> {
  const actor = Actor.safeParse({ id, agency, role });
  if (!actor.success) throw new CommandEnd(EXIT.usage, actor.error.issues.map((issue) => `error: --${issue.path.join('.')} ${issue.message}`).join('\n'));
  if (id.includes('@')) throw new CommandEnd(EXIT.usage, 'error: --id must not be an e-mail address: it stands in the log for ever');
  const seconds = secondsOf(expires);
  const { DATA_DIR: dataDir } = readSettings(z.object({ DATA_DIR }), terminal);
  const minted = await mintLocalToken({ dataDir, role, agency, id, expiresIn: seconds });
  if (json) printJson(terminal, { token: minted, actor: actor.data, expiresInSeconds: seconds });
  else printLines(terminal, [minted]);
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(time: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(time) ?? [];
  if (count === undefined || unit === undefined) throw new CommandEnd(EXIT.usage, 'error: --expires must be a time such as 90s, 30m, 8h or 30d');
  return Number(count) * SECONDS[unit]!;
}

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { Actor, type EventMetadata } from '#domain/event.ts';
import { SCHEMA_VERSION } from '#domain/events.ts';
import { resumeLogAbove } from '#event-store/log-owner.ts';
import { RESUME_ABOVE_MAX } from '#event-store/postgres/resume-above.ts';
import { EVENT_STORE_URL } from '#platform/config.ts';
import { CommandEnd, EXIT } from './exit-code.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

interface ResumeOptions extends JsonOption {
  id: string;
  agency: string;
}

export function addLog(program: Command, terminal: Terminal): Command {
  return program
    .command('log')
    .description('repair the event log')
    .command('resume-above')
    .argument('<position>', 'the highest position that anybody may have seen, or more: when in doubt, add a million')
    .summary('let a log that has lost its end go on above every position that was seen')
    .description(`For a PostgreSQL log that was restored from an older backup, or whose standby took over without the last events. What is
appended next would get positions that views, Kafka and subscribers know with other events in them. This appends one event,
LogRestored, above the position given, and so declares all between the log's end and it void, for ever. Stop API, projector
and publisher first, and start them only afterwards. What was seen tells: \`ledger doctor\` (positions of views, publisher
and Kafka's topics), the highest \`sequence\` that a subscriber holds, the last \`position\` in an answer of the API.
EVENT_STORE_URL must name the log's owner, who ran \`ledger migrate\`.`)
    .option('--id <id>', 'opaque id of who does it, never a name or address', 'UNCTAD-administrator')
    .option('--agency <code>', 'agency of who does it', 'UNCTAD')
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- log resume-above 120000\n\n${settingsHelp}`)
    .action((position: string, options: ResumeOptions) => resume(terminal, position, options));
}

async function resume(terminal: Terminal, text: string, { id, agency, json }: ResumeOptions): Promise<void> {
  const position = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  if (position < 1 || position > RESUME_ABOVE_MAX) throw new CommandEnd(EXIT.usage, `error: the position must be a whole number from 1 to ${RESUME_ABOVE_MAX}`);
  const actor = Actor.safeParse({ id, agency, role: 'administrator' });
  if (!actor.success) throw new CommandEnd(EXIT.usage, actor.error.issues.map((issue) => `error: --${issue.path.join('.')} ${issue.message}`).join('\n'));
  const { EVENT_STORE_URL: url } = readSettings(z.object({ EVENT_STORE_URL }), terminal);
  const resumed = await resumeLogAbove(url, position, { id: randomUUID(), metadata: metadataOf(actor.data, position) });
  if (json) return printJson(terminal, { ...resumed, voidTo: position, next: NEXT });
  printLines(terminal, [`positions ${resumed.voidFrom} to ${position} are void; the log goes on above ${resumed.position}`, '', 'Now:', ...NEXT.map((step) => `  - ${step}`)]);
}

const NEXT = [
  '`ledger doctor` names each view that has folded lost events: `ledger rebuild <view>` it; the projector refuses to start before',
  'start API, projector and publisher again wherever one still runs: it remembers what is lost',
  'the publisher goes on by itself; where it refuses because the log went on below what was published, positions were used twice: '
    + 'do as under the next point',
  'subscribers hold what was published of the lost events: each compares its counts with /v1/feed/summary. Where they differ, one of the feed '
    + 'begins anew; for those of Kafka stop them and the publisher, delete the topics of the ledger, and start the publisher: it publishes '
    + 'everything again, and they begin anew',
];

function metadataOf(actor: Actor, position: number): EventMetadata {
  return {
    commandId: randomUUID(),
    requestHash: createHash('sha256').update(`ResumeAbove ${position}`).digest('hex'),
    actor,
    occurredOn: new Date().toISOString().slice(0, 10),
    schemaVersion: SCHEMA_VERSION,
    salt: randomBytes(16).toString('hex'),
  };
}

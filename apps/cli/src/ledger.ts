import { Command } from 'commander';
import { addCopy } from './copy.ts';
import { addDoctor } from './doctor.ts';
import { exitCodesHelp, failureOf } from './exit-code.ts';
import { addImport } from './import.ts';
import { addLog } from './log.ts';
import { addMigrate } from './migrate.ts';
import { addProjection } from './projection.ts';
import { addRebuild } from './rebuild.ts';
import { addReplay } from './replay.ts';
import type { Terminal } from './terminal.ts';
import { addToken } from './token.ts';

/** Every command there is, in the order in which the help lists them; each adds one or several. */
const commands = [addMigrate, addImport, addToken, addRebuild, addProjection, addDoctor, addReplay, addLog, addCopy];

/**
 * Runs one command. Never throws: what went wrong is told on the error output.
 * @param args without program and script: `['replay', 'agency-UNDP']`
 * @returns the exit code
 */
export async function ledger(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    const failure = failureOf(error, terminal.signal);
    if (failure.message !== '') terminal.err(`${args.includes('--json') ? JSON.stringify({ error: failure }) : failure.message}\n`);
    return failure.exitCode;
  }
}

function program(terminal: Terminal): Command {
  const whole = new Command('ledger')
    .description('Sets up, fills, inspects and repairs the Action Line Ledger.')
    // Errors are told by whoever called, with the exit code.
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => undefined })
    .helpCommand(false)
    .exitOverride()
    .addHelpText('after', `\n${exitCodesHelp}`);
  for (const command of commands.flatMap((add) => add(whole, terminal))) {
    command.option('--json', 'print one JSON document, for programs').addHelpText('after', `\n${exitCodesHelp}`);
    // It is wrapped to the width of the terminal.
    command.description(command.description().replaceAll('\n', ' '));
  }
  return whole;
}

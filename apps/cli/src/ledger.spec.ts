import { run } from './terminal.fixture.ts';

const names = ['migrate', 'import', 'token', 'rebuild', 'doctor', 'replay', 'log resume-above', 'copy'];

test('help lists every command', async () => {
  const { exitCode, out } = await run(['--help']);
  expect(exitCode).toBe(0);
  expect(names.filter((name) => !new RegExp(`^  ${name.split(' ')[0]} `, 'm').test(out))).toEqual([]);
});

test.each(names)('help of %s has an example, --json and the exit codes', async (name) => {
  const { exitCode, out, err } = await run([...name.split(' '), '--help']);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toContain('ledger -- ' + name);
  expect(out).toContain('--json');
  expect(out).toContain('3  done in part');
});

test('no command at all prints the help and is wrong usage', async () => {
  const { exitCode, out, err } = await run([]);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain('Usage: ledger');
});

test.each([
  [['nothing'], "unknown command 'nothing'"],
  [['replay'], "missing required argument 'id'"],
  [['token'], "required option '--role <role>' not specified"],
  [['doctor', '--verbose'], "unknown option '--verbose'"],
  [['rebuild', 'everything'], 'there is no view everything; there are commitments,'],
  [['replay', 'cycle-1'], '"cycle-1" names no record'],
  [['replay', 'agency-UNDP', '--to', 'yesterday'], '--to must be a position'],
  [['copy', '--from', 'postgres://127.0.0.1/ledger'], "required option '--to <url>' not specified"],
  [['log', 'resume-above', '0'], 'the position must be a whole number from 1 to'],
  [['log', 'resume-above', '5', '--agency', 'no agency'], 'error: --agency '],
  [['replay', 'agency-UNDP', '--on', '2022-02-30'], '--on must be a date'],
])('%j is wrong usage, and says so', async (args, message) => {
  const { exitCode, out, err } = await run(args);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(message);
});

test('with --json an error is JSON too', async () => {
  const { exitCode, err } = await run(['rebuild', 'everything', '--json']);
  expect(exitCode).toBe(2);
  expect(JSON.parse(err)).toEqual({ error: { exitCode: 2, message: expect.stringContaining('there is no view everything') } });
});

test.each(['rebuild', 'replay agency-UNDP', 'doctor'])('%s says that a database is away', async (command) => {
  const { exitCode, err, out } = await run(command.split(' '), { DATABASE_URL: 'postgres://someone:secret@127.0.0.1:1/ledger' });
  expect(exitCode).toBe(command === 'doctor' ? 1 : 4);
  expect(err + out).toContain('ECONNREFUSED');
  expect(err + out).not.toContain('secret');
});

test.each(['rebuild', 'migrate', 'doctor'])('%s names every setting that is missing, and the way to have them set', async (command) => {
  const { exitCode, err } = await run([command], { DATA_DIR: '/nowhere', PORT: 'x' });
  expect(exitCode).toBe(2);
  expect(err).toContain('DATABASE_URL: is required');
  expect(err).toContain('run `npm start` first: there is no /nowhere/ledger.env');
});

import { Metrics } from '#platform/metrics.module.ts';
import { COMMANDS_MAX, CommandsAtWork, WhileNotFull } from './commands-at-work.ts';

const metrics = new Metrics();
const atWork = new CommandsAtWork(metrics);

test('as many commands as can be are let in; one more is turned away, told when to come back, and counted', async () => {
  const gates = Array.from({ length: COMMANDS_MAX }, () => Promise.withResolvers<string>());
  const answers = gates.map((gate) => atWork.letIn(() => gate.promise));
  expect(await gauge()).toBe(COMMANDS_MAX);
  let begun = false;
  const oneMore = atWork.letIn(async () => (begun = true));
  await expect(oneMore).rejects.toMatchObject({ status: 503, code: 'SERVICE.BUSY', headers: { 'retry-after': '1' } });
  expect(begun).toBe(false);
  expect(await metrics.registry.getSingleMetricAsString('ledger_commands_turned_away_total')).toContain('ledger_commands_turned_away_total 1');
  expect(() => new WhileNotFull(atWork).canActivate()).toThrow('SERVICE.BUSY');

  gates[0]!.resolve('done');
  gates[1]!.reject(new Error('refused'));
  expect(await answers[0]).toBe('done');
  await expect(answers[1]).rejects.toThrow('refused');
  expect(await gauge()).toBe(COMMANDS_MAX - 2);
  expect(await atWork.letIn(async () => 'let in')).toBe('let in');
  for (const gate of gates) gate.resolve('done');
  await Promise.allSettled(answers);
  expect(await gauge()).toBe(0);
});

async function gauge(): Promise<number> {
  const { values } = await metrics.registry.getSingleMetric('ledger_commands_at_work')!.get();
  return values[0]!.value;
}

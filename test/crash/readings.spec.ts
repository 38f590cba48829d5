import { published, type CloudEvent } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { LogReading, PartitionReading, Violation } from './readings.ts';
import type { Acknowledged } from './workload.ts';

const log = logOf(everything).map((event, index): RecordedEvent => ({ ...event, position: index + 1, recordedAt: '2024-01-01T00:00:00.000Z' }));

/** What a reading of these events says; nothing where all is well. */
function complaint(events: readonly RecordedEvent[]): string | undefined {
  const reading = new LogReading();
  try {
    for (const event of events) reading.take(event);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Violation);
    return (error as Violation).message;
  }
}

function changed(index: number, change: Partial<RecordedEvent>): RecordedEvent[] {
  return log.map((event, at) => (at === index ? { ...event, ...change } : event));
}

describe('a reading of the log', () => {
  test('finds nothing wrong with a log', () => expect(complaint(log)).toBeUndefined());

  test.each<[string, RecordedEvent[], RegExp]>([
    ['an event that is gone', log.toSpliced(3, 1), /^position 5 follows 3$/],
    ['a revision that is gone', changed(3, { revision: 99 }), /^revision 99 of /],
    ['a time that falls', changed(3, { recordedAt: '2023-01-01T00:00:00.000Z' }), /was recorded at 2023/],
    ['an event that stands there twice', changed(3, { id: log[2]!.id }), /stands in the log twice/],
    ['a command that had its effect twice', changed(5, { metadata: { ...log[5]!.metadata, commandId: log[0]!.metadata.commandId } }), /^command .* stands in the log twice, the second time at 6$/],
  ])('finds %s', (_name, events, message) => expect(complaint(events)).toMatch(message));

  test('takes gaps for nothing where positions only rise, and still wants them to', () => {
    const reading = new LogReading('KurrentDB');
    for (const event of log) reading.take({ ...event, position: event.position * 431 });
    expect(reading.count).toBe(log.length);
    expect(() => reading.take({ ...log[0]!, position: 431 })).toThrow('position 431 follows');
  });

  test('has another hash where any event is another', () => {
    const hashOf = (events: readonly RecordedEvent[]) => {
      const reading = new LogReading();
      for (const event of events) reading.take(event);
      return reading.hash;
    };
    expect(hashOf(changed(4, { data: { other: true } }))).not.toBe(hashOf(log));
    expect(hashOf([...log])).toBe(hashOf(log));
  });

  test('knows what was acknowledged, and what nobody was told of', () => {
    const reading = new LogReading();
    for (const event of log) reading.take(event);
    const last = [...new Map(log.map((event) => [event.metadata.commandId, event])).values()];
    const answers = last.map(({ position, revision }) => ({ answer: { position, revision } }) as Acknowledged);
    expect(answers.every(({ answer }) => reading.holds(answer))).toBe(true);
    expect(reading.holds({ position: log.length + 1, revision: 1 })).toBe(false);
    expect(reading.holds({ position: 1, revision: 2 })).toBe(false);
    expect(() => reading.acknowledge(answers.slice(1))).toThrow('1 commands that no client was told of');
    expect(() => reading.acknowledge(answers.slice(0, 2))).toThrow('two commands were answered with position');
  });
});

describe('a reading of a partition', () => {
  const events = log.flatMap((event) => published(event) ?? []);
  const read = (records: readonly CloudEvent[]) => {
    const reading = new PartitionReading('topic', 0);
    reading.expected.push(...events.map(({ id, sequence }) => ({ id, sequence })));
    const repeats = records.reduce((sum, event, offset) => sum + reading.take(offset, event.partitionkey, event), 0);
    return { reading, repeats };
  };

  test('is complete with every event in order', () => {
    const { reading, repeats } = read(events);
    expect([reading.isComplete(), reading.missing, repeats]).toEqual([true, 0, 0]);
    expect(() => reading.throwIfWrong()).not.toThrow();
  });

  test('counts what a subscriber drops', () => {
    const { reading, repeats } = read([...events.slice(0, 4), ...events.slice(1)]);
    expect([reading.isComplete(), repeats]).toEqual([true, 3]);
    expect(() => reading.throwIfWrong()).not.toThrow();
  });

  test('lacks what has not come', () => {
    const { reading } = read(events.slice(0, -2));
    expect([reading.isComplete(), reading.missing]).toEqual([false, 2]);
  });

  test('is wrong where one was stepped over', () => {
    const { reading } = read(events.toSpliced(2, 1));
    expect(() => reading.throwIfWrong()).toThrow(`offset 2 of topic, partition 0, holds ${events[3]!.sequence} where ${events[2]!.sequence} comes`);
  });
});

import { published, topics as everyTopic } from '#contracts/published.ts';
import { logOf } from '#testing/given.ts';
import { everything, submitted } from '#testing/scenes.ts';
import { folded, rowsAfter } from './folded.fixture.ts';
import { topics } from './topics.ts';

test('counts what is published, by topic, and names the last', () => {
  const log = logOf(everything);
  const inTopics = Map.groupBy(log.flatMap((event) => published(event) ?? []), ({ type }) => `${type.split('.').slice(0, 2).join('.')}.v1`);
  expect(folded(topics, log).map(({ id, count, lastSequence }) => [id, count, lastSequence])).toEqual(
    everyTopic.map((topic) => [topic, inTopics.get(topic)!.length, inTopics.get(topic)!.at(-1)!.sequence]),
  );
});

test('what is not public makes no topic', () => {
  expect(rowsAfter(topics, submitted).map(({ id }) => id)).toEqual(['wsis.actionLine.v1', 'wsis.agency.v1', 'wsis.indicator.v1']);
});

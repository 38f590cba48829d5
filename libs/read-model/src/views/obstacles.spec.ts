import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import { by, the } from '#testing/given.ts';
import { obstacleReported, text, undesa } from '#testing/scenes.ts';
import { rowAfter } from './folded.fixture.ts';
import { obstacles } from './obstacles.ts';

const id = the('commitment');

test('a reported obstacle has a row', () => {
  expect(rowAfter(obstacles, obstacleReported)).toEqual({
    id: the('obstacle'),
    commitmentId: id,
    agency: 'UNDESA',
    description: text('Demand outgrows funds'),
    status: 'reported',
    reportedOn: '2023-06-01',
    resolvedOn: null,
    resolution: null,
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: expect.any(Number),
  });
});

test('a resolved one stays, with how it was resolved', () => {
  const resolved = by(undesa.focalPoint, resolveObstacle, { id, obstacle: the('obstacle'), resolution: text('Funds were found') }, { occurredOn: '2023-05-31' });
  expect(rowAfter(obstacles, obstacleReported, resolved)).toMatchObject({
    description: text('Demand outgrows funds'),
    status: 'resolved',
    reportedOn: '2023-06-01',
    resolvedOn: '2023-05-31',
    resolution: text('Funds were found'),
  });
});

import { by, given, the } from '#testing/given.ts';
import { active, obstacleReported, submitted, text, undesa } from '#testing/scenes.ts';
import { resolveObstacle } from './resolve-obstacle.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const obstacle = the('obstacle');
const command = { id, obstacle, resolution: text('Funds were found') };

test('an obstacle is resolved, and stays in the record', () => {
  const state = given(obstacleReported)
    .when(undesa.focalPoint, resolveObstacle, command, { occurredOn: '2023-05-01' })
    .then('ObstacleResolved', { obstacleId: obstacle, resolution: command.resolution });
  expect(state.obstacles[obstacle]).toEqual({
    description: text('Demand outgrows funds'), agency: 'UNDESA', reportedOn: '2023-06-01', resolvedOn: '2023-05-01', resolution: command.resolution,
  });
});

test('once', () => {
  given(obstacleReported, by(undesa.focalPoint, resolveObstacle, command))
    .when(undesa.focalPoint, resolveObstacle, command)
    .thenRefused('OBSTACLE.ALREADY_RESOLVED');
});

test('it is known', () => {
  given(active).when(undesa.focalPoint, resolveObstacle, command).thenRefused('OBSTACLE.UNKNOWN');
});

test('not before the commitment is registered, nor after it ended', () => {
  given().when(undesa.focalPoint, resolveObstacle, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, resolveObstacle, command).thenRefused('COMMITMENT.NOT_PUBLIC');
  given(obstacleReported, by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') }))
    .when(undesa.focalPoint, resolveObstacle, command)
    .thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});

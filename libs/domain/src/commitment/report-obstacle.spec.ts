import { given, the } from '#testing/given.ts';
import { active, endings, joined, registered, secretariat, submitted, text, undesa, undp } from '#testing/scenes.ts';
import { reportObstacle } from './report-obstacle.ts';

const id = the('commitment');
const command = { id, description: text('Demand outgrows investment') };
const event = { obstacleId: the('obstacle'), agency: 'UNDESA', description: command.description };

test('a party reports an obstacle', () => {
  const state = given(registered).when(undesa.focalPoint, reportObstacle, command, { occurredOn: '2022-02-01' }).then('ObstacleReported', event);
  expect(state.obstacles).toEqual({ [the('obstacle')]: { description: command.description, agency: 'UNDESA', reportedOn: '2022-02-01' } });
});

test('a partner in its own name; the secretariat in the name of the lead', () => {
  given(joined).when(undp.focalPoint, reportObstacle, command).then('ObstacleReported', { ...event, agency: 'UNDP' });
  const transcribedFrom = { document: 'Submission to CSTD-25', place: 'Part One' };
  given(active).when(secretariat, reportObstacle, command, { transcribedFrom }).then('ObstacleReported', event);
});

test('not before the commitment is registered, nor after it ended', () => {
  given().when(undesa.focalPoint, reportObstacle, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, reportObstacle, command).thenRefused('COMMITMENT.NOT_PUBLIC');
  for (const history of Object.values(endings)) given(history).when(undesa.focalPoint, reportObstacle, command).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});

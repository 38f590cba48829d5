import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { PlainDate, Text } from '../values.ts';
import { CommitmentPath, requireFinding } from './rules.ts';

/** Repeats the finding, which becomes public with its answer. */
export const FindingAnswered = publicEvent(
  'FindingAnswered',
  z.strictObject({ findingId: z.uuid(), about: z.string().max(60).optional(), finding: Text, raisedOn: PlainDate, answer: Text }),
);

export const answerFinding = useCase({
  name: 'AnswerFinding',
  category: 'commitment',
  path: CommitmentPath.extend({ finding: z.uuid() }),
  body: FindingAnswered.data.pick({ answer: true }),
  decide({ finding: findingId, answer }, commitment) {
    const { about, finding, raisedOn } = requireFinding(commitment, findingId, 'raised');
    return [{ type: 'FindingAnswered', data: { findingId, about, finding, raisedOn, answer } }];
  },
});

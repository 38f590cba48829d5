import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { ActionLineCode, Titles } from '../values.ts';

export const ActionLineDefined = publicEvent('ActionLineDefined', z.strictObject({ code: ActionLineCode, titles: Titles }));

export const defineActionLine = useCase({
  name: 'DefineActionLine',
  category: 'actionLine',
  path: z.strictObject({}),
  body: ActionLineDefined.data,
  decide(command, line) {
    if (command.code === 'C7') refuse('ACTION_LINE.BARE_C7', '/code');
    if (line.defined) refuse('ACTION_LINE.ALREADY_DEFINED', '/code');
    return [{ type: 'ActionLineDefined', data: command }];
  },
});

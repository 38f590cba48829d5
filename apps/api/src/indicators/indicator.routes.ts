import { defineIndicator } from '#domain/indicator/define.ts';
import { reviseIndicator } from '#domain/indicator/revise.ts';
import { commandRoute } from '../commands/command-route.ts';

export const indicatorRoutes = [
  commandRoute(defineIndicator, 'indicators', { by: ['administrator', 'focal-point'], of: 'code-owner', opens: true, makes: 'indicators/:made' }),
  commandRoute(reviseIndicator, 'indicators/:code/revise', { by: ['administrator', 'focal-point'], of: 'code-owner', ifMatch: 'required' }),
];

import { assignFacilitator } from '#domain/action-line/assign-facilitator.ts';
import { defineActionLine } from '#domain/action-line/define.ts';
import { relieveFacilitator } from '#domain/action-line/relieve-facilitator.ts';
import { retitleActionLine } from '#domain/action-line/retitle.ts';
import { setSdgLinks } from '#domain/action-line/set-sdg-links.ts';
import { commandRoute } from '../commands/command-route.ts';

export const actionLineRoutes = [
  commandRoute(defineActionLine, 'action-lines', { by: 'administrator', opens: true, makes: 'action-lines/:made' }),
  commandRoute(retitleActionLine, 'action-lines/:code/retitle', { by: 'administrator', ifMatch: 'required' }),
  commandRoute(setSdgLinks, 'action-lines/:code/set-sdg-links', { by: 'administrator', ifMatch: 'required' }),
  commandRoute(assignFacilitator, 'action-lines/:code/assign-facilitator', { by: 'administrator' }),
  commandRoute(relieveFacilitator, 'action-lines/:code/relieve-facilitator', { by: 'administrator', ifMatch: 'required' }),
];

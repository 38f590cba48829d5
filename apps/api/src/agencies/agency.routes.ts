import { registerAgency } from '#domain/agency/register.ts';
import { renameAgency } from '#domain/agency/rename.ts';
import { commandRoute } from '../commands/command-route.ts';

export const agencyRoutes = [
  commandRoute(registerAgency, 'agencies', { by: 'administrator', opens: true, makes: 'agencies/:made' }),
  commandRoute(renameAgency, 'agencies/:code/rename', { by: 'administrator', ifMatch: 'required' }),
];

import { actionLineRoutes } from '../action-lines/action-line.routes.ts';
import { agencyRoutes } from '../agencies/agency.routes.ts';
import { commitmentRoutes } from '../commitments/commitment.routes.ts';
import { indicatorRoutes } from '../indicators/indicator.routes.ts';

/** Every command that can be given over HTTP. */
export const commandRoutes = [...agencyRoutes, ...actionLineRoutes, ...indicatorRoutes, ...commitmentRoutes];

import { viewId, type View } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { CommandEnd, EXIT } from './exit-code.ts';

/** For help. */
export const viewNames = `a view: ${views.map(({ name }) => name).join(', ')}`;

/** @param name `commitments`, or with its version `commitments_v1` */
export function viewNamed(name: string): View {
  const view = views.find((one) => one.name === name || viewId(one) === name);
  if (view) return view;
  throw new CommandEnd(EXIT.usage, `error: there is no view ${name}; there are ${views.map((one) => one.name).join(', ')}`);
}

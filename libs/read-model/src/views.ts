import type { View } from './view.ts';

/** Every view there is. */
export const views: readonly View[] = [];

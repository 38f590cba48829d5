import type { Bench } from './bench.ts';

export const appendBenches: Bench[] = [];

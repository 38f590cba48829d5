import { parseArgs } from 'node:util';
import { KurrentDbDouble } from './kurrentdb-double.ts';

// A process of its own: node --import ./test/typescript.mjs libs/testing/kurrentdb-double/run.ts --port 2113 --log events.jsonl
const { values } = parseArgs({ options: { port: { type: 'string', default: '2113' }, log: { type: 'string' }, version: { type: 'string' } } });
const double = await KurrentDbDouble.start({ port: Number(values.port), file: values.log, version: values.version });
console.log(`KurrentDB's double is ready: ${double.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void double.stop().then(() => process.exit()));

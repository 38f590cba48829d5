/**
 * Writes what is generated from the event schemas: schemas/*.json and asyncapi.json.
 *   node libs/contracts/generate.ts             after a change to a public event
 *   node libs/contracts/generate.ts --release   also freezes them in released/, against which compatibility is tested
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generated, released } from './src/files.ts';

const folder = import.meta.dirname;
const files = process.argv.includes('--release') ? { ...generated(), ...released() } : generated();

mkdirSync(join(folder, 'schemas'), { recursive: true });
mkdirSync(join(folder, 'released'), { recursive: true });
for (const name of readdirSync(join(folder, 'schemas'))) if (!(`schemas/${name}` in files)) rmSync(join(folder, 'schemas', name));
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

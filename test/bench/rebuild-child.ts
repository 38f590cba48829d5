// Rebuilds every view of the database whose URL it is given, and prints the megabytes that it needed at most.
import { rebuildAll } from './rebuild.bench.ts';

await rebuildAll(process.argv[2]!);
process.stdout.write(`${Math.round(process.resourceUsage().maxRSS / 1024)}`);

import { ConfigError, readConfig } from '#platform/config.ts';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { Projector } from './projector.ts';
import { ProjectorModule, projectorSettings } from './projector.module.ts';

/** Keeps the views up with the log; beside that, tells how it is doing. */
async function main(): Promise<void> {
  const config = readConfig(projectorSettings);
  const app = await createHttpApp(ProjectorModule.of(config), config);
  await listen(app, config);
  await app.get(Projector).ended;
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  // Whoever watches this process starts it again: with views that stand still it is of no use.
  process.exit(1);
});

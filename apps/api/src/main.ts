import { ConfigError, readConfig } from '#platform/config.ts';
import { listen } from '#platform/http-app.ts';
import { ApiSettings, createApi } from './app.ts';

try {
  const settings = readConfig(ApiSettings);
  await listen(await createApi(settings), settings);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

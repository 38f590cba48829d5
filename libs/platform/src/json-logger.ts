import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** One JSON object per line on standard output (errors on standard error), from a level on. */
export class JsonLogger extends ConsoleLogger {
  constructor(level: LogLevel) {
    super({ json: true, logLevels: LEVELS.slice(LEVELS.indexOf(level)) });
  }

  /** Nest announces every module and route at each start: only for those who ask for everything. */
  override log(message: unknown, ...rest: unknown[]): void {
    if (WIRING.has(rest.at(-1))) super.debug(message, ...rest);
    else super.log(message, ...rest);
  }
}

const LEVELS: LogLevel[] = ['debug', 'log', 'warn', 'error', 'fatal'];
const WIRING = new Set<unknown>(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

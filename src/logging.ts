import type { DynamicModule, LoggerService } from '@nestjs/common';
import { Logger, LoggerModule, PinoLogger, type Params } from 'nestjs-pino';
import { pino, type Logger as Pino } from 'pino';
import type { AppMode } from './config/env.js';

/** The framework's own start messages: of use only to who works on its modules. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Writes JSON lines, or readable ones on a terminal. */
export interface Logging {
  /** For everything that logs through Nest's Logger, also before there is an application. */
  logger: LoggerService;
  /** Gives log lines the id of the HTTP request they belong to, and each request a line of its own. */
  module: DynamicModule;
}

export function createLogging(settings: { logLevel: string; appMode: AppMode }): Logging {
  const params = requestLogging(createPino(settings.logLevel, settings.appMode));
  return { logger: new QuietLogger(new PinoLogger(params), params), module: LoggerModule.forRoot(params) };
}

function createPino(level: string, mode: AppMode): Pino {
  const readable = { target: 'pino-pretty', options: { ignore: 'pid,hostname,mode,req,responseTime' } };
  return pino({
    level,
    base: { mode, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    ...(process.stdout.isTTY && { formatters: {}, transport: readable }),
  });
}

function requestLogging(logger: Pino): Params {
  return {
    // The default route of nestjs-pino 5 does not match under Nest 12 on Fastify: no request would be logged.
    forRoutes: ['/{*path}'],
    pinoHttp: {
      logger,
      quietReqLogger: true,
      customAttributeKeys: { reqId: 'trace_id' },
      customLogLevel: (request, response, error) => {
        // A 503 was decided on; where it is about trouble, whoever decided has logged that.
        if (error || (response.statusCode >= 500 && response.statusCode !== 503)) return 'error';
        return isProbe(request.url) ? 'trace' : 'debug';
      },
      customSuccessMessage: (request, response, ms) =>
        `${lineOf(request)} ${response.statusCode} in ${Math.round(ms)} ms`,
      customErrorMessage: (request, response) => `${lineOf(request)} ${response.statusCode}`,
      // Neither headers nor the query: keys and signed addresses may stand there.
      serializers: { req: () => undefined, res: () => undefined },
    },
  };
}

/** Without the query, and without a key that somebody took for a part of the path. */
const lineOf = ({ method, url = '' }: { method?: string; url?: string }): string =>
  `${method} ${url.replace(/\?.*$/, '').replace(/halftone_\w+/g, 'halftone_…')}`;
const isProbe = (url = ''): boolean => url.startsWith('/health/');

class QuietLogger extends Logger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
    else super.debug(message, ...(rest as [string]));
  }
}

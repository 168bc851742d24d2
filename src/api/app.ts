import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyInstance } from 'fastify';
import type { JobsService } from '../contract/client/service.js';
import type { LogLevel } from '../contract/setting-descriptions.js';
import { NO_TRACING, type Tracing } from '../tracing/tracing.js';
import { measureRequests } from './monitoring/request-metrics.js';
import { traceRequests } from './monitoring/request-traces.js';
import { loadContract } from './openapi.js';
import { knowPrincipals } from './plugins/access.js';
import { refuseWhileClosing } from './plugins/closing.js';
import { serveDashboard } from './plugins/dashboard.js';
import { serveDocs } from './plugins/docs.js';
import { refuseCompressedBodies } from './plugins/encodings.js';
import { serveGuide } from './plugins/guide.js';
import { protectBrowsers } from './plugins/headers.js';
import { takeImages } from './plugins/images.js';
import { parseJson } from './plugins/json.js';
import { lightenAnswers } from './plugins/lighter-answers.js';
import { limitRequests } from './plugins/limits.js';
import { serveLlmsText } from './plugins/llms.js';
import { refuseOtherMethods } from './plugins/methods.js';
import { mountOperations } from './plugins/mount-operations.js';
import { answerProblems, refuseConnection, sendProblem } from './plugins/problems.js';
import { parseQuery } from './plugins/query.js';
import { serveQueues } from './plugins/queues.js';
import { NO_UPLOADS, type ResumableOptions, serveResumableUploads } from './plugins/resumable.js';
import { lazySerializers } from './plugins/serialization.js';
import { endSlowBodies, SLOWEST_BODY, type SlowestBody } from './plugins/slow-bodies.js';
import { takeUploads } from './plugins/uploads.js';
import { useContractValidation } from './plugins/validation.js';

/** From src/ and from dist/, which are at the same depth. */
const COMPILED_DASHBOARD = fileURLToPath(new URL('../../dist/ui', import.meta.url));
const COMPILED_GUIDE = fileURLToPath(new URL('../../dist/guide', import.meta.url));
const BODY_LIMIT_BYTES = 256 * 1024;

export interface AppOptions {
  readonly logLevel: LogLevel;
  /** Whether the server listens on this machine only. Then it needs no API key until the first one exists. */
  readonly loopback: boolean;
  /** Maximum number of requests per key and minute. 0: no limit. */
  readonly requestsPerMinute: number;
  /** Absent: no tracing. */
  readonly tracing?: Tracing;
  /** Absent: no resumable uploads. */
  readonly resumable?: ResumableOptions;
  /** Absent: as slow as SLOWEST_BODY. */
  readonly slowestBody?: SlowestBody;
  /** Folder of the compiled dashboard. Absent: that of this checkout. */
  readonly dashboard?: string;
  /** Folder of the compiled guide. Absent: that of this checkout. */
  readonly guide?: string;
  /** Called before any route is registered: tests add response validation. */
  readonly instrument?: (app: FastifyInstance) => Promise<void>;
}

/** The HTTP API on top of `service`. Opens nothing: the caller listens, and closes the service after the app. */
export async function buildApp(service: JobsService, options: AppOptions): Promise<FastifyInstance> {
  const contract = loadContract();
  const app = Fastify({
    logger: { level: options.logLevel },
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { querystringParser: parseQuery },
    frameworkErrors: sendProblem,
    clientErrorHandler: refuseConnection,
    schemaController: { compilersFactory: { buildSerializer: lazySerializers } },
  });
  const own = measureRequests(app);
  traceRequests(app, options.tracing ?? NO_TRACING);
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('x-request-id', request.id);
    next();
  });
  refuseWhileClosing(app);
  endSlowBodies(app, options.slowestBody ?? SLOWEST_BODY);
  knowPrincipals(app);
  protectBrowsers(app);
  answerProblems(app);
  refuseCompressedBodies(app);
  lightenAnswers(app);
  parseJson(app);
  takeImages(app);
  await takeUploads(app);
  useContractValidation(app);
  await options.instrument?.(app);
  refuseOtherMethods(app, contract);
  const limits = await limitRequests(app, { service, requestsPerMinute: options.requestsPerMinute });
  const metrics = async () => (await service.getMetrics()) + (await own.metrics());
  const access = { service, loopback: options.loopback, limits };
  const uploads = options.resumable && (await serveResumableUploads(app, options.resumable, access));
  await mountOperations(app, contract, { ...access, metrics, uploads: uploads ?? NO_UPLOADS });
  await serveQueues(app, access);
  await serveDocs(app, contract);
  await serveLlmsText(app, contract);
  await serveDashboard(app, options.dashboard ?? COMPILED_DASHBOARD);
  await serveGuide(app, options.guide ?? COMPILED_GUIDE);
  return app;
}

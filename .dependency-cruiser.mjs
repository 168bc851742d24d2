// Who may import whom. `npm run check` and test/architecture apply these rules; each says why it stands.

const npm = (...names) => names.map((name) => `(^|/)node_modules/${name}/`);
const builtin = (...names) => names.map((name) => `^(node:)?${name}(/|$)`);

/** What speaks to a server, or is one. */
const SERVERS = [
  ...builtin('http', 'https', 'http2', 'net', 'tls', 'dgram'),
  ...npm('fastify', '@fastify/[^/]+', 'undici', 'bullmq', 'ioredis', 'pg', '@prisma/[^/]+'),
];

/** Connects the trainers of a gang, within a host or between hosts. */
const STREAMS = '^src/trainer/messages/stream/';

/** Loads TensorFlow to see that it works. */
const PROBE = '^src/provision/tensorflow/probe\\.ts$';

/** Files of `from` may import of ours only what is in `rooms`: folders end with a slash, files with their name. */
function onlyRooms(name, comment, from, rooms) {
  return forbid(
    name,
    comment,
    { path: `^src/${from}/` },
    {
      path: '^(src|test|bench|scripts|prisma)/',
      pathNot: [from.concat('/'), ...rooms].map((room) => `^src/${room}`),
    },
  );
}

/** Files in this folder of src/jobs may import, of src/jobs, only themselves and `folders`. */
function onlyFolders(name, comment, from, folders) {
  const allowed = ['$1', ...folders].join('|');
  return forbid(
    name,
    comment,
    { path: `^src/jobs/(${from.replace(/[()]/g, '')})/` },
    { path: '^src/jobs/', pathNot: `^src/jobs/(${allowed})/` },
  );
}

function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    onlyRooms(
      'contract-stands-alone',
      'Everything imports the contract; if it imported anything of ours, a change there would move the whole house.',
      'contract',
      [],
    ),
    forbid(
      'contract-without-io',
      'The contract is facts and types, for browsers too. Only the paths and URLs of settings are computed, without I/O.',
      { path: '^src/contract/' },
      { dependencyTypes: ['core'], pathNot: builtin('path', 'url') },
    ),
    onlyRooms(
      'network-describes',
      'Descriptions of networks are pure: planning a job must not need TensorFlow or a database.',
      'network',
      ['contract/'],
    ),
    onlyRooms(
      'method-describes',
      'What stages send each other, and when, is a fact about a method: planner and trainer read it from one place.',
      'method',
      ['contract/', 'network/'],
    ),
    onlyRooms(
      'planning-decides',
      'A plan is computed from a spec and from measured figures. Tests of it need no database and no TensorFlow.',
      'planning',
      ['contract/', 'network/', 'method/'],
    ),
    onlyRooms(
      'costs-before-plans',
      'The trainer measures and splits by the same costs; it must not reach the task graph or the rules of a spec.',
      'planning/costs',
      ['contract/', 'network/', 'method/'],
    ),
    onlyRooms(
      'measures-measure',
      'Figures are computed from labels and probabilities alone, the same whoever asks for them.',
      'measures',
      [],
    ),
    forbid(
      'pure-without-io',
      'Networks, methods, plans and figures are computed from their arguments alone.',
      { path: '^src/(network|method|planning|measures)/' },
      {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
      },
    ),
    forbid(
      'client-stands-alone',
      'The client is for other programs and for browsers: it knows the contract, and nothing of what serves it.',
      { path: '^client/' },
      { path: ['^(src|cli|test|bench|scripts|prisma)/', '^node:'], dependencyTypesNot: ['npm'] },
    ),
    forbid(
      'dashboard-asks-the-client',
      'The pages know what any other program knows: the contract, through the client.',
      { path: '^dashboard/' },
      { path: ['^(src|cli|test|bench|scripts|prisma)/', '^node:'] },
    ),
    forbid(
      'nothing-on-the-dashboard',
      'The pages are compiled by themselves and run in browsers; only their tests import them.',
      { path: '^(src|client|cli|bench|scripts|prisma)/' },
      { path: '^dashboard/' },
    ),
    forbid(
      'cli-asks-the-client',
      'The command line knows what any other program knows: the contract, through the client. It runs without the service beside it.',
      { path: '^cli/' },
      { path: '^(src|dashboard|test|bench|scripts|prisma)/' },
    ),
    forbid(
      'nothing-on-the-cli',
      'The command is a program of its own; only its tests and its benchmark import it.',
      { path: '^(src|client|scripts|prisma)/' },
      { path: '^cli/' },
    ),
    forbid(
      'service-without-client',
      'What serves the API does not ask itself for it. The quickstart only uses it, as any other program.',
      { path: '^src/', pathNot: '^src/service/commands/quickstart' },
      { path: '^client/' },
    ),
    onlyRooms('storage-stores', 'Blobs know nothing of jobs or training: both stand on them.', 'storage', [
      'contract/',
    ]),
    forbid(
      'aws-behind-s3',
      'Only a bucket needs the SDK, which takes a third of a second to load. Its signer alone takes a twentieth of a second.',
      { path: '^(src|bench|scripts)/', pathNot: '^src/(storage/s3/|jobs/outgoing/aws-signature.ts)' },
      { path: npm('@aws-sdk/[^/]+', '@smithy/[^/]+') },
    ),
    onlyRooms(
      'images-decode',
      'Whoever imports, trains on or predicts from an image must see the same pixels of it: decoding knows nothing of any of them.',
      'images',
      ['contract/'],
    ),
    forbid(
      'sharp-behind-images',
      'The same: how an image becomes pixels, and which loaders hostile bytes can reach, is decided in one place.',
      { path: '^src/', pathNot: '^src/images/' },
      { path: npm('sharp') },
    ),
    onlyRooms('onnx-runs', 'Trainer and predictor run models with it: it knows neither of them.', 'onnx', []),
    forbid(
      'onnxruntime-behind-its-door',
      'One door to ONNX Runtime: its telemetry is off before it loads. The version of its package may be asked.',
      { path: '^(src|test|bench|scripts)/', pathNot: '^src/onnx/' },
      { path: npm('onnxruntime-node'), pathNot: '/package\\.json$', dependencyTypesNot: ['type-only'] },
    ),
    onlyRooms(
      'trainer-computes',
      'The mathematics is usable, and testable, without the service around it.',
      'trainer',
      ['contract/', 'network/', 'method/', 'planning/costs/', 'storage/', 'images/', 'onnx/'],
    ),
    forbid(
      'trainer-without-servers',
      'A trainer learns everything over IPC and from blobs; whatever it wrote to a server would bypass the fence.',
      { path: '^src/trainer/', pathNot: STREAMS },
      { path: SERVERS },
    ),
    forbid(
      'streams-are-sockets',
      'Trainers of a gang pass tensors to each other over local sockets, or by TLS between hosts, and speak to nobody else.',
      { path: STREAMS },
      { path: SERVERS.filter((server) => ![...builtin('net'), ...builtin('tls')].includes(server)) },
    ),
    forbid(
      'tensorflow-behind-the-runtime',
      'One door to TensorFlow: tensors have owners, and the binding is repaired before it loads. Where its package lies may be asked.',
      { path: '^(src|bench|scripts)/', pathNot: '^src/trainer/runtime/' },
      { path: npm('@tensorflow/[^/]+'), pathNot: '/package\\.json$' },
    ),
    forbid(
      'trainer-is-a-process',
      'Trainers are spoken to by messages: TensorFlow would block the event loop that keeps the leases. (The probe of set-up is a process of its own.)',
      { path: '^src/', pathNot: ['^src/trainer/', PROBE] },
      { path: '^src/trainer/' },
    ),
    onlyRooms(
      'importer-imports',
      'What reads hostile bytes knows nothing but the bytes and the arrays it makes of them; of images it shares the library, whose loaders are few.',
      'datasets',
      ['contract/', 'storage/', 'images/library.ts'],
    ),
    forbid(
      'importer-without-servers',
      'An importer that an upload took over would find no server to talk to; what it reports passes the fence.',
      { path: '^src/datasets/' },
      { path: [...SERVERS, ...builtin('child_process')] },
    ),
    forbid(
      'importer-is-a-process',
      'Importers are spoken to by messages: a bomb or a defect in a decoder ends them, and nothing else.',
      { path: '^src/', pathNot: '^src/datasets/' },
      { path: '^src/datasets/' },
    ),
    onlyRooms(
      'predictor-predicts',
      'It opens images that anybody may have made: whoever takes it over reaches blobs, and nothing else of ours.',
      'predictor',
      ['contract/', 'storage/', 'images/', 'onnx/', 'measures/'],
    ),
    forbid(
      'predictor-without-servers',
      'The same: it learns everything over IPC, and answers over IPC.',
      { path: '^src/predictor/' },
      { path: [...SERVERS, ...builtin('child_process')] },
    ),
    forbid(
      'predictor-is-a-process',
      'Predictors are spoken to by messages: computing would block the event loop that keeps the leases.',
      { path: '^src/', pathNot: '^src/predictor/' },
      { path: '^src/predictor/' },
    ),
    onlyRooms(
      'tracing-stands-alone',
      'Whoever does something can say so to a trace; a trace knows nothing of what is done.',
      'tracing',
      [],
    ),
    forbid(
      'opentelemetry-behind-tracing',
      'It is loaded where traces have somewhere to go, and nowhere else.',
      { path: '^(src|bench|scripts)/', pathNot: '^src/tracing/exporter\\.ts$' },
      { path: npm('@opentelemetry/[^/]+') },
    ),
    onlyRooms(
      'jobs-control',
      'Job control works on whatever servers it is given: it neither provides them nor serves HTTP.',
      'jobs',
      [
        'contract/',
        'network/',
        'method/',
        'planning/',
        'measures/',
        'storage/',
        'tracing/(span|tracing)\\.ts$',
      ],
    ),
    onlyFolders(
      'jobs-process-has-no-neighbors',
      'Loops, limits and versions serve every process of the service, so they know none of them.',
      'process',
      [],
    ),
    onlyFolders(
      'jobs-outgoing-sends',
      'Requests to outside hosts need no table and no queue.',
      'outgoing',
      [],
    ),
    onlyFolders(
      'jobs-queue-is-a-cache',
      'Redis holds intent only; what it means stands in Postgres.',
      'queue',
      ['process'],
    ),
    onlyFolders('jobs-store-keeps', 'A table is read and written without knowing who asks.', 'store', [
      'process',
    ]),
    onlyFolders(
      'jobs-lifecycle-decides',
      'The transitions of jobs and tasks are the same whoever asks for them: API, dispatcher or worker.',
      'lifecycle',
      ['outgoing', 'process', 'store'],
    ),
    onlyFolders(
      'jobs-parts-meet-in-postgres',
      'API, dispatcher and worker are processes of their own: they share tables and the queue, never code of each other.',
      '(client|dispatcher|worker)',
      ['lifecycle', 'outgoing', 'process', 'queue', 'store'],
    ),
    forbid(
      'processes-behind-the-worker',
      'Only the worker starts trainers and importers: it holds the lease that they must not outlive.',
      { path: '^src/(jobs|api)/', pathNot: '^src/jobs/worker/' },
      { path: builtin('child_process', 'cluster', 'worker_threads') },
    ),
    forbid(
      'bullmq-behind-the-queue',
      'Redis is a cache of intent behind one small interface; another queue replaces one folder.',
      { path: '^(src|bench|scripts)/', pathNot: '^src/jobs/queue/' },
      { path: npm('bullmq') },
    ),
    forbid(
      'prisma-behind-the-store',
      'One table a file, and every write under its fence: queries elsewhere would escape both.',
      { path: '^(src|bench|scripts)/', pathNot: '^src/jobs/store/' },
      { path: [...npm('@prisma/client', '@prisma/adapter-pg'), '^src/jobs/store/generated/'] },
    ),
    onlyRooms(
      'api-asks-the-client',
      'HTTP is a skin: all that it may ask of the jobs is one interface, which tests replace. Only resumable uploads write to a disk.',
      'api',
      [
        'contract/',
        'jobs/client/service\\.ts$',
        'storage/(disk|uploads/(open|upload-place))\\.ts$',
        'tracing/(span|tracing)\\.ts$',
      ],
    ),
    forbid(
      'api-without-engines',
      'The API answers while everything behind it is down, and its image holds no engine.',
      { path: '^src/api/' },
      { path: npm('@prisma/[^/]+', 'pg', 'bullmq', 'ioredis', '@tensorflow/[^/]+') },
    ),
    onlyRooms(
      'service-starts',
      'The service starts processes and tells them their settings; it reaches into none of them but to check given servers and heartbeats, to migrate, to limit roles, to make keys, and to copy what all of them keep.',
      'service',
      [
        'contract/',
        'provision/',
        'jobs/queue/check-redis\\.ts$',
        'jobs/store/connection/(check-postgres|migrate|role-limits)\\.ts$',
        'jobs/store/backup/(snapshot|load)\\.ts$',
        'jobs/store/heartbeat\\.ts$',
        'jobs/process/version\\.ts$',
        'storage/(pinned-files|files)\\.ts$',
        'jobs/client/keys/key-office\\.ts$',
      ],
    ),
    onlyRooms(
      'provision-provides',
      'Set-up runs before anything else can. Only its probe borrows what repairs TensorFlow for new versions of Node.',
      'provision',
      ['contract/', 'trainer/runtime/node-compat\\.ts$'],
    ),
    forbid(
      'source-without-tests',
      'What ships does not need what does not.',
      { path: '^src/' },
      { path: '^(test|bench|scripts)/' },
    ),
    forbid(
      'source-without-dev-packages',
      'The images install production dependencies only. (They bring the database client that prisma-client.ts would generate.)',
      { path: '^src/', pathNot: '^src/service/prisma-client\\.ts$' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'resolvable',
      'An import that leads nowhere fails at run time only.',
      {},
      { couldNotResolve: true },
    ),
    forbid(
      'no-cycles',
      'Files that import each other can only be understood, tested and moved together.',
      {},
      { circular: true },
    ),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^src/jobs/store/generated/'] },
    // Types are dependencies too: a rule that `import type` escapes is a promise.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};

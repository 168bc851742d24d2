import type { Scope } from '../../contract/access.js';
import type { BatchSetup } from '../../contract/batch-protocol.js';
import type { BlobUri } from '../../contract/blob-uri.js';
import type { SentSpec } from '../../contract/client/jobs.js';
import type { StoredSetup } from '../../contract/evaluator-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import type { ImportOptions, ImportProgress } from '../../contract/importer-protocol.js';
import type { JobError } from '../../contract/job-error.js';
import type { NetworkProfile } from '../../contract/network-profile.js';
import type { DatasetFacts, DatasetStorage, ImageShape, ResolvedSpec } from '../../contract/spec.js';
import type { JobState, TaskState } from '../../contract/states.js';
import type { StreamAddress } from '../../contract/stream-address.js';
import type {
  NetworkFigures,
  Runtime,
  TaskAssignment,
  TaskFailure,
  TaskKind,
  TaskOutput,
  TaskSuccess,
} from '../../contract/trainer-protocol.js';
import type { WebhookEvent } from '../../contract/webhooks.js';
import type { StoreLink, WorkerDevice, WorkerSlot } from '../../contract/workers.js';
import type { DeviceKind } from '../../planning/forecast/device-kind.js';
import type { Requirement, Verdict } from '../../planning/promotions.js';
import type { Reached } from '../../planning/sweeps/rungs.js';
import type { Parameters, SweepEnd, SweepSpec, TrialState } from '../../planning/sweeps/types.js';
import type { InputReference } from '../../planning/tasks/task-graph.js';
import { json, orNull, type TypeOf, textOf } from './connection/column.js';
import type { Prisma } from './generated/client.js';

type Schemas = components['schemas'];

/** The terminal state of a job that is stopping. */
export type StopAs = 'cancelled' | 'failed';

export type EventLevel = 'info' | 'warning' | 'error';

export type LogStream = 'stdout' | 'stderr';

/** The end of a trainer of a gang on another worker. */
export interface SeatEnd {
  readonly outcome: SeatOutcome;
  /** Lines that it printed, at most the last ones. */
  readonly lines: readonly { readonly stream: LogStream; readonly text: string }[];
}

export type SeatOutcome =
  | { readonly kind: 'succeeded'; readonly success: TaskSuccess }
  | { readonly kind: 'failed'; readonly failure: TaskFailure }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'gone';
      readonly message: string;
      readonly killer: 'worker' | 'out_of_memory' | 'unknown' | null;
      readonly signal: NodeJS.Signals | null;
    };

export type Figures = Readonly<Record<string, number>>;

/** Networks of jobs that ended before these fields were have neither. */
export type StoredNetwork = Omit<NetworkFigures, 'balanced_accuracy' | 'classes'> &
  Partial<Pick<NetworkFigures, 'balanced_accuracy' | 'classes'>>;

/** Result of finalize: figures, and the networks that they describe. The speed-up is the job's, and no figure. */
export type StoredResult = Figures & {
  readonly test_accuracy: number;
  readonly test_loss: number;
  readonly compact_accuracy?: number;
  readonly validation_accuracy?: number;
  /** Missing in jobs from versions that did not report networks side by side. */
  readonly networks?: StoredNetwork[];
  readonly speedup?: Schemas['JobResult']['speedup'];
  readonly speedup_reason?: Schemas['JobResult']['speedup_reason'];
};

/** The layer-parallel phase ended after `round`, which was not its last one. */
export interface EarlyEnd {
  readonly reason: Exclude<Schemas['JobResult']['ended'], 'completed'>;
  readonly round: number;
}

/** The work of a job that its extension need not repeat: the steps before `steps`, with the outputs of the last tasks. */
export interface Carried {
  readonly steps: number;
  /** Outputs by the key of the task and their name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, TaskOutput>>>>;
}

/** Facts of a model, besides its spec, that it depends on. They outlive the rows that they come from. */
export type StoredProvenance = Pick<
  Schemas['Model']['provenance'],
  'dataset_sha256' | 'initial_weights' | 'actor' | 'environments'
>;

export type Selected = NonNullable<Schemas['JobResult']['selected']>;

/** Jobs of earlier versions have no warnings. */
export type StoredPlan = Omit<Schemas['JobPlan'], 'warnings'> & Partial<Pick<Schemas['JobPlan'], 'warnings'>>;

/** A checked job that is not stored as one yet. */
export interface PreparedJob {
  readonly datasetId: string;
  readonly spec: ResolvedSpec;
  readonly plan: StoredPlan;
  readonly initial: readonly BlobUri[] | null;
}

/** The last step of a series that was read. `stage` is -1 for the whole network. */
export interface SeriesEnd {
  readonly name: string;
  readonly stage: number;
  readonly step: number;
}

/** Location of the bytes of an upload. */
export type ImportSource =
  | {
      readonly kind: 'file';
      readonly uri: BlobUri;
      /** Set while the upload's hash is not known yet: the hash that the client expects, or null if it named none. */
      readonly toHash?: { readonly sha256: string | null };
    }
  /** To be fetched; `sha256` is what it must have, where that was said. */
  | { readonly kind: 'url'; readonly url: string; readonly sha256: string | null }
  /** The built-in dataset of this name, from this machine or its official address. */
  | { readonly kind: 'built_in'; readonly name: string };

/** Fetching bytes and making arrays of them have places of their own: a slow URL must not hold up an import. */
export type ImportPhase = 'fetch' | 'import';

export interface ProfileError {
  readonly code: string;
  readonly message: string;
}

export interface ChannelStatistics {
  readonly mean: number[];
  readonly standard_deviation: number[];
}

/** The verdict of a model's evaluations on a requirement of a rule. */
export interface StoredVerdict extends Verdict {
  readonly requirement: Requirement;
}

export interface Approval {
  /** Id of an API key; null on a server without keys. */
  readonly by: string | null;
  readonly at: string;
}

/** State of one loop of a dispatcher. */
export interface LoopReport {
  readonly name: string;
  /** Age of the last successful run; null before the first. */
  readonly ageS: number | null;
  /** Duration of that run; null before the first. */
  readonly seconds: number | null;
  /** Runs that failed since the dispatcher started. */
  readonly failures: number;
}

/** A message to a webhook, as the Standard Webhooks specification defines it. */
export interface Message {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Columns that Postgres only knows as JSON or as text, by Prisma's names, with the types of their values. This is the
 * only place that says them. Every row has them, whether Prisma reads it (connection/database.ts) or a raw statement
 * (connection/statement.ts).
 */
export const COLUMNS = {
  job: {
    state: textOf<JobState>(),
    metadata: json<Record<string, string>>(),
    spec: json<ResolvedSpec>(),
    requested: orNull(json<SentSpec>()),
    plan: json<StoredPlan>(),
    stopAs: orNull(textOf<StopAs>()),
    result: orNull(json<StoredResult>()),
    error: orNull(json<JobError>()),
    initial: orNull(json<readonly BlobUri[]>()),
    carried: orNull(json<Carried>()),
    earlyEnd: orNull(json<EarlyEnd>()),
    selected: orNull(json<Selected>()),
  },
  task: {
    kind: textOf<TaskKind>(),
    state: textOf<TaskState>(),
    inputs: json<Readonly<Record<string, InputReference>>>(),
    outputs: orNull(json<Readonly<Record<string, TaskOutput>>>()),
    result: orNull(json<Record<string, number>>()),
    seconds: orNull(json<Record<string, number>>()),
    trainerSeconds: orNull(json<readonly Figures[]>()),
    runtime: orNull(json<Runtime>()),
    error: orNull(json<JobError>()),
  },
  checkpoint: { uri: textOf<BlobUri>() },
  event: { level: textOf<EventLevel>(), data: json<Record<string, unknown>>() },
  logLine: { stream: textOf<LogStream>() },
  artifact: { kind: textOf<Schemas['Artifact']['kind']>() },
  model: {
    metadata: json<Record<string, string>>(),
    storage: textOf<DatasetStorage>(),
    classes: json<string[]>(),
    image: json<ImageShape>(),
    serving: json<Readonly<Record<string, BlobUri>>>(),
    provenance: orNull(json<StoredProvenance>()),
  },
  modelState: { uri: textOf<BlobUri>() },
  reproduction: { tensors: json<readonly string[]>() },
  evaluation: {
    variant: textOf<Schemas['ModelVariantName']>(),
    split: textOf<Schemas['EvaluationSplit']>(),
    tta: textOf<Schemas['TestTimeAugmentation']>(),
    setup: json<StoredSetup>(),
    serving: orNull(json<Readonly<Record<string, BlobUri>>>()),
    state: textOf<Schemas['EvaluationState']>(),
    figures: orNull(json<Schemas['EvaluationFigures']>()),
    predictionsUri: orNull(textOf<BlobUri>()),
    error: orNull(json<Schemas['EvaluationError']>()),
  },
  batchPrediction: {
    variant: textOf<Schemas['ModelVariantName']>(),
    split: orNull(textOf<Schemas['EvaluationSplit']>()),
    upload: orNull(json<NonNullable<Schemas['BatchPrediction']['input']['upload']>>()),
    setup: json<BatchSetup>(),
    state: textOf<Schemas['BatchPredictionState']>(),
    error: orNull(json<Schemas['EvaluationError']>()),
  },
  batchPart: { uri: orNull(textOf<BlobUri>()), errorsUri: orNull(textOf<BlobUri>()) },
  aliasRule: { requires: json<readonly Requirement[]>() },
  promotion: {
    state: textOf<Schemas['Promotion']['state']>(),
    evidence: json<readonly StoredVerdict[]>(),
    approvals: json<readonly Approval[]>(),
  },
  evaluationPart: { uri: orNull(textOf<BlobUri>()) },
  dataset: {
    state: textOf<Schemas['Dataset']['state']>(),
    classes: json<string[]>(),
    image: orNull(json<ImageShape>()),
    storage: textOf<DatasetStorage>(),
    augmentation: json<DatasetFacts['augmentation']>(),
    source: orNull(json<Schemas['DatasetSource']>()),
    statistics: orNull(json<ChannelStatistics>()),
    metadata: json<Schemas['Dataset']['metadata']>(),
    problems: json<Schemas['Dataset']['problems']>(),
  },
  datasetBlob: { uri: textOf<BlobUri>() },
  weights: {
    layout: textOf<Schemas['Weights']['layout']>(),
    network: json<Schemas['Weights']['network']>(),
    classNames: orNull(json<string[]>()),
    source: textOf<Schemas['Weights']['source']>(),
    uri: textOf<BlobUri>(),
  },
  datasetImport: {
    source: json<ImportSource>(),
    options: json<ImportOptions>(),
    phase: textOf<ImportPhase>(),
    progress: orNull(json<ImportProgress>()),
  },
  sweep: {
    metadata: json<Record<string, string>>(),
    spec: json<SweepSpec>(),
    ended: orNull(textOf<SweepEnd>()),
  },
  sweepTrial: {
    parameters: json<Parameters>(),
    job: json<PreparedJob>(),
    refit: orNull(json<PreparedJob>()),
    state: textOf<TrialState>(),
    rungs: json<readonly number[]>(),
    reached: json<readonly Reached[]>(),
  },
  profile: {
    deviceKind: textOf<DeviceKind>(),
    spec: json<ResolvedSpec>(),
    dataset: json<DatasetFacts>(),
    state: textOf<Schemas['Profile']['state']>(),
    result: orNull(json<NetworkProfile>()),
    error: orNull(json<ProfileError>()),
  },
  gangSeat: {
    runtime: json<Runtime>(),
    address: orNull(json<StreamAddress>()),
    assignment: orNull(json<TaskAssignment>()),
    outcome: orNull(json<SeatEnd>()),
  },
  worker: {
    devices: json<WorkerDevice[]>(),
    slots: json<WorkerSlot[]>(),
    link: orNull(json<StoreLink>()),
    versions: json<Record<string, string>>(),
    /** Metrics as prom-client's registry gives them. */
    metrics: json<readonly object[]>(),
  },
  dispatcher: { loops: json<readonly LoopReport[]>() },
  apiKey: { scopes: json<Scope[]>() },
  webhook: { events: json<WebhookEvent[]>() },
  webhookDelivery: { message: json<Message>(), state: textOf<Schemas['WebhookDelivery']['state']>() },
  modelPush: {
    target: textOf<Schemas['ModelPush']['target']>(),
    variant: textOf<Schemas['ModelVariantName']>(),
    state: textOf<'pending' | 'succeeded' | 'failed'>(),
  },
  trackerExport: {
    type: textOf<Schemas['TrackerExport']['type']>(),
    state: textOf<'pending' | 'succeeded' | 'failed'>(),
    sent: orNull(json<readonly SeriesEnd[]>()),
  },
};

type Typed = typeof COLUMNS;
export type TypedTable = keyof Typed;
/** Types of these columns of a table. */
export type ColumnTypes<Table extends TypedTable> = { [C in keyof Typed[Table]]: TypeOf<Typed[Table][C]> };

/** The columns of each table as Prisma generates them. */
type Generated = {
  [Table in Prisma.ModelName as Uncapitalize<Table>]: Prisma.TypeMap['model'][Table]['payload']['scalars'];
};
/** A whole row of a table. */
export type TableRow<Table extends keyof Generated> = Table extends TypedTable
  ? Omit<Generated[Table], keyof ColumnTypes<Table>> & ColumnTypes<Table>
  : Generated[Table];

type JsonColumn<Row> = { [C in keyof Row]: Prisma.JsonValue extends Row[C] ? C : never }[keyof Row];
type Untyped = {
  [Table in keyof Generated]: Exclude<
    JsonColumn<Generated[Table]>,
    Table extends TypedTable ? keyof Typed[Table] : never
  >;
}[keyof Generated];
type Misnamed = { [Table in TypedTable]: Exclude<keyof Typed[Table], keyof Generated[Table]> }[TypedTable];

/** Fails to compile while a JSON column has no type above, or a name above is no column. */
export const COLUMNS_ARE_COMPLETE: [Untyped | Misnamed] extends [never] ? true : Untyped | Misnamed = true;

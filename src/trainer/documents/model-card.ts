import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import type { BlobUri, MetricHistory, NetworkFigures } from '../../contract/trainer-protocol.js';
import { modelInputOf, preparationOf } from '../../images/preparation.js';
import { parallelRange, roundsOf } from '../../method/index.js';
import { inputShape } from '../../network/index.js';
import type { ExportFormat } from '../export/index.js';
import { frontMatter } from './front-matter.js';
import { lastValue, seriesNamed } from './history.js';
import { usageOf } from './usage.js';

export interface CardFacts {
  readonly jobId: string;
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
  /** Digest of the manifest of the decoded dataset. */
  readonly datasetDigest: BlobUri;
  readonly codeVersion: string;
  readonly runtime: { readonly tensorflow: string; readonly device: string };
  readonly networks: readonly NetworkFigures[];
  readonly result: Readonly<Record<string, number>>;
  readonly history: MetricHistory;
  /** File name of the picture of the curves; null if there is none. */
  readonly curves: string | null;
  /** Round after which the layer-parallel phase ended early; null if it did not. */
  readonly endedAfter: number | null;
}

/** A model card, the README.md in the folder of a model: its description, figures, origin and use. */
export function modelCard(facts: CardFacts): string {
  const { spec, networks } = facts;
  const title = plain(spec.name) || describeModel(spec);
  const sections = [
    `---\n${frontMatter(title, spec, networks)}---\n\n# ${title}`,
    introduction(facts),
    `## Networks\n\n${networksTable(networks)}${latencyNote(networks)}`,
    ...differences(networks),
    ...usage(facts),
    `## Training\n\n${provenance(facts)}`,
    ...(facts.curves
      ? [`## Curves\n\n![loss, accuracy, violation and fidelity over the steps](${facts.curves})`]
      : []),
    ...diagnostics(facts),
    `## Spec\n\n\`\`\`json\n${JSON.stringify(spec, null, 2)}\n\`\`\``,
  ];
  return `${sections.join('\n\n')}\n`;
}

function introduction({ spec, dataset }: CardFacts): string {
  const { type, stages } = spec.method;
  const { height, width, channels } = inputShape(spec, dataset);
  const how = stages > 1 ? `in ${stages} stages side by side, by the method \`${type}\`` : `by \`${type}\``;
  return `${describeModel(spec)} for images of ${height}x${width}x${channels} in ${dataset.classes.length} classes, trained on ${plain(
    dataset.name,
  )} ${how}, with [Strata](https://arxiv.org/abs/2112.05387). Its input are pixels from 0 to 255, its output are class probabilities${further(
    spec,
  )}. Classes: ${dataset.classes.map(plain).join(', ')}.`;
}

/** Only the formats onnx and tfjs-graph have them. Jobs from before this option have no `outputs`. */
function further({ export_options: { outputs = [] } }: ResolvedSpec): string {
  return outputs.length === 0 ? '' : `, in ONNX and in graph models also ${outputs.join(' and ')}`;
}

function describeModel({ model: { family, depth, width } }: ResolvedSpec): string {
  return `${family} of depth ${depth} and width ${width}`;
}

function networksTable(networks: readonly NetworkFigures[]): string {
  return table(
    ['', ...networks.map(({ name }) => name)],
    [
      ['accuracy on test images', ...networks.map(({ accuracy }) => `${(100 * accuracy).toFixed(2)} %`)],
      [
        'mean of the accuracies of the classes',
        ...networks.map(({ balanced_accuracy: mean }) => share(mean)),
      ],
      ['cross-entropy', ...networks.map(({ loss }) => loss.toFixed(4))],
      ['parameters', ...networks.map(({ parameters }) => String(parameters))],
      ['multiply-adds per image', ...networks.map(({ multiply_adds }) => String(multiply_adds))],
      ...formatsOf(networks).map((format) => [
        `bytes, ${format}`,
        ...networks.map(({ exports }) =>
          String(exports.find((one) => one.format === format)?.size_bytes ?? '–'),
        ),
      ]),
      ...latencyRows(networks),
    ],
  );
}

function latencyRows(networks: readonly NetworkFigures[]): string[][] {
  const latencies = networks.flatMap(({ latency }) => latency ?? []);
  if (latencies.length < networks.length) return [];
  return [
    ['latency, one image', ...latencies.map(({ single_ms }) => `${single_ms} ms`)],
    [`latency, ${latencies[0]?.batch_size} images`, ...latencies.map(({ batch_ms }) => `${batch_ms} ms`)],
  ];
}

function latencyNote([first]: readonly NetworkFigures[]): string {
  if (!first?.latency) return '';
  const { runtime, device, threads } = first.latency;
  return `\n\nLatencies: ${runtime}, ${device}, threads: ${threads}. Medians, measured on the machine that finalized the job.`;
}

function differences(networks: readonly NetworkFigures[]): string[] {
  const formats = formatsOf(networks);
  if (formats.length === 0) return [];
  const rows = formats.map((format) => [
    format,
    ...networks.map(
      ({ exports }) => exports.find((one) => one.format === format)?.max_difference.toExponential(1) ?? '–',
    ),
  ]);
  const head = ['largest difference of a probability', ...networks.map(({ name }) => name)];
  const tables = [table(head, rows), ...roundedRows(networks)].join('\n\n');
  return [`## Exports\n\nEach file was run on test images before it was stored.\n\n${tables}`];
}

/** Formats of the full network, of which the examples are. */
const storedFormats = ([full]: readonly NetworkFigures[]): string[] =>
  full?.exports.filter(({ rounded }) => rounded?.stored !== false).map(({ format }) => format) ?? [];

/** Formats that round: accuracy and time beside those of the network. */
function roundedRows(networks: readonly NetworkFigures[]): string[] {
  const rows = networks.flatMap(({ name, exports }) =>
    exports.flatMap(({ format, rounded }) => (rounded ? [roundedRow(`${name}, ${format}`, rounded)] : [])),
  );
  if (rows.length === 0) return [];
  const head = ['rounded', 'test images', 'accuracy', 'of the network', 'one image', 'among the files'];
  return [table(head, rows)];
}

function roundedRow(
  label: string,
  rounded: NonNullable<NetworkFigures['exports'][number]['rounded']>,
): string[] {
  const { images, accuracy, trained_accuracy: trained, latency, stored } = rounded;
  const time = latency ? `${latency.single_ms} ms` : '–';
  return [label, String(images), share(accuracy), share(trained), time, stored ? 'yes' : 'no'];
}

const formatsOf = (networks: readonly NetworkFigures[]): string[] =>
  networks[0]?.exports.map(({ format }) => format) ?? [];

/** The way of a picture to the pixels that the network was evaluated on. */
function preparation(spec: CardFacts['spec'], dataset: CardFacts['dataset']): string[] {
  const image = inputShape(spec, dataset);
  const preparation = preparationOf(dataset.storage, image);
  const { height, width, colors } = modelInputOf(image, preparation, 'inside');
  const about =
    `Pixels: ${colors}, 0 to 255, ${height}x${width}. An embedded color profile is converted to sRGB, transparent pixels are black, ` +
    'an orientation in the metadata is ignored. The outputs are in the order of the classes above. Each file states this ' +
    '(`input`, `classes`), and `prepare` of the Python package `strata-train` makes these pixels of a file.';
  if (!preparation) return [about];
  const [covered, crop] = [preparation.resize, preparation.center_crop].map((s) => `${s.height}x${s.width}`);
  return [
    about,
    `Photographs of other sizes: resize (bilinear, antialiased) without distortion until the image just covers ${covered}, ` +
      `then take the ${crop} in its centre. Every export takes pixels that were prepared so: none resizes or crops. ` +
      'Each file states this preparation in its metadata.',
  ];
}

function usage({ networks, dataset, spec }: CardFacts): string[] {
  const snippets = storedFormats(networks).map((format) =>
    usageOf(format as ExportFormat, inputShape(spec, dataset), spec.export_options.outputs),
  );
  return snippets.length > 0 ? [['## Use', ...preparation(spec, dataset), ...snippets].join('\n\n')] : [];
}

function provenance(facts: CardFacts): string {
  const { jobId, spec, dataset, datasetDigest, codeVersion, runtime } = facts;
  const { optimizer, method } = spec;
  return table(
    ['what', 'value'],
    [
      ['job', jobId],
      [
        'dataset',
        `${plain(dataset.name)}, ${dataset.train_count} training and ${dataset.test_count} test images`,
      ],
      ['dataset digest', `\`${datasetDigest}\``],
      ['seed', String(spec.seed)],
      ['code', codeVersion],
      ['runtime', `TensorFlow ${runtime.tensorflow}, ${runtime.device}`],
      ['method', `${method.type}, stages: ${method.stages}, blocks per stage: ${method.split.join(' + ')}`],
      [
        'optimizer',
        `${optimizer.type}, learning rate ${optimizer.learning_rate}, ${optimizer.schedule.type}`,
      ],
      ['epochs', `${spec.epochs}, batches of ${spec.batch_size}, ${spec.precision}`],
      ...earlyEnd(facts),
    ],
  );
}

/** Epochs of those above in which the stages were not trained. */
function earlyEnd({ spec, dataset, endedAfter }: CardFacts): [string, string][] {
  if (endedAfter === null) return [];
  const rounds = roundsOf(spec, dataset);
  const epochs = parallelRange(rounds, endedAfter).end / rounds.stepsPerEpoch;
  const phase = `the layer-parallel phase after round ${endedAfter}, at ${Number(epochs.toFixed(2))} epochs`;
  return [['ended early', phase]];
}

/** Fidelity of the training of the stages: docs/method.md, "Diagnostics". */
function diagnostics({ spec, result, history }: CardFacts): string[] {
  const last = (name: string, stage: number): string => {
    const series = seriesNamed(history, name).find((one) => one.stage === stage);
    return number(series && lastValue(series));
  };
  const rows = Array.from({ length: spec.method.stages }, (_, stage) => [
    String(stage),
    last('loss', stage),
    last('violation', stage),
    last('fidelity', stage),
    number(result[`auxiliary_error_before_${stage}`]),
    number(result[`auxiliary_error_${stage}`]),
  ]);
  const head = ['stage', 'loss', 'violation', 'fidelity', 'AuxNet error', 'after reconstruction'];
  return spec.method.stages > 1
    ? [`## Diagnostics\n\nThe last value of each metric.\n\n${table(head, rows)}`]
    : [];
}

const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(2)} %`);
const number = (value: number | null | undefined): string => value?.toPrecision(3) ?? '–';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Escapes text from users, so that Markdown does not format it. */
function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[\\`*_{}[\]<>#|]/g, '\\$&');
}

import { type Command, Option } from 'commander';
import type { DownloadOptions } from '../commands/artifacts.js';
import type { UploadOptions } from '../commands/datasets.js';
import type { ModelsOptions, PredictOptions } from '../commands/models.js';
import type { PlanOptions } from '../commands/plan.js';
import type { PushOptions } from '../commands/pushes.js';
import type { UploadWeightsOptions } from '../commands/weights.js';
import { run } from '../run.js';
import { integer, JOB, many, share } from './options.js';

const MODEL = "a model: its id, an unambiguous part of it, or @last for the last job's";
const DATASET = 'a dataset: its id or its name';
const WEIGHTS = 'the id of weights';

export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('predict what a job would take')
    .argument('[spec]', 'a JSON or YAML file, or - for stdin')
    .addOption(many('--set <field=value>', 'set a field, like method.stages=4; may be given several times'))
    .addOption(new Option('--devices <n>', 'devices to plan for').argParser(integer(1)))
    .addOption(new Option('--memory <bytes>', 'memory of one device').argParser(integer(1)))
    .addOption(new Option('--bandwidth <bytes>', 'bytes a second between two devices').argParser(integer(1)))
    .addOption(new Option('--round-trip <ms>', 'milliseconds there and back').argParser(integer(0)))
    .option('--profile', 'let a worker measure the network first')
    .option('--schedules', 'also show what other schedules of pipelines would take')
    .action((spec: string | undefined, options: PlanOptions, command: Command) =>
      run(command, async (context) => (await import('../commands/plan.js')).plan(context, spec, options)),
    );
}

export function addDatasets(program: Command): void {
  const load = () => import('../commands/datasets.js');
  const datasets = program.command('datasets').description('list, show, upload and delete datasets');
  datasets
    .command('list')
    .description('list datasets')
    .action((_options: object, command: Command) =>
      run(command, async (context) => (await load()).listDatasets(context)),
    );
  datasets
    .command('show')
    .description('show a dataset')
    .argument('<dataset>', DATASET)
    .action((name: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).showDataset(context, name)),
    );
  datasets
    .command('upload')
    .description('upload an archive; the same command goes on after a break')
    .argument('<file>', 'a zip, tar, tar.gz or npz file (docs/datasets.md)')
    .option('--name <name>', 'name of the dataset; else that of the file')
    .addOption(formatOption())
    .addOption(
      new Option('--layout <layout>', 'meaning of the folders').choices(['auto', 'splits', 'no-splits']),
    )
    .option('--root <folder>', 'folder of the archive to read')
    .addOption(new Option('--class-order <order>', 'order of the classes').choices(['auto', 'text']))
    .addOption(
      new Option('--test-share <share>', 'share of the images held out for testing').argParser(share),
    )
    .option('--no-wait', 'do not wait until the dataset is checked')
    .action((file: string, options: UploadOptions, command: Command) =>
      run(command, async (context) => (await load()).uploadDataset(context, file, options)),
    );
  datasets
    .command('rm')
    .description('delete a dataset')
    .argument('<dataset>', DATASET)
    .action((name: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).removeDataset(context, name)),
    );
}

export function addWeights(program: Command): void {
  const load = () => import('../commands/weights.js');
  const weights = program
    .command('weights')
    .description('list, show, upload and delete weights to start from');
  weights
    .command('list')
    .description('list weights')
    .action((_options: object, command: Command) =>
      run(command, async (context) => (await load()).listWeights(context)),
    );
  weights
    .command('show')
    .description('show weights')
    .argument('<id>', WEIGHTS)
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).showWeights(context, id)),
    );
  weights
    .command('upload')
    .description('upload a safetensors file; the same command goes on after a break')
    .argument('<file>', 'a safetensors file (docs/weights.md)')
    .option('--name <name>', 'name of the weights; else that of the file')
    .action((file: string, options: UploadWeightsOptions, command: Command) =>
      run(command, async (context) => (await load()).uploadWeights(context, file, options)),
    );
  weights
    .command('rm')
    .description('delete weights')
    .argument('<id>', WEIGHTS)
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).removeWeights(context, id)),
    );
}

function formatOption(): Option {
  return new Option('--format <format>', 'format of the archive').choices([
    ...['auto', 'image-folder', 'cifar', 'mnist', 'npz'],
  ]);
}

export function addArtifacts(program: Command): void {
  const load = () => import('../commands/artifacts.js');
  const artifacts = program.command('artifacts').description('list and download the files of a job');
  artifacts
    .command('list')
    .description('list the files of a job')
    .argument('<job>', JOB)
    .action((job: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).listArtifacts(context, job)),
    );
  artifacts
    .command('download')
    .description('download files of a job and check their sha256')
    .argument('<job>', JOB)
    .argument('[names...]', 'files or folders; else all')
    .option('--dir <folder>', 'folder to write to', 'model')
    .option('--force', 'replace files')
    .action((job: string, names: string[], options: DownloadOptions, command: Command) =>
      run(command, async (context) => (await load()).downloadArtifacts(context, job, names, options)),
    );
}

export function addModels(program: Command): void {
  const load = () => import('../commands/models.js');
  const models = program.command('models').description('list, tag, ask and delete models');
  models
    .command('list')
    .description('list models')
    .option('--name <name>', 'only models of this name')
    .option('--dataset <dataset>', 'only models of this dataset')
    .option('--tag <tag>', 'only the models with this tag')
    .addOption(new Option('--order-by <order>', 'order').choices(['created_at', 'accuracy']))
    .addOption(new Option('--limit <n>', 'models of a page').argParser(integer(1)))
    .option('--after <cursor>', 'the page after this `next`')
    .action((options: ModelsOptions, command: Command) =>
      run(command, async (context) => (await load()).listModels(context, options)),
    );
  models
    .command('show')
    .description('show a model')
    .argument('<model>', MODEL)
    .action((model: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).showModel(context, model)),
    );
  models
    .command('reproduce')
    .description('train a model again, and compare the weights')
    .argument('<model>', MODEL)
    .option('--no-wait', 'do not wait for the comparison')
    .action((model: string, options: { readonly wait: boolean }, command: Command) =>
      run(command, async (context) =>
        (await import('../commands/provenance.js')).reproduce(context, model, options),
      ),
    );
  models
    .command('lineage')
    .description('show where a model came from')
    .argument('<model>', MODEL)
    .action((model: string, _options: object, command: Command) =>
      run(command, async (context) => (await import('../commands/provenance.js')).lineage(context, model)),
    );
  models
    .command('statement')
    .description('print a signed statement about the files and the origin of a model')
    .argument('<model>', MODEL)
    .action((model: string, _options: object, command: Command) =>
      run(command, async (context) => (await import('../commands/provenance.js')).statement(context, model)),
    );
  models
    .command('bill-of-materials')
    .description('print what a model was made of, as CycloneDX')
    .argument('<model>', MODEL)
    .action((model: string, _options: object, command: Command) =>
      run(command, async (context) =>
        (await import('../commands/provenance.js')).billOfMaterials(context, model),
      ),
    );
  models
    .command('signing-key')
    .description('print the public key that verifies statements')
    .action((_options: object, command: Command) =>
      run(command, async (context) => (await import('../commands/provenance.js')).signingKey(context)),
    );
  for (const verb of ['tag', 'untag'] as const)
    models
      .command(verb)
      .description(
        verb === 'tag' ? 'give a model a tag, and take it from others of its name' : 'remove a tag',
      )
      .argument('<model>', MODEL)
      .argument('<tag>', 'like production')
      .action((model: string, tag: string, _options: object, command: Command) =>
        run(command, async (context) => (await load())[`${verb}Model`](context, model, tag)),
      );
  models
    .command('predict')
    .description('the classes of images')
    .argument('<model>', MODEL)
    .argument('<images...>', 'PNG, JPEG or WebP files')
    .addOption(new Option('--top <n>', 'number of classes').argParser(integer(1)))
    .addOption(new Option('--variant <variant>', 'network of the model').choices(['full', 'compact']))
    .action((model: string, images: string[], options: PredictOptions, command: Command) =>
      run(command, async (context) => (await load()).predict(context, model, images, options)),
    );
  models
    .command('push')
    .description(
      'push a model to a bucket or another registry; AWS_ACCESS_KEY_ID or PUSH_AUTHORIZATION sign it',
    )
    .argument('<model>', MODEL)
    .argument('<url>', 'address of the bucket with a prefix, or of the MLflow server')
    .addOption(
      new Option('--target <target>', 'what is there').choices(['s3', 'hf', 'mlflow']).makeOptionMandatory(),
    )
    .addOption(new Option('--variant <variant>', 'network of the model').choices(['full', 'compact']))
    .option('--alias <alias>', "the version's alias in MLflow")
    .option('--region <region>', 'region of the bucket')
    .option('--no-wait', 'do not wait until the model is there')
    .action((model: string, url: string, options: PushOptions, command: Command) =>
      run(command, async (context) =>
        (await import('../commands/pushes.js')).pushModel(context, model, url, options),
      ),
    );
  models
    .command('pushes')
    .description('list the places to which a model was pushed')
    .argument('<model>', MODEL)
    .action((model: string, _options: object, command: Command) =>
      run(command, async (context) => (await import('../commands/pushes.js')).listPushes(context, model)),
    );
  models
    .command('rm')
    .description('delete a model with its files')
    .argument('<model>', MODEL)
    .action((model: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).removeModel(context, model)),
    );
  program
    .command('compare')
    .description('compare the models of two jobs, or two models')
    .argument('<a>', 'a job or a model')
    .argument('<b>', 'the other one')
    .action((a: string, b: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).compare(context, a, b)),
    );
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BatchDownload, BatchOptions } from '../commands/batches.js';
import { run } from '../run.js';

const BATCH = 'the id of a batch prediction';

export function addBatches(program: Command): void {
  const load = () => import('../commands/batches.js');
  const batches = program.command('batch').description('predict all images of a dataset or of an archive');
  batches
    .command('create')
    .description('predict all images of a dataset or of an archive, and wait for the end')
    .argument('<model>', 'a model: its id, an unambiguous part of it, name@alias, or @last')
    .option('--dataset <dataset>', 'a dataset: its id or its name')
    .option('--pictures <file>', 'in place of a dataset: a zip or tar of pictures, which is sent first')
    .addOption(
      new Option('--split <split>', 'images of the dataset').choices(['test', 'validation', 'train']),
    )
    .addOption(new Option('--variant <variant>', 'network of the model').choices(['full', 'compact']))
    .addOption(new Option('--format <format>', 'format of the result').choices(['jsonl', 'csv']))
    .addOption(new Option('--top-k <classes>', 'classes for each image').argParser(number))
    .addOption(
      new Option('--cascade <threshold>', 'let the compact network answer where it is this sure').argParser(
        number,
      ),
    )
    .addOption(
      new Option('--max-failed-share <share>', 'share of images that may be unreadable').argParser(number),
    )
    .option('--embedding', 'write the features of each image, too')
    .option('--output <file>', 'write the result to this file')
    .option('--no-wait', 'do not wait for the end')
    .action((model: string, options: BatchOptions, command: Command) =>
      run(command, async (context) => (await load()).createBatch(context, model, options)),
    );
  batches
    .command('list')
    .description('list batch predictions')
    .action((_options: object, command: Command) =>
      run(command, async (context) => (await load()).listBatches(context)),
    );
  batches
    .command('download')
    .description('write the result')
    .argument('<id>', BATCH)
    .option('--output <file>', 'to this file; else to the standard output')
    .option('--errors', 'only the images that could not be read')
    .action((id: string, options: BatchDownload, command: Command) =>
      run(command, async (context) => (await load()).downloadBatch(context, id, options)),
    );
  for (const [verb, does] of [
    ['show', 'show how far a batch prediction is'],
    ['cancel', 'stop a batch prediction'],
    ['rm', 'delete a batch prediction and its result'],
  ] as const)
    batches
      .command(verb)
      .description(does)
      .argument('<id>', BATCH)
      .action((id: string, _options: object, command: Command) =>
        run(command, async (context) => {
          const { showBatch, cancelBatch, removeBatch } = await load();
          await { show: showBatch, cancel: cancelBatch, rm: removeBatch }[verb](context, id);
        }),
      );
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

import { type Command, Option } from 'commander';
import type { EvaluateOptions, SliceOptions } from '../commands/evaluations.js';
import { run } from '../run.js';

const EVALUATION = 'the id of an evaluation';

export function addEvaluations(program: Command): void {
  const load = () => import('../commands/evaluations.js');
  const evaluations = program
    .command('evaluations')
    .description('measure models and checkpoints on any images, and compare them');
  evaluations
    .command('create')
    .description('measure a model or a checkpoint on a dataset, and wait for the figures')
    .argument('[model]', "a model: its id, an unambiguous part of it, or @last for the last job's")
    .option('--checkpoint <id>', 'a checkpoint in place of a model: an id from GET /jobs/{id}/checkpoints')
    .requiredOption('--dataset <dataset>', 'a dataset: its id or its name')
    .addOption(
      new Option('--split <split>', 'images of the dataset').choices(['test', 'validation', 'train']),
    )
    .addOption(new Option('--variant <variant>', 'network of the model').choices(['full', 'compact']))
    .addOption(
      new Option('--tta <augmentation>', 'mean over mirror images or five crops').choices([
        'none',
        'flip',
        'five-crop',
      ]),
    )
    .option('--slices <columns...>', 'columns of the metadata of the images, like metadata.site')
    .option('--cascade', 'run the compact network, too, and show cascades of both')
    .option('--no-wait', 'do not wait for the figures')
    .action((model: string | undefined, options: EvaluateOptions, command: Command) =>
      run(command, async (context) => (await load()).createEvaluation(context, model, options)),
    );
  evaluations
    .command('list')
    .description('list evaluations')
    .action((_options: object, command: Command) =>
      run(command, async (context) => (await load()).listEvaluations(context)),
    );
  evaluations
    .command('show')
    .description('show the figures of an evaluation')
    .argument('<id>', EVALUATION)
    .option('--thresholds', 'show the best thresholds of each class, too')
    .action((id: string, options: { thresholds?: boolean }, command: Command) =>
      run(command, async (context) => (await load()).showEvaluation(context, id, options)),
    );
  for (const [verb, does] of [
    ['cancel', 'stop an evaluation'],
    ['rm', 'delete an evaluation'],
  ] as const)
    evaluations
      .command(verb)
      .description(does)
      .argument('<id>', EVALUATION)
      .action((id: string, _options: object, command: Command) =>
        run(command, async (context) => {
          const { cancelEvaluation, removeEvaluation } = await load();
          await { cancel: cancelEvaluation, rm: removeEvaluation }[verb](context, id);
        }),
      );
  const collect = (value: string, others: readonly string[]): string[] => [...others, value];
  evaluations
    .command('slices')
    .description('show the figures of parts of the images')
    .argument('<id>', EVALUATION)
    .option('--images <name=file>', 'images whose positions a text file lists, one a line', collect, [])
    .option('--classes <name=classes>', 'all images of some classes, like pets=cat,dog', collect, [])
    .option(
      '--metadata <column=value>',
      'all images with a value in their metadata, like site=A',
      collect,
      [],
    )
    .action((id: string, options: SliceOptions, command: Command) =>
      run(command, async (context) => (await load()).sliceEvaluation(context, id, options)),
    );
  evaluations
    .command('compare')
    .description('compare two evaluations on the same images')
    .argument('<a>', EVALUATION)
    .argument('<b>', 'the id of another')
    .action((a: string, b: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).compareEvaluations(context, a, b)),
    );
}

import type { FieldError } from '../../../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../../contract/spec.js';
import { storesVariables } from '../../../method/methods.js';
import { doubleDepth, halfDepth } from '../../../network/index.js';
import type { Normalization } from '../../../network/layouts/index.js';
import type { SpecWarning } from '../../../planning/spec/warnings.js';

/** Source of the weights, for messages. */
export const INITIAL_SOURCES = ['checkpoint', 'model', 'weights'] as const;
export type InitialSource = (typeof INITIAL_SOURCES)[number];

const MODEL_FIELDS = [
  'family',
  'depth',
  'width',
  'padding',
] as const satisfies readonly (keyof JobSpec['model'])[];
/** Specs of earlier versions, and files, have no learned time. */
type ModelFields = Pick<ResolvedSpec['model'], (typeof MODEL_FIELDS)[number]> &
  Partial<Pick<ResolvedSpec['model'], 'learned_time'>>;

export function modelProblems(
  from: InitialSource,
  theirs: ModelFields,
  { model, init_from: start }: ResolvedSpec,
): FieldError[] {
  const refines = start?.refine === true;
  const others = MODEL_FIELDS.filter(
    (field) => theirs[field] !== model[field] && !(refines && field === 'depth'),
  ).map((field) => ({
    pointer: `/model/${field}`,
    message: `the network of the ${from} has ${theirs[field]}; use the same value, or leave init_from out`,
  }));
  // Solvers and steps may differ: their networks have the same parameters.
  const learns = theirs.learned_time ?? false;
  if (learns !== (model.learned_time ?? false))
    others.push({
      pointer: '/model/learned_time',
      message: `the network of the ${from} has ${learns}; use the same value, or leave init_from out`,
    });
  return refines ? [...others, ...depthProblems(from, theirs, model)] : others;
}

/** The network must have twice the blocks of the one that it refines. */
function depthProblems(
  from: InitialSource,
  { depth }: ModelFields,
  { family, depth: ours }: ResolvedSpec['model'],
): FieldError[] {
  const half = halfDepth({ family, depth: ours });
  if (half === depth) return [];
  if (half === null) {
    const message = `no ${family} has half the blocks of depth ${ours}; use a depth like 14 or 26 of resnet, 16 or 28 of wide-resnet, or leave refine out`;
    return [{ pointer: '/init_from/refine', message }];
  }
  const message = `a network of depth ${ours} refines one of ${half}, the ${from} has ${depth}; use ${doubleDepth({ family, depth })}, or leave refine out`;
  return [{ pointer: '/model/depth', message }];
}

/** The network of a job. Jobs from before there was a choice have no `padding`. */
export function paddedModel({ model }: Pick<ResolvedSpec, 'model'>): ResolvedSpec['model'] {
  return { ...model, padding: model.padding ?? 'same' };
}

/** Only jobs that froze the same batch norms, or more, to the end have their statistics among the weights. */
export function keepsStatistics(
  theirs: Pick<ResolvedSpec, 'freeze'>,
  { freeze }: Pick<ResolvedSpec, 'freeze'>,
): boolean {
  if (!freeze || !theirs.freeze) return false;
  // Jobs of earlier versions have no until_epoch.
  if ((theirs.freeze.until_epoch ?? null) !== null) return false;
  return theirs.freeze.norm === 'frozen' && theirs.freeze.blocks >= freeze.blocks;
}

export function methodProblems({ method }: ResolvedSpec): FieldError[] {
  if (!storesVariables(method)) return [];
  const message =
    'stored variables start from the untrained network; use another method, or leave init_from out';
  return [{ pointer: '/method/type', message }];
}

/** Networks for colors also take gray images: trainers sum the first kernel over its colors. */
export function channelProblems(from: InitialSource, theirs: number, ours: number): FieldError[] {
  if (theirs === ours || ours === 1) return [];
  const message = `the network of the ${from} is for gray images, this dataset has ${ours} channels; use a dataset of gray images`;
  return [{ pointer: '/dataset', message }];
}

/** The normalization must be known, and be of as many channels. @param theirs null where it is not known */
export function normalizationProblems(
  from: InitialSource,
  theirs: Normalization | null,
  channels: number,
  { normalization }: ResolvedSpec,
): FieldError[] {
  if (normalization !== 'weights' || theirs?.mean.length === channels) return [];
  const why = theirs
    ? `the network of the ${from} was trained on images of ${theirs.mean.length} channels, these have ${channels}`
    : `the ${from} does not say with which normalization it was trained`;
  return [{ pointer: '/normalization', message: `${why}; give mean and standard_deviation, or use dataset` }];
}

/** The numbers in place of `weights`. */
export function withNormalization(spec: ResolvedSpec, theirs: Normalization | null): ResolvedSpec {
  if (spec.normalization !== 'weights' || theirs === null) return spec;
  const { mean, standard_deviation } = theirs;
  return { ...spec, normalization: { mean: [...mean], standard_deviation: [...standard_deviation] } };
}

/** A head that is to be kept must have as many classes. */
export function headProblems(
  from: InitialSource,
  theirs: number,
  { init_from: start }: ResolvedSpec,
  { classes: { length: ours } }: DatasetFacts,
): FieldError[] {
  if (start?.head !== 'keep' || theirs === ours) return [];
  const message = `the head of the ${from} has ${theirs} classes, the dataset has ${ours}; use "new" or "auto"`;
  return [{ pointer: '/init_from/head', message }];
}

/** Statistics that are to be kept must exist. @param exist for every frozen batch norm of the job */
export function statisticsProblems(
  from: InitialSource,
  exist: boolean,
  { init_from: start }: ResolvedSpec,
): FieldError[] {
  if (start?.statistics !== 'keep' || exist) return [];
  const message = `the ${from} has no statistics of the frozen batch norms; use "estimate" or "auto"`;
  return [{ pointer: '/init_from/statistics', message }];
}

/** `auto` keeps the statistics of frozen batch norms where they exist. A job without such batch norms chooses nothing. */
export function withStatistics(spec: ResolvedSpec, exist: boolean): ResolvedSpec {
  const { init_from: start, freeze } = spec;
  if (start?.statistics !== 'auto' || freeze?.norm !== 'frozen') return spec;
  return { ...spec, init_from: { ...start, statistics: exist ? 'keep' : 'estimate' } };
}

/**
 * `auto` keeps the head only for the same classes in the same order.
 * @param theirs names of the classes; null where nobody named them
 */
export function withHead(
  from: InitialSource,
  theirs: readonly string[] | null,
  spec: ResolvedSpec,
  start: NonNullable<ResolvedSpec['init_from']>,
  { classes }: DatasetFacts,
): { readonly spec: ResolvedSpec; readonly warnings: readonly SpecWarning[] } {
  const fits = theirs?.length === classes.length && theirs.every((name, index) => name === classes[index]);
  const head = start.head === 'auto' ? (fits ? 'keep' : 'new') : start.head;
  const why = theirs === null ? 'have no names' : 'are not those of the dataset';
  const message = `the classes of the ${from} ${why}, so the head starts from random weights. To keep the head, use "keep".`;
  const warnings = start.head === 'auto' && !fits ? [{ pointer: '/init_from/head', message }] : [];
  return { spec: { ...spec, init_from: { ...start, head } }, warnings };
}

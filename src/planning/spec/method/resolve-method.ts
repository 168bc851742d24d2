import type { DatasetFacts, ResolvedMethod } from '../../../contract/spec.js';
import { endToEndStepsOf, roundsOf, stepsOf } from '../../../method/rounds.js';
import { trainSamples } from '../../../method/samples.js';
import { hasFields } from '../../../network/resnet.js';
import { checkFreeze } from '../freeze.js';
import { networkOf } from '../known-network.js';
import type { Problems } from '../problems.js';
import { checkAccumulation } from './accumulation.js';
import { resolveAuxiliary } from './auxiliary.js';
import { resolveCorrections } from './corrections.js';
import { resolveCoupling } from './coupling.js';
import { resolveEndToEndShare, resolveReplicas } from './end-to-end.js';
import { checkFactors } from './factors.js';
import type { MethodFacts, MethodSpec } from './facts.js';
import { resolveHeads } from './heads.js';
import { checkLevels, dividedNetwork, fitsLevels, resolveLevels } from './levels.js';
import { resolveMemory } from './memory.js';
import { resolveMessageRounds } from './message-rounds.js';
import { resolveOuter } from './outer.js';
import { resolvePenalty } from './penalty.js';
import { resolveReach } from './reach.js';
import { checkTaskCount, resolveRoundSteps } from './round-steps.js';
import { resolveSparsity } from './sparsity.js';
import { resolveSplit } from './split.js';
import { resolveStageReplicas } from './stage-replicas.js';
import { resolveStages } from './stages.js';
import { resolveStored } from './stored.js';
import { resolveStream } from './stream.js';
import { resolveWarmStart } from './warm-start.js';

/** Makes every choice that `method` left open, a file a field. @returns null where stages or split do not fit */
export function resolveMethod(
  spec: MethodSpec,
  dataset: DatasetFacts,
  report: Problems,
): ResolvedMethod | null {
  const { method } = spec;
  const facts = methodFacts(spec, dataset, report);
  if (facts === null) return null;
  const { stages, split, totalSteps, stepsPerEpoch } = facts;
  const endToEndShare = resolveEndToEndShare(method, facts);
  const endToEndSteps = endToEndStepsOf(totalSteps, endToEndShare);
  const parallelSteps = totalSteps - method.warm_start_epochs * stepsPerEpoch - endToEndSteps;
  const roundSteps = resolveRoundSteps(method, facts, parallelSteps, report);
  const stageReplicas = resolveStageReplicas(method, facts, roundSteps, report);
  const replicas = resolveReplicas(spec, facts, endToEndSteps, report);
  checkAccumulation(spec, report);
  checkFactors(spec, report);
  checkTaskCount(totalSteps, roundSteps, Math.max(stages * stageReplicas, replicas), report);
  const resolved: ResolvedMethod = {
    ...method,
    stages,
    split: [...split],
    heads: resolveHeads(method, facts, report),
    reach: resolveReach(method, facts, report),
    replicas: stageReplicas,
    corrections: resolveCorrections(method, facts, report),
    auxiliary: resolveAuxiliary(method, facts, report),
    coupling: resolveCoupling(method, facts, report),
    penalty: resolvePenalty(spec, facts, endToEndShare, report),
    stored: resolveStored(method, facts, report),
    message_rounds: resolveMessageRounds(method, facts, report),
    stream: resolveStream(method, facts, report),
    ...resolveMemory(spec, facts, endToEndSteps > 0 || method.warm_start_epochs > 0, report),
    levels: resolveLevels(method, facts, parallelSteps, report),
    outer: resolveOuter(method, facts, replicas, report),
    warm_start_epochs: resolveWarmStart(method, facts, parallelSteps, report),
    end_to_end_share: endToEndShare,
    end_to_end_replicas: replicas,
    round_steps: roundSteps,
  };
  const { parallelRounds } = roundsOf({ ...spec, method: resolved }, dataset);
  return { ...resolved, sparsity: resolveSparsity(spec, facts, parallelRounds, report) };
}

function methodFacts(spec: MethodSpec, dataset: DatasetFacts, report: Problems): MethodFacts | null {
  const { model, freeze } = spec;
  const { image, classes } = dataset;
  const known = networkOf({ model, image, classes: classes.length, freeze });
  const frozen = checkFreeze(spec, known.network.blocks.length, report);
  if (freeze && hasFields(model.family)) {
    report(
      '/freeze',
      `batch norms of ${model.family} have statistics for each step of a solver, which no frozen block keeps; leave freeze out`,
    );
  }
  if (frozen === null || !checkLevels(spec, report)) return null;
  const { network } = known;
  const { divided, factor } = dividedNetwork(spec, dataset, known);
  const stages = resolveStages(spec.method, divided.network.blocks.length, frozen, report);
  const split =
    stages === null ? null : resolveSplit(spec.method, { ...divided, network }, stages, factor, report);
  if (stages === null || split === null || !fitsLevels(spec.method, split, report)) return null;
  const samples = trainSamples(spec, dataset);
  return { network, stages, split, samples, ...stepsOf(spec, dataset) };
}

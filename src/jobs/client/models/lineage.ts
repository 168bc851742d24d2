import type { ModelsClient } from '../../../contract/client/models.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { Database } from '../../store/connection/database.js';
import { type Ancestor, findAncestor, findDescendants, jobOfModel } from '../../store/lineage.js';
import { findWeights } from '../../store/weights.js';
import { notFound } from '../require-job.js';

type Lineage = components['schemas']['Lineage'];
type Node = Lineage['nodes'][number];
type Edge = Lineage['edges'][number];

/** Jobs of a graph, and the newest evaluations, promotions and reproductions of each kind. */
const MAX_JOBS = 50;
const MAX_NEWEST = 20;

export function lineageMethods(db: Database, tenant: string): Pick<ModelsClient, 'getModelLineage'> {
  return {
    async getModelLineage(modelId) {
      const jobId = (await jobOfModel(db, tenant, modelId)) ?? notFound(modelId);
      const graph = new Graph(db, tenant);
      await graph.addAncestors(jobId);
      await graph.addDescendants(modelId);
      return graph.toLineage(modelId);
    },
  };
}

interface NodeFacts {
  readonly name?: string;
  readonly at?: Date | null;
  readonly sha256?: string | null;
  readonly exists?: boolean;
  readonly self?: string;
}

/** Nodes and edges, each once. */
class Graph {
  readonly #nodes = new Map<string, Node>();
  readonly #edges = new Map<string, Edge>();
  #complete = true;

  constructor(
    private readonly db: Database,
    private readonly tenant: string,
  ) {}

  /** The nearest jobs first. */
  async addAncestors(jobId: string): Promise<void> {
    const [seen, waiting] = [new Set([jobId]), [jobId]];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const job = await findAncestor(this.db, this.tenant, next);
      if (job === null) continue;
      for (const parent of await this.#addJob(job)) {
        if (seen.has(parent)) continue;
        this.#complete &&= seen.size < MAX_JOBS;
        if (seen.size >= MAX_JOBS) continue;
        seen.add(parent);
        waiting.push(parent);
      }
    }
  }

  async addDescendants(modelId: string): Promise<void> {
    const found = await findDescendants(this.db, this.tenant, modelId, MAX_NEWEST);
    for (const { id, createdAt: at, ...evaluation } of found.evaluations)
      this.#add({ id, type: 'evaluation', name: nameOfEvaluation(evaluation), at }, modelId, 'evaluates');
    for (const { id, createdAt: at, alias, state } of found.promotions)
      this.#add({ id, type: 'promotion', name: `${alias}: ${state}`, at }, modelId, 'promotes');
    for (const { id, createdAt: at, equal } of found.reproductions) {
      const name = equal === null ? 'not compared' : equal ? 'equal' : 'different';
      this.#add({ id, type: 'reproduction', name, at }, modelId, 'reproduces');
    }
  }

  toLineage(modelId: string): Lineage {
    const nodes = [...this.#nodes.values()];
    nodes.sort((a, b) => Number(b.id === modelId) - Number(a.id === modelId));
    return {
      object: 'lineage',
      model_id: modelId,
      nodes,
      edges: [...this.#edges.values()],
      complete: this.#complete,
    };
  }

  /** @returns the jobs that it came from */
  async #addJob(job: Ancestor): Promise<string[]> {
    const { id, name, createdAt: at, dataset, model, sweep, parentId } = job;
    this.#node(id, 'job', { name, at });
    if (model) {
      const { id: modelId, createdAt, version } = model;
      const named = version ? `${model.name} ${version.version}` : model.name;
      this.#node(modelId, 'model', { name: named, at: createdAt });
      this.#edge(modelId, id, 'made_by');
    }
    const sha256 = model?.provenance?.dataset_sha256 ?? dataset.sha256;
    this.#node(dataset.id, 'dataset', { name: dataset.name, sha256, self: `/datasets/${dataset.id}` });
    this.#edge(id, dataset.id, 'trained_on');
    if (sweep) {
      this.#node(sweep.id, 'sweep', { name: sweep.name, at: sweep.createdAt });
      this.#edge(id, sweep.id, 'trial_of');
    }
    const parents = await this.#addStart(job);
    if (parentId === null) return parents;
    this.#missing(parentId, 'job');
    this.#edge(id, parentId, 'extends');
    return [...parents, parentId];
  }

  /** The source of the weights that a job began from. @returns its job, if it has one */
  async #addStart({ id, spec, initial }: Ancestor): Promise<string[]> {
    const { checkpoint, model, weights } = spec.init_from ?? {};
    if (weights) {
      const row = await findWeights(this.db, this.tenant, weights);
      const sha256 = row?.sha256 ?? initial?.[0]?.slice('sha256:'.length) ?? null;
      if (row) this.#node(weights, 'weights', { name: row.name, at: row.createdAt, sha256 });
      else this.#missing(weights, 'weights');
      this.#edge(id, weights, 'began_from');
    }
    if (checkpoint) {
      const [jobId = ''] = checkpoint.split('-', 1);
      this.#missing(jobId, 'job');
      this.#edge(id, jobId, 'began_from');
      return [jobId];
    }
    if (!model) return [];
    this.#missing(model, 'model');
    this.#edge(id, model, 'began_from');
    const jobId = await jobOfModel(this.db, this.tenant, model);
    return jobId === null ? [] : [jobId];
  }

  #add(
    { id, type, name, at }: Pick<Node, 'id' | 'type' | 'name'> & { readonly at: Date },
    modelId: string,
    relation: Edge['relation'],
  ): void {
    this.#node(id, type, { name, at });
    this.#edge(id, modelId, relation);
  }

  /** A node of which nothing is known but its id, until its row is read. */
  #missing(id: string, type: Node['type']): void {
    if (!this.#nodes.has(id)) this.#node(id, type, { exists: false });
  }

  #node(
    id: string,
    type: Node['type'],
    { name = '', at = null, sha256 = null, exists = true, self = `/${PATHS[type]}/${id}` }: NodeFacts,
  ): void {
    const links = { self: exists ? self : null };
    this.#nodes.set(id, { id, type, name, at: at?.toISOString() ?? null, sha256, exists, links });
  }

  #edge(from: string, to: string, relation: Edge['relation']): void {
    this.#edges.set(`${from} ${relation} ${to}`, { from, to, relation });
  }
}

const PATHS: Readonly<Record<Node['type'], string>> = {
  model: 'models',
  job: 'jobs',
  dataset: 'datasets',
  weights: 'weights',
  sweep: 'sweeps',
  evaluation: 'evaluations',
  promotion: 'promotions',
  reproduction: 'reproductions',
};

type Evaluated = Awaited<ReturnType<typeof findDescendants>>['evaluations'][number];

function nameOfEvaluation({
  variant,
  datasetName,
  split,
  state,
  figures,
}: Omit<Evaluated, 'id' | 'createdAt'>): string {
  const images = `${variant} on ${datasetName}, ${split}`;
  return figures === null ? `${images}: ${state}` : `${images}: accuracy ${figures.accuracy.toFixed(4)}`;
}

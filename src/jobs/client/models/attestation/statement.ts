import type { ModelFacts } from './facts.js';

/**
 * An in-toto statement (github.com/in-toto/attestation, v1) with SLSA's provenance predicate (slsa.dev/provenance/v1). Its
 * subjects are the files of the model.
 */
export function statementOf({ model, spec, startedAt, finishedAt, files }: ModelFacts): object {
  const { provenance, dataset, job_id: job } = model;
  const sources = [
    { name: `dataset ${dataset.name}`, sha256: provenance.dataset_sha256 },
    ...provenance.initial_weights.map((sha256) => ({ name: 'initial weights', sha256 })),
  ];
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:strata:training:v1',
        externalParameters: { spec, actor: provenance.actor },
        internalParameters: {
          model: model.id,
          name: model.name,
          version: model.version,
          environments: provenance.environments,
        },
        resolvedDependencies: sources.flatMap(({ name, sha256 }) =>
          sha256 === null ? [] : [{ name, digest: { sha256 } }],
        ),
      },
      runDetails: {
        builder: { id: 'urn:strata:service', version: { strata: provenance.strata_version ?? 'unknown' } },
        metadata: {
          invocationId: `urn:strata:${job}`,
          ...(startedAt && { startedOn: startedAt.toISOString() }),
          ...(finishedAt && { finishedOn: finishedAt.toISOString() }),
        },
      },
    },
  };
}

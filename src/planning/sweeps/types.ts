import type { components } from '../../contract/generated/openapi.js';

type Schemas = components['schemas'];

export type SweepSpec = Schemas['SweepSpec'];
export type Dimension = Schemas['SweepDimension'];
export type Space = SweepSpec['space'];
export type Search = SweepSpec['search'];
export type ParameterValue = Schemas['Trial']['parameters'][string];
/** A point of a space: values by JSON pointer into the job. */
export type Parameters = Readonly<Record<string, ParameterValue>>;
export type TrialState = Schemas['TrialState'];
export type SweepEnd = NonNullable<Schemas['Sweep']['ended']>;

import type { Staging } from '../runtime/index.js';

/** An array that is elsewhere, as on the device or in a file. */
export interface ReadableValues {
  readonly length: number;
  /** @param into an array of this length that may be filled and returned; without it, every reading makes a new one */
  read(into?: Float32Array): Float32Array;
}

/** An array, here or elsewhere. */
export type Values = Float32Array | ReadableValues;

export const readValues = (values: Values): Float32Array =>
  values instanceof Float32Array ? values : values.read();

/** The same without a new array: one that is elsewhere goes through `staging`, whose next array replaces it. */
export const readThrough = (values: Values, staging: Staging): Float32Array =>
  values instanceof Float32Array ? values : values.read(staging.array(values.length));

/** Parameters or optimizer state by name, as plain numbers in the order of the parameter. */
export type NamedValues = ReadonlyMap<string, Float32Array>;

export const readNamed = (named: ReadonlyMap<string, Values>): NamedValues =>
  new Map([...named].map(([name, values]) => [name, readValues(values)]));

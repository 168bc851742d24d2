/**
 * The part of TensorFlow's GraphDef that the exported models use, as JSON: protobuf's JSON mapping of graph.proto,
 * node_def.proto and attr_value.proto (github.com/tensorflow/tensorflow, tensorflow/core/framework), which
 * `tf.loadGraphModel` reads. In it, 64-bit integers are text and bytes are base64.
 */
type Attribute = Readonly<Record<string, unknown>>;

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** An entry of tfjs's weights manifest. Values follow each other in the order of the entries. */
export interface GraphWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export const attribute = {
  int: (value: number): Attribute => ({ i: String(value) }),
  float: (value: number): Attribute => ({ f: value }),
  bool: (value: boolean): Attribute => ({ b: value }),
  text: (value: string): Attribute => ({ s: base64(value) }),
  ints: (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } }),
  texts: (values: readonly string[]): Attribute => ({ list: { s: values.map(base64) } }),
  type: (value: Dtype): Attribute => ({ type: value }),
  shape: (sides: readonly number[]): Attribute => ({ shape: shapeOf(sides) }),
};

export type Dtype = 'DT_FLOAT' | 'DT_INT32';

/** A side of -1 may have any size. */
export function shapeOf(sides: readonly number[]) {
  return { dim: sides.map((size) => ({ size: String(size) })) };
}

/** A constant. Its values are in the weights file, under its name. */
export function constant({ name, shape, values }: GraphWeight): GraphNode {
  const dtype = dtypeOf(values);
  return {
    name,
    op: 'Const',
    attr: {
      dtype: attribute.type(dtype),
      value: { tensor: { dtype, tensorShape: shapeOf(shape) } },
    },
  };
}

/** Entry of tfjs's weights manifest. */
export function weightSpecOf({ name, shape, values }: GraphWeight) {
  const dtype = values instanceof Int32Array ? ('int32' as const) : ('float32' as const);
  return { name, shape: [...shape], dtype };
}

export function joinedBytes(weights: readonly GraphWeight[]): Uint8Array {
  return Buffer.concat(
    weights.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
}

const dtypeOf = (values: Float32Array | Int32Array): Dtype =>
  values instanceof Int32Array ? 'DT_INT32' : 'DT_FLOAT';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

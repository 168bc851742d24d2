import protobuf from 'protobufjs/light.js';

/**
 * The part of ONNX's file format that the exported models use. Field numbers and types as in onnx.proto3 of
 * github.com/onnx/onnx. Names are camelCase, as protobufjs writes them.
 */
const field = (id: number, type: string) => ({ id, type });
const repeated = (id: number, type: string) => ({ id, type, rule: 'repeated' });

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        graph: field(7, 'GraphProto'),
        opsetImport: repeated(8, 'OperatorSetIdProto'),
        metadataProps: repeated(14, 'StringStringEntryProto'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    GraphProto: {
      fields: {
        node: repeated(1, 'NodeProto'),
        name: field(2, 'string'),
        initializer: repeated(5, 'TensorProto'),
        input: repeated(11, 'ValueInfoProto'),
        output: repeated(12, 'ValueInfoProto'),
      },
    },
    NodeProto: {
      fields: {
        input: repeated(1, 'string'),
        output: repeated(2, 'string'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: repeated(5, 'AttributeProto'),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        ints: repeated(8, 'int64'),
        type: field(20, 'int32'),
      },
    },
    TensorProto: {
      fields: {
        dims: repeated(1, 'int64'),
        dataType: field(2, 'int32'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
      },
    },
    ValueInfoProto: { fields: { name: field(1, 'string'), type: field(2, 'TypeProto') } },
    TypeProto: { fields: { tensorType: field(1, 'TensorType') } },
    TensorType: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShape') } },
    TensorShape: { fields: { dim: repeated(1, 'Dimension') } },
    Dimension: { fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') } },
  },
});

const FLOAT = 1;
/** The type of a tensor by its array; 16-bit words are float16. */
const DATA_TYPES = [
  [Float32Array, FLOAT],
  [Uint8Array, 2],
  [Int8Array, 3],
  [Int32Array, 6],
  [Uint16Array, 10],
] as const;
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;
/** Opset 17 belongs to ONNX 1.12, whose files have version 8. */
const IR_VERSION = 8;
const OPSET = 17;

export type OnnxAttribute =
  | { readonly kind: 'float' | 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] };

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** 16-bit words are float16. */
  readonly values: Float32Array | Int8Array | Uint8Array | Int32Array | Uint16Array;
}

/** A float32 input or output. A dimension with a name may have any size; null: any shape. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | string)[] | null;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Encodes an inference graph as an ONNX file of opset 17. */
export function encodeOnnx(graph: OnnxGraph, metadata: Readonly<Record<string, string>>): Uint8Array {
  const type = root.lookupType('ModelProto');
  const model = {
    irVersion: IR_VERSION,
    producerName: 'Strata',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: graph.nodes.map(encodeNode),
      initializer: graph.initializers.map(encodeTensor),
      input: graph.inputs.map(encodeValue),
      output: graph.outputs.map(encodeValue),
    },
  };
  return type.encode(model).finish();
}

function encodeNode({ op, name, inputs, output, attributes = {} }: OnnxNode) {
  const attribute = Object.entries(attributes).map(([key, { kind, value }]) => ({
    name: key,
    type: ATTRIBUTE_TYPES[kind],
    [{ float: 'f', int: 'i', ints: 'ints' }[kind]]: value,
  }));
  return { opType: op, name, input: inputs, output: [output], attribute };
}

function encodeTensor({ name, shape, values }: OnnxTensor) {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const [, dataType] = DATA_TYPES.find(([array]) => values instanceof array)!;
  return { name, dims: shape, dataType, rawData };
}

function encodeValue({ name, shape }: OnnxValue) {
  const dim = shape?.map((side) => (typeof side === 'string' ? { dimParam: side } : { dimValue: side }));
  return { name, type: { tensorType: { elemType: FLOAT, ...(dim && { shape: { dim } }) } } };
}

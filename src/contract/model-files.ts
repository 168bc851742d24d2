/** Files of a model by their name within the folder of its variant. */
const FORMATS: Readonly<Record<string, string>> = {
  'model.json': 'tfjs-layers',
  'weights.bin': 'tfjs-layers',
  'graph-model/model.json': 'tfjs-graph',
  'graph-model/weights.bin': 'tfjs-graph',
  'model.onnx': 'onnx',
  'model.safetensors': 'safetensors',
  'config.json': 'safetensors',
};

/** A file's variant and format, from its name as an artifact: `full/model.onnx`. */
export function modelFile(name: string): { readonly variant: string; readonly format: string } {
  const [variant = '', ...rest] = name.split('/');
  const file = rest.join('/');
  return { variant, format: (Object.hasOwn(FORMATS, file) && FORMATS[file]) || 'other' };
}

/** Format of a model file by its name within the folder of its variant. */
const FORMATS: Readonly<Record<string, string>> = {
  'model.json': 'tfjs-layers',
  'weights.bin': 'tfjs-layers',
  'graph-model/model.json': 'tfjs-graph',
  'graph-model/weights.bin': 'tfjs-graph',
  'model.onnx': 'onnx',
  'onnx-int8/model.onnx': 'onnx-int8',
  'onnx-float16/model.onnx': 'onnx-float16',
  'tfjs-graph-int8/model.json': 'tfjs-graph-int8',
  'tfjs-graph-int8/weights.bin': 'tfjs-graph-int8',
  'model.safetensors': 'safetensors',
  'config.json': 'safetensors',
  'torchvision/model.safetensors': 'torchvision',
  'torchvision/config.json': 'torchvision',
  'timm/model.safetensors': 'timm',
  'timm/config.json': 'timm',
  'transformers/model.safetensors': 'transformers',
  'transformers/config.json': 'transformers',
  'cifar-resnet/model.safetensors': 'cifar-resnet',
  'cifar-resnet/config.json': 'cifar-resnet',
  'wide-resnet-pytorch/model.safetensors': 'wide-resnet-pytorch',
  'wide-resnet-pytorch/config.json': 'wide-resnet-pytorch',
};

/** Variant and format of a file, from its artifact name: `full/model.onnx`. */
export function modelFile(name: string): { readonly variant: string; readonly format: string } {
  const [variant = '', ...rest] = name.split('/');
  const file = rest.join('/');
  return { variant, format: (Object.hasOwn(FORMATS, file) && FORMATS[file]) || 'other' };
}

import { readFileSync } from 'node:fs';
import type { Shape } from '../../network/index.js';
import type { ExportFormat, FurtherOutput } from '../export/index.js';

const SCRIPT = readFileSync(new URL('./load_safetensors.py', import.meta.url), 'utf8');

/**
 * Example code for each format. It works unchanged in a folder with the artifacts of the job.
 * @param outputs beside the probabilities
 */
export function usageOf(format: ExportFormat, image: Shape, outputs: readonly FurtherOutput[] = []): string {
  return SNIPPETS[format](`[1, ${image.height}, ${image.width}, ${image.channels}]`, outputs);
}

const SNIPPETS: Readonly<Record<ExportFormat, (shape: string, outputs: readonly FurtherOutput[]) => string>> =
  {
    'tfjs-layers': (shape) => `TensorFlow.js, in a page that is served beside \`full/\`:

${page(`tf.loadLayersModel('full/model.json')`, shape)}`,
    'tfjs-graph': (
      shape,
      outputs,
    ) => `TensorFlow.js, as a graph model (fastest, but its layers cannot be trained further):

${page(`tf.loadGraphModel('full/graph-model/model.json')`, shape)}${executed(outputs)}`,
    'tfjs-graph-int8': (shape, outputs) => `TensorFlow.js, as a graph model with weights of one byte:

${page(`tf.loadGraphModel('full/tfjs-graph-int8/model.json')`, shape)}${executed(outputs)}`,
    onnx: (shape, outputs) => onnx('ONNX Runtime', 'model.onnx', shape, outputs),
    'onnx-int8': (shape, outputs) =>
      onnx('ONNX Runtime, with integers of 8 bits', 'onnx-int8/model.onnx', shape, outputs, EXACT_BYTES),
    'onnx-float16': (shape, outputs) =>
      onnx('ONNX Runtime, with kernels stored as float16', 'onnx-float16/model.onnx', shape, outputs),
    safetensors: (shape) => `PyTorch (\`pip install torch safetensors numpy\`):

\`\`\`python
${SCRIPT}
pixels = torch.zeros(${shape})  # your images, 0..255
print(predict(pixels).argmax(1))
\`\`\``,
    torchvision: (shape) =>
      pytorch({
        format: 'torchvision',
        about: 'torchvision',
        packages: 'torch torchvision safetensors numpy',
        imports: 'import torchvision\n',
        model: 'getattr(torchvision.models, config["architecture"])(num_classes=len(config["classes"]))',
        shape,
      }),
    timm: (shape) => `timm (\`pip install torch timm\`):

\`\`\`python
import timm
import torch

model = timm.create_model("local-dir:full/timm", pretrained=True).eval()
mean, deviation = (torch.tensor(model.pretrained_cfg[part]) for part in ("mean", "std"))
pixels = torch.zeros(${shape})  # your images, 0..255
with torch.no_grad():
    probabilities = model(((pixels / 255 - mean) / deviation).permute(0, 3, 1, 2)).softmax(1)
print(probabilities.argmax(1))
\`\`\``,
    transformers: (shape) => `transformers (\`pip install torch transformers\`):

\`\`\`python
import torch
from transformers import ResNetForImageClassification

model = ResNetForImageClassification.from_pretrained("full/transformers").eval()
mean, deviation = torch.tensor(model.config.mean), torch.tensor(model.config.standard_deviation)
pixels = torch.zeros(${shape})  # your images, 0..255
with torch.no_grad():
    probabilities = model(((pixels - mean) / deviation).permute(0, 3, 1, 2)).logits.softmax(1)
print(probabilities.argmax(1))
\`\`\``,
    'cifar-resnet': (shape) =>
      pytorch({
        format: 'cifar-resnet',
        about: 'pytorch-cifar-models',
        imports: '',
        model:
          'torch.hub.load("chenyaofo/pytorch-cifar-models", config["architecture"], num_classes=len(config["classes"]))',
        shape,
      }),
    'wide-resnet-pytorch': (shape) =>
      pytorch({
        format: 'wide-resnet-pytorch',
        about: 'WideResNet-pytorch, beside its file `wideresnet.py`',
        imports: 'from wideresnet import WideResNet  # https://github.com/xternalz/WideResNet-pytorch\n',
        model: 'WideResNet(config["depth"], len(config["classes"]), config["widen_factor"])',
        shape,
      }),
  };

const PACKAGES = 'torch safetensors numpy';

interface PytorchExample {
  readonly format: ExportFormat;
  readonly about: string;
  readonly packages?: string;
  /** A line that ends in a newline, after the other imports. */
  readonly imports: string;
  /** An expression that builds the network from `config`. */
  readonly model: string;
  readonly shape: string;
}

/** Options of a session whose sums of bytes do not overflow on processors without VNNI, like `createSession`. */
const EXACT_BYTES = `options = onnxruntime.SessionOptions()
options.add_session_config_entry("session.x64quantprecision", "1")  # exact on every processor
`;

function onnx(
  about: string,
  file: string,
  shape: string,
  outputs: readonly FurtherOutput[],
  options = '',
): string {
  return `${about} (\`pip install onnxruntime\`):

\`\`\`python
import numpy as np
import onnxruntime

${options}session = onnxruntime.InferenceSession("full/${file}"${options && ', options'})
pixels = np.zeros(${shape}, np.float32)  # your images, 0..255
[${['probabilities', ...outputs].join(', ')}] = session.run(None, {"pixels": pixels})
print(probabilities.argmax(1))
\`\`\``;
}

function pytorch({ format, about, packages = PACKAGES, imports, model, shape }: PytorchExample): string {
  return `${about} (\`pip install ${packages}\`):

\`\`\`python
import json
import torch
from safetensors.torch import load_file
${imports}
config = json.load(open("full/${format}/config.json"))
model = ${model}.eval()
model.load_state_dict(load_file("full/${format}/model.safetensors"))
mean, deviation = torch.tensor(config["mean"]), torch.tensor(config["standard_deviation"])
pixels = torch.zeros(${shape})  # your images, 0..255
with torch.no_grad():
    probabilities = model(((pixels - mean) / deviation).permute(0, 3, 1, 2)).softmax(1)
print(probabilities.argmax(1))
\`\`\``;
}

function executed(outputs: readonly FurtherOutput[]): string {
  if (outputs.length === 0) return '';
  const names = outputs.map((name) => `'${name}'`).join(', ');
  return `\n\n\`predict\` gives the probabilities; \`model.execute(pixels, [${names}])\` the other outputs.`;
}

function page(load: string, shape: string): string {
  return `\`\`\`html
<script src="https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.min.js"></script>
<output></output>
<script type="module">
  const model = await ${load};
  const pixels = tf.zeros(${shape}); // your images, 0..255
  const classes = await model.predict(pixels).argMax(1).data();
  document.querySelector('output').textContent = classes.join();
</script>
\`\`\``;
}

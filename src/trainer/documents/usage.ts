import { readFileSync } from 'node:fs';
import type { Shape } from '../../network/index.js';
import type { ExportFormat } from '../export/index.js';

const SCRIPT = readFileSync(new URL('./load_safetensors.py', import.meta.url), 'utf8');

/** Example code for each format. It works unchanged in a folder with the artifacts of the job. */
export function usageOf(format: ExportFormat, image: Shape): string {
  return SNIPPETS[format](`[1, ${image.height}, ${image.width}, ${image.channels}]`);
}

const SNIPPETS: Readonly<Record<ExportFormat, (shape: string) => string>> = {
  'tfjs-layers': (shape) => `TensorFlow.js, in a page that is served beside \`full/\`:

${page(`tf.loadLayersModel('full/model.json')`, shape)}`,
  'tfjs-graph': (
    shape,
  ) => `TensorFlow.js, as a graph model (fastest, but its layers cannot be trained further):

${page(`tf.loadGraphModel('full/graph-model/model.json')`, shape)}`,
  onnx: (shape) => `ONNX Runtime (\`pip install onnxruntime\`):

\`\`\`python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("full/model.onnx")
pixels = np.zeros(${shape}, np.float32)  # your images, 0..255
[probabilities] = session.run(None, {"pixels": pixels})
print(probabilities.argmax(1))
\`\`\``,
  safetensors: (shape) => `PyTorch (\`pip install torch safetensors numpy\`):

\`\`\`python
${SCRIPT}
pixels = torch.zeros(${shape})  # your images, 0..255
print(predict(pixels).argmax(1))
\`\`\``,
};

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

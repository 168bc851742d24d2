import { fileURLToPath } from 'node:url';
import { pythonPackages } from '../../test/support/python-packages.js';
import { installedTorch } from '../step/torch.js';
import type { PortCase } from './proof.js';

const REQUIREMENTS = fileURLToPath(new URL('../../test/trainer/export/requirements.txt', import.meta.url));

export const IMAGENET_CASES: readonly PortCase[] = [18, 34, 50, 101].map((depth) => ({
  name: `resnet${depth}`,
  sides: [64, 65, 96, 224],
  libraries: ['torchvision', 'timm', 'transformers'],
}));

export const CIFAR_CASES: readonly PortCase[] = [
  { name: 'cifar10_resnet20', sides: [32], libraries: ['cifar-resnet'] },
  { name: 'wrn16_4', sides: [32], libraries: ['wide-resnet-pytorch'] },
];

/** In which python3 has PyTorch and the libraries; null where no benchmark has installed PyTorch. */
export async function libraryEnvironment(): Promise<NodeJS.ProcessEnv | null> {
  const torch = await installedTorch();
  if (torch === null) return null;
  const packages = await pythonPackages('libraries', REQUIREMENTS);
  const PYTHONPATH = `${torch.PYTHONPATH}:${packages}`;
  return { ...process.env, ...torch, PYTHONPATH, HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1' };
}

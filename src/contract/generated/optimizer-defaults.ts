// Written by npm run generate from openapi/openapi.yaml.
export const OPTIMIZER_DEFAULTS = {
  sgd: { learning_rate: 0.1, weight_decay: 0.0001, momentum: 0.9 },
  adamw: { learning_rate: 0.001, weight_decay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
} as const;

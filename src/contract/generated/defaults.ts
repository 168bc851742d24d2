// Generated from openapi/openapi.yaml by `npm run generate`. Do not edit.

export const JOB_DEFAULTS = {
  "name": "",
  "metadata": {},
  "priority": 0,
  "max_train_samples": null,
  "validation_share": null,
  "image_size": null,
  "recipe": null,
  "model": {
    "family": "resnet",
    "depth": null,
    "width": null,
    "dropout": 0,
    "padding": "same",
    "solver": null,
    "steps": null,
    "gradient": null,
    "learned_time": false,
    "zero_init_residual": false
  },
  "method": {
    "type": "augmented-lagrangian",
    "stages": null,
    "split": "auto",
    "penalty": "auto",
    "coupling": null,
    "auxiliary": {
      "cost_share": 0.1,
      "width": null,
      "depth": null,
      "learning_rate": null
    },
    "heads": {
      "decoder": false
    },
    "sparsity": {
      "keep": null,
      "until_round": null,
      "regrow": null
    },
    "reach": null,
    "replicas": 1,
    "corrections": {
      "precision": "float16",
      "filter": "none"
    },
    "round_steps": null,
    "stored": {
      "coupling": null
    },
    "message_rounds": null,
    "stream": {
      "precision": "float32"
    },
    "memory": null,
    "memory_bytes": null,
    "outer": {
      "rate": null,
      "momentum": null
    },
    "levels": {
      "count": 1,
      "shares": null
    },
    "warm_start_epochs": 0,
    "end_to_end_share": null,
    "end_to_end_replicas": null
  },
  "optimizer": {
    "type": "sgd",
    "learning_rate": null,
    "momentum": null,
    "nesterov": false,
    "beta1": null,
    "beta2": null,
    "epsilon": null,
    "trust_coefficient": null,
    "damping": null,
    "factor_decay": null,
    "factor_interval": null,
    "weight_decay": null,
    "decay_norm_and_bias": true,
    "rates": null,
    "gradient_accumulation_steps": 1,
    "clip_norm": null,
    "schedule": {
      "type": "cosine",
      "minimum_rate": 0,
      "power": 2,
      "warmup_epochs": 0,
      "warmup_rate": 0,
      "cooldown_epochs": 0,
      "restart_epochs": [],
      "milestones": [
        0.5,
        0.75
      ],
      "gamma": 0.1
    }
  },
  "epochs": 10,
  "batch_size": 128,
  "precision": "float32",
  "label_smoothing": 0,
  "normalization": "dataset",
  "class_weights": "none",
  "sampling": "uniform",
  "augmentation": {
    "crop_padding": null,
    "random_resized_crop": null,
    "horizontal_flip": null,
    "padding_mode": "zero",
    "flip": "random",
    "random_erasing": 0,
    "mixup": 0,
    "cutmix": 0,
    "mix_switch": 0.5,
    "mix_off_epochs": 0,
    "vertical_flip": false,
    "rotation": 0,
    "color_jitter": null,
    "policy": {
      "type": "none",
      "count": null,
      "magnitude": null
    },
    "cutout": 0
  },
  "seed": null,
  "evaluate_every": null,
  "early_stopping": null,
  "selection": {
    "keep": "last",
    "metric": "validation_accuracy",
    "checkpoints": {
      "best": 0,
      "latest": 0
    }
  },
  "init_from": null,
  "freeze": null,
  "max_runtime_s": null,
  "max_device_seconds": null,
  "max_pending_s": null,
  "max_attempts": 5,
  "exports": [
    "tfjs-layers"
  ],
  "export_options": {
    "fold_batch_norm": false,
    "outputs": [],
    "max_accuracy_drop": 0.01
  },
  "trackers": []
} as const;

export const OPTIMIZER_DEFAULTS = {
  "sgd": {
    "learning_rate": 0.1,
    "weight_decay": 0.0001,
    "momentum": 0.9
  },
  "adamw": {
    "learning_rate": 0.001,
    "weight_decay": 0.01,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8
  },
  "lars": {
    "learning_rate": 0.25,
    "weight_decay": 0.0001,
    "momentum": 0.9,
    "trust_coefficient": 0.02
  },
  "lamb": {
    "learning_rate": 0.02,
    "weight_decay": 0.01,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 0.000001
  },
  "kfac": {
    "learning_rate": 0.1,
    "weight_decay": 0.0001,
    "momentum": 0.9,
    "damping": 0.03,
    "factor_decay": 0.95,
    "factor_interval": 10
  }
} as const;

export const OPTIMIZER_VECTORS = {
  "sgd": 1,
  "adamw": 2,
  "lars": 1,
  "lamb": 2,
  "kfac": 1
} as const;

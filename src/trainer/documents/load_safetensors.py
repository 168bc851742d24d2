import json
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

def load(folder):
    config, weights = json.load(open(f"{folder}/config.json")), load_file(f"{folder}/model.safetensors")
    def norm(name, x):
        mean, var, gamma, beta = (weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, var, gamma, beta, eps=config["norm_epsilon"])
    def run(layers, x):
        for layer in layers:
            match layer["op"]:
                case "conv":
                    kernel = layer.get("weights", layer["name"])
                    weight, bias = (weights.get(f"{kernel}.{part}") for part in ("weight", "bias"))
                    x = F.conv2d(F.pad(x, layer["padding"]), weight, bias, stride=layer["stride"])
                case "norm":
                    x = norm(layer["name"], x)
                case "scale":
                    factor, shift = (weights[f"{layer['name']}.{part}"][:, None, None] for part in ("weight", "bias"))
                    x = x * factor + shift
                case "residual":
                    x = run(layer["branch"], x) + run(layer["shortcut"], x)
                case "integral":
                    for step in layer["steps"]:
                        slopes = []
                        for slope in step["slopes"]:
                            slopes.append(run(slope["layers"], x + sum(a * k for a, k in zip(slope["before"], slopes))))
                        x = x + sum(b * k for b, k in zip(step["weights"], slopes))
                case "max-pool":
                    x = F.max_pool2d(F.pad(x, layer["padding"], value=-torch.inf), layer["size"], layer["stride"])
                case "pool":
                    x = x.mean((2, 3))
                case "dense":
                    x = F.linear(x, weights[f"{layer['name']}.weight"], weights[f"{layer['name']}.bias"])
            x = F.relu(x) if layer.get("relu") else x
        return x
    mean, deviation = torch.tensor(config["mean"]), torch.tensor(config["standard_deviation"])
    return lambda pixels: run(config["layers"], ((pixels - mean) / deviation).permute(0, 3, 1, 2)).softmax(1)

predict = load("full")  # pixels 0..255 [N,H,W,C] -> probabilities [N,classes]

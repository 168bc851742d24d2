"""
make FOLDER:  writes networks of public libraries with seeded weights and random statistics, what they answer and their gradients.
check FOLDER: loads what was exported strictly in each library, compares every tensor bitwise, and prints the differences as JSON.
"""

import copy
import hashlib
import json
import os
import sys

import public_networks
import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import ResNetForImageClassification

IMAGES = 2
# Distance of values before a ReLU from 0, far above the roundings of float32.
GAP = 1e-4


def library_network(name):
    if name.startswith("resnet"):
        return getattr(torchvision.models, name)(weights=None)
    if name == "wrn16_4":
        return public_networks.WideResNet(16, 10, 4)
    return getattr(public_networks, name)()


def randomize(network):
    """Norms as after training: no two channels alike, and the last of each block small, so that depth does not blow up the answers."""
    for name, norm in network.named_modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            last = name.endswith(("bn3", "bn2"))
            torch.nn.init.uniform_(norm.weight, *((0.1, 0.4) if last else (0.5, 1.5)))
            torch.nn.init.normal_(norm.bias, std=0.2)
            torch.nn.init.normal_(norm.running_mean, std=0.2)
            torch.nn.init.uniform_(norm.running_var, 0.5, 1.5)


def keep_off_kinks(network, images):
    """
    Moves the shifts of the norms a little, so that in this batch no value before a ReLU is near 0. There the slope jumps, and a
    rounding of float32 decides it: one value on the other side changes a gradient more than all roundings of the others.
    """
    relu, last = F.relu, {}
    moved = copy.deepcopy(network).double().train()
    shifts = {norm: single for norm, single in zip(norms(moved), norms(network), strict=True)}
    for norm in shifts:
        norm.register_forward_hook(lambda norm, _inputs, _output: last.update(norm=norm))

    def shifted(features, inplace=False):
        norm = last["norm"]
        values, _ = features.detach().transpose(0, 1).flatten(1).sort(1)
        near = torch.cat([values, -values[:, :1].abs() - 1, values[:, -1:].abs() + 1], 1).sort(1).values
        gaps, centers = near.diff(dim=1), (near[:, 1:] + near[:, :-1]) / 2
        gaps = gaps.clamp(max=2 * GAP) - 1e-3 * centers.abs()  # Wide enough, and near.
        chosen = centers.gather(1, gaps.argmax(1, keepdim=True)).squeeze(1)
        bias = (norm.bias.detach() - chosen).float()
        moves = bias.double() - norm.bias.detach()
        norm.bias.data += moves
        shifts[norm].bias.data = bias
        return relu(features + moves[:, None, None])

    F.relu = shifted
    moved(images.double())
    F.relu = relu


def norms(network):
    return [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def contiguous(tensors):
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def gradients_of(network, images):
    network.train().zero_grad()
    F.cross_entropy(network(images), torch.arange(8)).backward()
    return {key: value.grad.clone() for key, value in network.named_parameters()}


def make(folder, cases):
    for name, sides in cases.items():
        place = os.path.join(folder, name)
        os.makedirs(place)
        torch.manual_seed(7)
        network = library_network(name)
        randomize(network)
        batch = torch.randn(8, 3, sides[0], sides[0])
        keep_off_kinks(network, batch)
        save_file(contiguous(network.state_dict()), f"{place}/weights.safetensors")
        answers = {}
        network.eval()
        for side in sides:
            images = torch.randn(IMAGES, 3, side, side)
            images.permute(0, 2, 3, 1).contiguous().numpy().tofile(f"{place}/{side}.f32")
            with torch.no_grad():
                answers[side] = network(images).softmax(1).flatten().tolist()
        # Gradients of the mean cross-entropy of one batch, with its own statistics, in float32 and in float64.
        batch.permute(0, 2, 3, 1).contiguous().numpy().tofile(f"{place}/batch.f32")
        single = gradients_of(network, batch)
        gradients = gradients_of(network.double(), batch.double())
        error = sum(((single[key].double() - value) ** 2).sum() for key, value in gradients.items())
        size = sum((value**2).sum() for value in gradients.values())
        gradients = {key: value.float() for key, value in gradients.items()}
        statistics = {key: value.float() for key, value in network.named_buffers()}
        save_file(contiguous({**gradients, **statistics}), f"{place}/gradients.safetensors")
        report = {"answers": answers, "float32_gradient": (error / size).sqrt().item()}
        json.dump(report, open(f"{place}/answers.json", "w"))


def loaded(library, name, path):
    """A network of a library with the exported file."""
    if library == "transformers":
        network, report = ResNetForImageClassification.from_pretrained(os.path.dirname(path), output_loading_info=True)
        missing = [key for key in report["missing_keys"] if not key.endswith("num_batches_tracked")]
        assert not missing and not report["unexpected_keys"] and not report["mismatched_keys"], report
        return lambda images: network.eval()(images).logits
    network = timm.create_model(name) if library == "timm" else library_network(name)
    network.load_state_dict(load_file(path), strict=True)
    return network.eval()


def contents(tensors):
    return sorted(
        hashlib.sha256(value.numpy().tobytes() + str(list(value.shape)).encode()).hexdigest()
        for key, value in tensors.items()
        if not key.endswith("num_batches_tracked")
    )


def check(folder, cases):
    report = {}
    for name, sides in cases.items():
        place = os.path.join(folder, name)
        original, answers = load_file(f"{place}/weights.safetensors"), json.load(open(f"{place}/answers.json"))["answers"]
        for library in sorted(os.listdir(f"{place}/full")):
            path = f"{place}/full/{library}/model.safetensors"
            exported = load_file(path)
            if library == "transformers":  # Other names: the same tensors.
                equal = contents(original) == contents(exported)
            else:
                equal = all(torch.equal(original[key], value) for key, value in exported.items())
                equal = equal and len(contents(original)) == len(exported)
            network, side = loaded(library, name, path), sides[0]
            images = torch.frombuffer(bytearray(open(f"{place}/{side}.f32", "rb").read()), dtype=torch.float32)
            with torch.no_grad():
                found = network(images.reshape(IMAGES, side, side, 3).permute(0, 3, 1, 2)).softmax(1).flatten()
            difference = (found - torch.tensor(answers[str(side)])).abs().max().item()
            report.setdefault(name, {})[library] = {"tensors": len(exported), "equal": equal, "difference": difference}
    print(json.dumps(report))


if __name__ == "__main__":
    _, command, folder, cases = sys.argv
    {"make": make, "check": check}[command](folder, json.loads(cases))

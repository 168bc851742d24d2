"""Two stages of a network under the schedules of torch.distributed.pipelining, one process a stage."""

import torch
from torch import nn
from torch.autograd import Function
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe
from torch.nn import functional
from torch_networks import Block, PreActivationBlock

SCHEDULES = {"gpipe": ScheduleGPipe, "1f1b": Schedule1F1B}
STAGES = 2


class ToChannelsLast(Function):
    """Kernels are fastest on channels_last, but what is sent must be contiguous, gradients too."""

    @staticmethod
    def forward(_, x):
        return x.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(_, gradient):
        return gradient.contiguous()


class Part(nn.Module):
    """Neighboring layers of a network, with its own parameters."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return self.layers(ToChannelsLast.apply(x)).contiguous()


def parts_of(network, blocks):
    """Both stages: the first ends behind that many residual blocks, as in a `method.split` of Strata."""
    places = [place for place, layer in enumerate(network) if isinstance(layer, (Block, PreActivationBlock))]
    return [Part(network[: places[blocks]]), Part(network[places[blocks] :])]


def shapes_of(parts, microbatches, image_shape):
    """Shapes of a microbatch: images, the features between the parts, logits. `image_shape` [B,C,H,W] is a batch's."""
    value = torch.zeros(image_shape[0] // microbatches, *image_shape[1:], device=next(parts[0].parameters()).device)
    shapes = [value.shape]
    with torch.no_grad():
        for part in parts:
            value = part(value)
            shapes.append(value.shape)
    return shapes


def scheduled(part, rank, name, microbatches, shapes):
    """A step of a rank's part without the update: a function of a batch, of which each rank needs its end."""
    # The shapes are given, because stages would tell them to each other through NumPy, which is not there.
    given, made = (torch.zeros(shape, requires_grad=index > 0) for index, shape in enumerate(shapes[rank : rank + 2], rank))
    stage = PipelineStage(part, rank, STAGES, torch.device("cpu"), input_args=given, output_args=made)
    schedule = SCHEDULES[name](stage, microbatches, loss_fn=functional.cross_entropy)

    def run(images, labels):
        if rank == 0:
            schedule.step(images)
        else:
            schedule.step(target=labels)

    return run


def serial_gradients(network, images, labels, microbatches):
    """Of the mean loss of a batch, by back-propagation through the whole network, one microbatch after another."""
    network.zero_grad()
    for x, y in zip(images.chunk(microbatches), labels.chunk(microbatches), strict=True):
        (functional.cross_entropy(network(x), y) / microbatches).backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}


def gradient_error(network, part, expected):
    """Largest distance of a stage's gradients from the serial ones, over the largest serial one of the same parameter."""
    names = {parameter: name for name, parameter in network.named_parameters()}
    return max(
        ((own.grad - expected[names[own]]).abs().max() / expected[names[own]].abs().max()).item()
        for own in part.parameters()
    )

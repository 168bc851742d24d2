"""Quantizes a float32 file by ONNX Runtime's own tool, as a peer of Strata's. Arguments: the float32 file, Strata's int8 file,
a JSON file with `calibration` and `images`. Prints the mean difference of the probabilities of either from float32, and the largest of
the integers of the kernels."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

exact, ours, arrays = sys.argv[1:]
theirs = exact + ".peer"
data = json.load(open(arrays))
shape = data["shape"]


def images(name):
    return np.array(data[name], np.float32).reshape(-1, *shape)


class Reader(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"pixels": images("calibration")}])

    def get_next(self):
        return next(self.batches, None)


quantize_static(
    exact,
    theirs,
    Reader(),
    quant_format=QuantFormat.QDQ,
    per_channel=True,
    activation_type=QuantType.QUInt8,
    weight_type=QuantType.QInt8,
    op_types_to_quantize=["Conv", "Gemm", "Add", "MaxPool", "GlobalAveragePool"],
)


def run(path):
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(path, options).run(None, {"pixels": images("images")})[0]


def kernels(path):
    tensors = [onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer]
    return [t.astype(int) for t in tensors if t.dtype == np.int8 and t.ndim == 4]


expected = run(exact)
pairs = list(zip(sorted(kernels(ours), key=lambda k: k.tobytes()), sorted(kernels(theirs), key=lambda k: k.tobytes())))
print(
    json.dumps(
        {
            "ours": float(abs(run(ours) - expected).mean()),
            "theirs": float(abs(run(theirs) - expected).mean()),
            "kernels": len(pairs),
            "integers": int(max(abs(a - b).max() if a.shape == b.shape else 999 for a, b in pairs)),
        }
    )
)

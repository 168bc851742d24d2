import { execFileSync } from 'node:child_process';

/**
 * Pickles as Python writes them, of arrays as NumPy 1 and 2 reduce them: NumPy itself may not be there, so functions of its
 * names stand in for it. Reads JSON {protocol, numpy, fortran, labels, images} and prints a tar's worth of files as JSON.
 */
const WRITER = `
import base64, json, pickle, sys, types
asked = json.load(sys.stdin)
def module(name):
    sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]
core = 'numpy._core' if asked['numpy'] == 2 else 'numpy.core'
for name in ('numpy', core, core + '.multiarray', core + '.numeric'): module(name)
def stand_in(name, of):
    def call(*args): pass
    call.__module__, call.__name__, call.__qualname__ = of, name, name
    setattr(sys.modules[of], name, call)
    return call
reconstruct = stand_in('_reconstruct', core + '.multiarray')
make_scalar = stand_in('scalar', core + '.multiarray')
from_buffer = stand_in('_frombuffer', core + '.numeric')
ndarray = stand_in('ndarray', 'numpy')
make_type = stand_in('dtype', 'numpy')
protocol = asked['protocol']
class Type:
    def __init__(self, name): self.name = name
    def __reduce__(self):
        order = '|' if self.name == 'u1' else '<'
        return make_type, (self.name, False, True), (3, order, None, None, None, -1, -1, 0)
u1, i8 = Type('u1'), Type('i8')
class Array:
    def __init__(self, shape, of, data, fortran=False): self.all = shape, of, data, fortran
    def __reduce__(self):
        shape, of, data, fortran = self.all
        if protocol == 5: return from_buffer, (bytearray(data), of, shape, 'F' if fortran else 'C')
        return reconstruct, (ndarray, (0,), b'b'), (1, shape, of, fortran, data)
class Scalar:
    def __init__(self, value): self.value = value
    def __reduce__(self): return make_scalar, (i8, self.value.to_bytes(8, 'little'))
def labels_of(values):
    if asked['labels'] == 'scalars': return [Scalar(value) for value in values]
    if asked['labels'] == 'array': return Array((len(values),), i8, b''.join(v.to_bytes(8, 'little') for v in values))
    return values
def batch(planes, values):
    data = base64.b64decode(planes)
    rows = len(values)
    if asked['fortran']: data = bytes(data[row * 3072 + column] for column in range(3072) for row in range(rows))
    return pickle.dumps({'data': Array((rows, 3072), u1, data, asked['fortran']), 'labels': labels_of(values)}, protocol)
print(json.dumps([base64.b64encode(batch(*one)).decode() for one in asked['batches']]))
`;

export interface PickleForm {
  readonly protocol: 0 | 1 | 2 | 3 | 4 | 5;
  readonly numpy: 1 | 2;
  readonly fortran: boolean;
  readonly labels: 'list' | 'scalars' | 'array';
}

export interface PickledBatch {
  /** uint8 [count, 3072], a plane a channel. */
  readonly planes: Buffer;
  readonly labels: readonly number[];
}

export function makePickles(form: PickleForm, batches: readonly PickledBatch[]): Buffer[] {
  const asked = {
    ...form,
    batches: batches.map(({ planes, labels }) => [planes.toString('base64'), labels]),
  };
  const input = JSON.stringify(asked);
  const printed = execFileSync('python3', ['-c', WRITER], { input, maxBuffer: 2 ** 26 }).toString();
  return (JSON.parse(printed) as string[]).map((text) => Buffer.from(text, 'base64'));
}

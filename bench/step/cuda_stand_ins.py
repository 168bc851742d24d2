"""cuda_stand_ins.py <torch/lib> <out>: makes PyPI's PyTorch load without the 2 GB of CUDA libraries it is linked to.

For each library that is missing it compiles one of the same name whose functions do nothing but fail. PyTorch then finds no GPU and computes
on the CPU, with the code it always uses there. Needs g++ and binutils.
"""

import collections
import pathlib
import subprocess
import sys

PREFIXES = ("cu", "nv", "nccl", "__cuda")
# cudaErrorNoDevice, on which PyTorch quietly counts no GPUs.
NO_DEVICE = "long {name}(void) {{ return 100; }}\n"
TEXT = 'const char *{name}(void) {{ return "no CUDA here"; }}\n'


def output(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def missing_libraries(libraries):
    lines = [line for path in libraries for line in output("ldd", path).splitlines()]
    return sorted({line.split()[0] for line in lines if "not found" in line})


def needed_symbols(libraries):
    """Names of undefined functions of CUDA, by the version they are asked for with ("" for none)."""
    found = collections.defaultdict(set)
    for path in libraries:
        for line in output("nm", "-D", "--undefined-only", path).splitlines():
            name, _, version = line.split()[-1].partition("@")
            if name.startswith(PREFIXES):
                found[version.strip("@")].add(name)
    return found


def compile_stand_in(out, library, versions):
    names = sorted({name for symbols in versions.values() for name in symbols})
    source, script = out / "stand_in.c", out / "versions.map"
    bodies = (TEXT if name.endswith(("ErrorString", "ErrorName", "GetStatusString")) else NO_DEVICE for name in names)
    source.write_text("".join(body.format(name=name) for name, body in zip(names, bodies, strict=True)))
    nodes = [f"{version} {{ global: {'; '.join(sorted(symbols))}; }};\n" for version, symbols in versions.items() if version]
    script.write_text("".join(nodes))
    options = [f"-Wl,--version-script={script}"] if nodes else []
    command = ["g++", "-x", "c", "-w", "-fno-builtin", "-shared", "-fPIC", f"-Wl,-soname,{library}", *options]
    subprocess.run([*command, "-o", out / library, source], check=True)


def main(torch_lib, out):
    out.mkdir(parents=True, exist_ok=True)
    libraries = sorted(torch_lib.glob("*.so"))
    missing = missing_libraries(libraries)
    symbols = needed_symbols(libraries)
    # A version bears its library's name, or (NVSHMEM) a part of it. Names without one may be in any library that has no versions.
    owned = {library: [version for version in symbols if version and version.lower() in library.lower()] for library in missing}
    for library in missing:
        compile_stand_in(out, library, {version: symbols[version] for version in owned[library] or [""]})


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

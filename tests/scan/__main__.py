"""`make scan`: secrets in what is committed, licences of what ships, advisories about what is installed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.scan.advisories import are_reachable, audit
from tests.scan.licences import forbidden, shipped
from tests.scan.secrets import committed, find_secrets, read_known

_ROOT = Path(__file__).parents[2]


def main() -> int:
    files, packages = committed(_ROOT), shipped()
    faults = [f"A secret? {place}" for place in find_secrets(_ROOT, files, read_known())]
    faults += [f"A licence that may not ship: {told}" for told in forbidden(packages.values())]
    print(f"scan: {len(files)} files, {len(packages)} packages that ship, {len(faults)} faults")
    print("".join(f"{fault}\n" for fault in faults), end="")
    if not are_reachable():
        print("scan: advisories cannot be reached from here, so nothing was asked about vulnerabilities.")
        return bool(faults)
    audited, vulnerable = audit(datetime.now(UTC).date())
    print(f"scan: {audited} packages audited, {len(vulnerable)} vulnerabilities known")
    print("".join(f"A vulnerability: {one}\n" for one in vulnerable), end="")
    return bool(faults or vulnerable)


if __name__ == "__main__":
    sys.exit(main())

import subprocess
import sys


def test_given_only_intakes_packages_when_its_app_is_imported_then_nothing_heavy_is_that_it_may_not_need() -> None:
    script = (
        "import sys, services.intake.app; "
        "others = {'motor', 'pymongo', 'bson', 'aiosmtplib', 'holidays', 'typer', 'PIL', 'obstore'}; "
        "print(sorted(others & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[]"

import subprocess
import sys


def test_given_only_intakes_packages_when_its_app_is_imported_then_no_database_driver_is() -> None:
    script = (
        "import sys, services.intake.app; "
        "print(sorted({'motor', 'pymongo', 'bson', 'jinja2', 'aiosmtplib', 'holidays', 'typer'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[]"

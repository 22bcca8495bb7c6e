"""The one build step that pyproject.toml cannot say: a wheel without the built page is refused."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPage(build_py):
    """Copies packages as usual; editable installs serve the page once `make setup` has built it."""

    def run(self) -> None:
        page = Path(__file__).parent / "web" / "dist" / "index.html"
        if not self.editable_mode and not page.is_file():
            raise SystemExit("web/dist/index.html is missing: run `make setup` first, which builds the page")
        super().run()


setup(cmdclass={"build_py": BuildWithPage})

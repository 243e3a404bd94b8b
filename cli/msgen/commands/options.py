"""Arguments and options as they read on the command line and in its help."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from msgen import completion

Name = Annotated[str | None, Argument(help="What the service is called, such as `orders`.")]
PresetName = Annotated[
    str | None,
    Argument(help="The preset to show in full.", autocompletion=completion.presets),
]
Preset = Annotated[
    str | None,
    Option(
        "--preset",
        "-p",
        metavar="PRESET",
        help="Starting point; see `msgen presets`.",
        autocompletion=completion.presets,
    ),
]
Overrides = Annotated[
    list[str] | None,
    Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Change one answer; repeatable. It wins over the preset.",
        autocompletion=completion.overrides,
    ),
]
Output = Annotated[
    Path | None,
    Option("--output", "-o", metavar="DIR", help="The folder to write; otherwise `./NAME`."),
]
DryRun = Annotated[bool, Option("--dry-run", help="Show the tree and write nothing.")]
Explain = Annotated[bool, Option("--explain", help="Show each answer with its source.")]
NoGit = Annotated[bool, Option("--no-git", help="Make no repository.")]
NoInstall = Annotated[bool, Option("--no-install", help="Install no dependencies.")]
Yes = Annotated[bool, Option("--yes", "-y", help="Ask nothing, take the defaults.")]
AsJson = Annotated[bool, Option("--json", help="Report as JSON on stdout and ask nothing.")]

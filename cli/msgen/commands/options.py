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
Services = Annotated[
    list[Path] | None,
    Argument(help="Folders of services; otherwise the one you are in.", metavar="[PATH]..."),
]
Service = Annotated[
    Path | None,
    Option("--at", metavar="DIR", help="The service's folder; otherwise the one you are in."),
]
Template = Annotated[
    str | None,
    Option(
        "--template",
        metavar="URL|PATH[@REF]",
        help="Another template for Copier, in git or in a folder; `msgen` means ours.",
    ),
]
Trust = Annotated[
    bool, Option("--trust", help="Let a template of others run its tasks and load its code.")
]
DryRunOfChange = Annotated[
    bool, Option("--dry-run", help="Show what would become of each file and write nothing.")
]
DryRun = Annotated[bool, Option("--dry-run", help="Show the tree and write nothing.")]
Explain = Annotated[bool, Option("--explain", help="Show each answer with its source.")]
NoGit = Annotated[bool, Option("--no-git", help="Make no repository.")]
NoInstall = Annotated[bool, Option("--no-install", help="Install no dependencies.")]
Yes = Annotated[bool, Option("--yes", "-y", help="Ask nothing, take the defaults.")]
AsJson = Annotated[bool, Option("--json", help="Report as JSON on stdout and ask nothing.")]

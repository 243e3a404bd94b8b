"""`msgen new`: a service."""

import typer

from . import options as opt


def new(
    name: opt.Name = None,
    *,
    template: opt.Template = None,
    preset: opt.Preset = None,
    overrides: opt.Overrides = None,
    output: opt.Output = None,
    dry_run: opt.DryRun = False,
    explain: opt.Explain = False,
    no_git: opt.NoGit = False,
    no_install: opt.NoInstall = False,
    trust: opt.Trust = False,
    yes: opt.Yes = False,
    as_json: opt.AsJson = False,
) -> None:
    """Generate a new service.

    On a terminal it asks what the command line leaves open; elsewhere it never asks.
    """
    from msgen import console, generate, poststeps, report
    from msgen.plan import Planner, Wish
    from msgen.releases import Terms
    from msgen.staging import check_target

    planner = Planner(template, terms=Terms(trusted=trust, tasks=not dry_run))
    wish, agree = Wish(name, preset, overrides or (), output), generate.without_asking
    if console.is_interactive() and not (yes or as_json):
        from msgen import prompts

        wish = prompts.fill(wish, planner)
        agree = prompts.confirm
    plan = planner.plan(wish)
    check_target(plan.target)
    if explain and not as_json:
        report.show_answers(plan)
    if dry_run:
        report.show_dry_run(plan, generate.preview(plan), as_json=as_json)
        return
    files = generate.write(plan, agree=agree)
    report.say_whether_it_can_be_updated(plan)
    steps = poststeps.run(plan.target, install=not no_install, git=not no_git)
    report.show_summary(plan, files, steps, as_json=as_json)
    if any(step.status == "failed" for step in steps):
        raise typer.Exit(1)

"""`msgen presets`: what can be made."""

from . import options as opt


def presets(name: opt.PresetName = None, *, as_json: opt.AsJson = False) -> None:
    """List the presets, or show one in full."""
    from msgen import catalogue, console
    from msgen.plan import Planner

    planner = Planner()
    if name is None:
        rows = [catalogue.brief(each) for each in planner.presets.values()]
        if as_json:
            console.out_json(rows)
            return
        for line in console.table([(row["name"], row["summary"]) for row in rows], indent=""):
            console.out(line)
        return
    described = catalogue.in_full(planner, name)
    if as_json:
        console.out_json(described)
        return
    catalogue.show(described)

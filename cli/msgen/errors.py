"""What can go wrong, as sentences for the person at the keyboard."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A failure that the user can understand and mend; exit code 1."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Say what is wrong in one sentence and, as the hint, what to do next."""
        super().__init__(message)
        self.hint = hint


class UsageError(UserError):
    """The command line asks for something that does not exist or fit; exit code 2."""

    exit_code = 2


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, or list all of them."""
    folded = {each.casefold(): each for each in known}
    if not folded:
        return "there is none to choose from"
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{folded[near[0]]}`?"
    return "choose one of " + ", ".join(f"`{each}`" for each in folded.values())


def as_user_error(wrong: UserError | OSError) -> UserError:
    """What the system refused, as a sentence."""
    if isinstance(wrong, UserError):
        return wrong
    place = f"`{wrong.filename}`: " if wrong.filename else ""
    return UserError(f"{place}{wrong.strerror or wrong}")

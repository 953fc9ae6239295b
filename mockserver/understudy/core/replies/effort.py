"""A budget of steps that one instance may cost, whatever its schema asks for."""

from understudy.core.replies.unsatisfiable import SchemaTooLarge

MAX_EFFORT = 400_000
"""Steps for one instance ("our choice": some 0.3 s); a step is about a visit to one state of a pattern."""


class Effort:
    """Counts down the steps of one instance."""

    def __init__(self, limit: int = MAX_EFFORT) -> None:
        self.limit = limit
        self.left = limit

    def spend(self, steps: int) -> None:
        """Use up steps.

        Raises:
            SchemaTooLarge: none are left.
        """
        self.left -= steps
        if self.left < 0:
            raise SchemaTooLarge("steps to make one instance", self.limit)

    @property
    def is_half_gone(self) -> bool:
        """Whether it is time to finish with what is required."""
        return self.left * 2 < self.limit

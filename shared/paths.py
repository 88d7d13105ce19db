"""What stands in a path."""

from typing import Annotated

from fastapi import Depends, Path

from shared.ids import parse_ticket
from shared.problems import Problem


async def parse_ticket_or_404(ticket: Annotated[str, Path(max_length=40)]) -> str:
    """The canonical ticket. Raises a 404 Problem that says what is wrong with it."""
    try:
        return parse_ticket(ticket)
    except ValueError as error:
        raise Problem(404, "No such case", str(error)) from None


TicketPath = Annotated[str, Depends(parse_ticket_or_404)]

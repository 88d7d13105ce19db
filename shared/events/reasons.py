"""Why things are done with a case, and what reporters can do: enumerated, so that it can be counted."""

from enum import StrEnum


class TriageReason(StrEnum):
    """Why a coordinator must decide."""

    NO_RULE = "no_rule"
    REGION_UNKNOWN = "region_unknown"
    NO_AGENCY = "no_agency"
    """No body was valid for the rule on the day of the complaint."""
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    """The rule led to the body that the complaint is about."""
    UNKNOWN_CATEGORY = "unknown_category"
    RETURNED = "returned"
    """An agency is not responsible and knows none that is."""
    RETURNED_THRICE = "returned_thrice"
    """Agencies can't agree; the coordinator's decision binds."""


class ReturnReason(StrEnum):
    """Why an agency is not responsible."""

    NOT_OUR_TASK = "not_our_task"
    OTHER_REGION = "other_region"
    OTHER_LEVEL = "other_level"
    """Of the state, the province or the regency, where we are another."""
    CONFLICT_OF_INTEREST = "conflict_of_interest"


class RejectionReason(StrEnum):
    """Why nobody will act."""

    NO_COMPLAINT = "no_complaint"
    """It tells of nothing that a public service did or failed to do."""
    NOT_GOVERNMENT = "not_government"
    """No public body is responsible."""
    IN_COURT = "in_court"
    """A court or the Ombudsman has it."""
    INCOMPLETE = "incomplete"
    """The reporter was asked and it still can't be acted on."""
    SETTLED = "settled"
    """It was answered before and nothing is new."""
    ABUSE = "abuse"


class FollowUpKind(StrEnum):
    """What a reporter can do with a complaint that was submitted."""

    SUPPLEMENT = "supplement"
    ANSWER = "answer"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    WITHDRAW = "withdraw"
    CHANGE_CONTACT = "change_contact"

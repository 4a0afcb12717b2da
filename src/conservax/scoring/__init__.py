"""Held-out likelihood, beside that of classical density estimates on the same rows."""

from conservax.scoring._event_scores import EventScore
from conservax.scoring._event_scores import event_score_frame as event_score_frame
from conservax.scoring._event_scores import event_scores as event_scores
from conservax.scoring._scores import Score, TimeScore
from conservax.scoring._scores import baselines as baselines
from conservax.scoring._scores import losses as losses
from conservax.scoring._scores import score_frame as score_frame
from conservax.scoring._scores import scores as scores
from conservax.scoring._scores import scores_by_time as scores_by_time

__all__ = [
    "EventScore",
    "Score",
    "TimeScore",
]

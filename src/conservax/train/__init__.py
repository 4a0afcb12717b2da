"""Training: one loop, staged objectives, checkpoints, ensembles."""

from conservax.train._checkpoint import CheckpointError
from conservax.train._metrics import ChunkReport
from conservax.train._optimisers import cosine_adam, cosine_muon
from conservax.train._progress import ProgressBar as ProgressBar
from conservax.train._schedule import Stage
from conservax.train._train import CHECKPOINT as CHECKPOINT
from conservax.train._train import METRICS as METRICS
from conservax.train._train import DivergedError, Trained, train
from conservax.train._train import OnChunk as OnChunk
from conservax.train._training import Training

__all__ = [
    "CheckpointError",
    "ChunkReport",
    "DivergedError",
    "Stage",
    "Trained",
    "Training",
    "cosine_adam",
    "cosine_muon",
    "train",
]

# Classes that a file of a model may name.
IN_FILES = (
    Stage,
    Training,
)

"""Training: one loop, staged objectives, checkpoints, ensembles."""

from conservax.train._checkpoint import CheckpointError as CheckpointError
from conservax.train._metrics import ChunkReport as ChunkReport
from conservax.train._optimisers import cosine_adam as cosine_adam
from conservax.train._optimisers import cosine_muon as cosine_muon
from conservax.train._progress import ProgressBar as ProgressBar
from conservax.train._schedule import Stage as Stage
from conservax.train._train import CHECKPOINT as CHECKPOINT
from conservax.train._train import METRICS as METRICS
from conservax.train._train import DivergedError as DivergedError
from conservax.train._train import OnChunk as OnChunk
from conservax.train._train import Trained as Trained
from conservax.train._train import train as train
from conservax.train._training import Training as Training

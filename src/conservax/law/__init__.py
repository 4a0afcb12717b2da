"""Density + flux + diffusion = a conservation law."""

from conservax.law._conservation_law import ConservationLaw as ConservationLaw

"""Tables and events in memory: their units, times, snapshots and splits."""

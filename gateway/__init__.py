"""The gateway itself: canonical model, pipeline, store and doors. Importing it imports nothing else."""

"""The live feed: snapshot, then numbered batches of what changed. Start with `tail.py`."""

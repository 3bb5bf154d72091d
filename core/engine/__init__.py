"""What makes everything move: the virtual clock, `drive` (a discrete-event loop over control loops), wake-ups through
Celery and Redis, the supervisor of processes. The only package that reads the wall clock. May import the components.
Start with `drive.py`.
"""

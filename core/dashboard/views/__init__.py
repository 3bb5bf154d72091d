"""The pages, the control API under `/api/`, and the inspector's door. One module a door."""

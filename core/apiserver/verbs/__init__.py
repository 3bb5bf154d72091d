"""What each verb does once a request is let in: `reading` (get, list), `writing` (create, update, patch), `deleting`."""

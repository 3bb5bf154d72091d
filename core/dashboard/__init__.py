"""What people see: pages, htmx fragments, the live feed, and the control API.

`feed/` turns what was committed into small numbered batches for the browser: `compact.py` (an object as the picture needs
it), `happenings.py` (a journal entry), `tail.py` (one tail per process and cluster), `consumers.py` (one socket each).
`views/` are the pages and the control API under `/api/`; `inspect/` answers, for each thing that can be clicked, what it
is doing, why, and what a real cluster would show. The diagram itself is `static/js`. May import everything below it, but
never `core.etcd`: what the group is doing comes from `core.engine.status`. Start with `feed/tail.py`.
"""

"""The vocabulary of Kubernetes: pure functions on objects, which are plain JSON dicts in the wire format.

Imports nothing of ours and does no I/O, but for reading the schema of a package once. Start with `resources.py` (the table
of kinds) and `requests.py` (what one asks an API server). What a body goes through, in this order:

    decode      bytes → JSON value, within the limits on what a stranger may send
    conversion  a view of a stored object → the object as it is stored
    schema      JSON value → well-formed object: right types, no unknown fields, no nulls
    patches     an object and a patch → another object
    defaults    what was left out is filled in
    validation  every rule it breaks becomes a cause (`causes`) of an Invalid answer (`errors`)

The rest are words: `names`, `formats`, `quantities`, `selectors`, `conditions`, `taints`, `pods`, `times`, `objects`.
"""

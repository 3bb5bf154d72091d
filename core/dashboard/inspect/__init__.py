"""The inspector: for each thing that can be clicked, what it is doing, why, and what a real cluster would show.

One module a system, each with functions (view, subject) → Panel; `registry.py` names them all. A panel is a template with
its context: first the why, then the facts, then what can be done, the real command last.
"""

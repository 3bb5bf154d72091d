"""Start the machine as `make run` does, measure each figure through its doors, print the table, write results.json."""

import sys
from pathlib import Path

import orjson

from bench.figures import BUDGETS, measure

RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    wanted = set(sys.argv[1:])
    results: dict[str, float] = {}
    print(f"{'figure':36} {'measured':>12} {'budget':>12}  verdict", flush=True)
    for name, value in measure(wanted):
        results[name] = round(value, 3)
        budget = BUDGETS[name]
        verdict = "reached" if budget.is_met(value) else "not yet reached"
        print(f"{name:36} {value:12.2f} {budget.text:>12}  {verdict}", flush=True)
    for name, budget in BUDGETS.items():
        if name not in results and not wanted:
            print(f"{name:36} {'–':>12} {budget.text:>12}  not measured yet", flush=True)
    RESULTS.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

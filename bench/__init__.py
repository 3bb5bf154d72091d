"""`make bench`: this machine against the budgets of docs/performance.md, through the started system."""

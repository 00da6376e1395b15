"""Pages of goals: parse, call, render."""

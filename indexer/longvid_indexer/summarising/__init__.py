"""The chain of summaries: what goes in (``material``), what a model or no model makes of it, and how it folds."""

"""What code alone can tell about a claim and the evidence it cites: quotes, numbers, times, names, support."""

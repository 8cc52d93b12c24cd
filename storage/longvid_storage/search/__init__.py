"""Ranking: the question read, each video as arrays on its timeline, scores of windows, spans grown from them."""

"""Models that indexing and questions share: encoders, rerankers, where weights are, and servers."""

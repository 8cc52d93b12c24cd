"""The parts of :mod:`longvid_indexer.structure`: text, blocks of time, the optimal partition, scenes,
events, words for them.
"""

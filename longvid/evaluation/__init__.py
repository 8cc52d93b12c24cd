"""The ruler: metrics, question files, dataset loaders and reports behind ``longvid eval``.

Every metric is a plain function over plain numbers (seconds, lists of spans): usable without a library, and
checked by hand. Nothing here imports a model.
"""

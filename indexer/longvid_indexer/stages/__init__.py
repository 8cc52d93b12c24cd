"""The stages of indexing one video, one file each, in this order:

transcript → speakers → visual → sounds → screen text → vectors → structure → summaries.

Each stage's rows are committed in one transaction together with its completion record. The record's fingerprint
names the code version, the engine and everything upstream: a stage runs again exactly when one of these changed.
A process killed anywhere redoes at most the stage it was in.
"""

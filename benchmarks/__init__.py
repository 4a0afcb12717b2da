"""Claims about the package, measured: `python -m benchmarks` at the root of the repository lists them.

A benchmark is one file here. Its docstring states the claim, and its function `run`, decorated with
`benchmark`, measures it. Tables of the papers have their parts in `benchmarks.papers`.
"""

"""The program that runs as PID 1 in every sandbox: standard library only, Python 3.9 or newer.

It is sent into the container as source (`sandbox.bundle`), so these modules import each other by
`from agent import …` names only through `sandbox.agent`, and nothing else of Callsheet.
"""

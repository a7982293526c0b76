"""Previews: what an agent serves inside its sandbox, opened in a person's browser.

    browser ── origin of its own ── front ── worker's gateway ── agent's tunnel ── service

`table` says which previews there are and which worker holds their sandbox, `keeper` (in the worker)
keeps that true, `gateway` (in the worker) carries bytes, `front` (beside the web) speaks HTTP with
the browser, `links` are how a person gets in. See docs/sandbox.md.
"""

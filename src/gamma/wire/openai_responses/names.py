"""Words that several modules of this dialect share."""

from __future__ import annotations

NAME = "openai_responses"
"""The dialect, and the family of its encrypted reasoning."""

OWN_REASONING_ID = "rs_gamma_"
"""Begins the ids of reasoning items that Gamma made up: no provider could look them up, so they are never sent to one."""

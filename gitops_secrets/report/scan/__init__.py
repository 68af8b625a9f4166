"""Findings, in each form that is asked for."""

"""Candidates → content: origins, transfers, part file, verification, address policy.

Knows neither DataLad nor git.
"""

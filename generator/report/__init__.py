"""Findings → what a person, a program, a pull request or a code-scanning service reads: a module a format."""
